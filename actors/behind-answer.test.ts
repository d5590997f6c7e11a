import { expect, it } from 'vitest';
import { eachForItself } from './behind-answer.ts';

it('a step that throws keeps none of the others from its work', () => {
  const done: unknown[] = [];
  const faults: unknown[] = [];
  const broken = () => {
    throw new Error('planted');
  };
  const step = eachForItself([broken, (...all) => done.push(all), broken, () => done.push('last')], (error) =>
    faults.push(error),
  );
  const all = [{ ending: 'answered' }, null, { now: [] }, {}, []] as unknown as Parameters<typeof step>;
  step(...all);
  expect(done).toEqual([all, 'last']);
  expect(faults).toHaveLength(2);
});
