import { expect, it } from 'vitest';
import { topicSettings } from './topics.ts';

it('wants a second replica of what is acknowledged where one may fail and events still be taken', () => {
  const insyncOf = (replicas: number) => topicSettings({ retentionMs: 1000 }, replicas)['min.insync.replicas'];
  expect([insyncOf(1), insyncOf(2), insyncOf(3), insyncOf(5)]).toEqual([undefined, undefined, '2', '2']);
});
