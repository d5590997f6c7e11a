import { expect, test } from 'vitest';
import { documentEvents } from './document.ts';

test('docs/event-types.md is what the schemas say (npm run docs:events writes it)', async () => {
  await expect(documentEvents()).toMatchFileSnapshot('../../docs/event-types.md');
});
