/**
 * Run as a process of its own by the kill test: appends batches as fast as it can and prints, after each
 * acknowledgement, the last sequence number that is safe. Argument: the folder.
 */
import { writeSync } from 'node:fs';
import { openEventLog } from '../event-log.embedded.ts';

const log = await openEventLog({
  folder: process.argv.at(-1)!,
  timers: {
    schedule: (delayMs, fire) => setTimeout(fire, delayMs),
    cancel: (handle) => clearTimeout(handle as NodeJS.Timeout),
  },
  segmentBytes: 256 * 1024,
  syncIntervalMs: 20,
});
for (let batch = 0; ; batch += 1) {
  const size = 1 + (batch % 7);
  const first = log.stats().nextSequence;
  await log.append(Array.from({ length: size }, (_, i) => Buffer.from(`${first + i}:${'x'.repeat(500 * (i + 1))}`)));
  writeSync(1, `${log.stats().nextSequence - 1}\n`);
}
