import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import type { LogFiles } from './log-files.ts';
import { SPARE_DESCRIPTORS, type SparedLogFiles, withSpareDescriptors } from './spare-descriptors.ts';

let spared: SparedLogFiles | undefined;
afterEach(() => spared?.release());

/** Files whose `list` fails so often, with such an error. */
function files(failures: number, code: string): { readonly files: LogFiles; readonly calls: () => number } {
  let calls = 0;
  const list = async (): Promise<string[]> => {
    calls += 1;
    if (calls <= failures) throw Object.assign(new Error(code), { code });
    return ['a'];
  };
  return { files: { list } as unknown as LogFiles, calls: () => calls };
}

test.each(['EMFILE', 'ENFILE'])('gives up a spare for each %s and takes them again afterwards', async (code) => {
  const stub = files(SPARE_DESCRIPTORS, code);
  spared = withSpareDescriptors(stub.files);
  expect(spared.spares()).toBe(SPARE_DESCRIPTORS);
  expect(await spared.list('x')).toEqual(['a']);
  expect(stub.calls()).toBe(SPARE_DESCRIPTORS + 1);
  expect(spared.spares()).toBe(SPARE_DESCRIPTORS);
});

test('fails when no spare is left, and with other errors at once', async () => {
  const exhausted = files(SPARE_DESCRIPTORS + 1, 'EMFILE');
  spared = withSpareDescriptors(exhausted.files);
  await expect(spared.list('x')).rejects.toMatchObject({ code: 'EMFILE' });
  expect(spared.spares()).toBe(0);
  expect(await spared.list('x')).toEqual(['a']);
  expect(spared.spares()).toBe(SPARE_DESCRIPTORS);
  spared.release();
  const full = files(1, 'ENOSPC');
  spared = withSpareDescriptors(full.files);
  await expect(spared.list('x')).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(full.calls()).toBe(1);
});

test('released spares are descriptors that others may have', () => {
  spared = withSpareDescriptors({} as LogFiles);
  const before = nextDescriptor();
  spared.release();
  expect(spared.spares()).toBe(0);
  expect(nextDescriptor()).toBeLessThan(before);
});

function nextDescriptor(): number {
  const descriptor = openSync(devNull, 'r');
  closeSync(descriptor);
  return descriptor;
}
