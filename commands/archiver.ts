/**
 * Entry of the process that archives beside an engine (`serve-archiver.ts`): it takes what cores the auctions leave, ends when told
 * to, and when the engine is gone, however that came about.
 */
import { constants, setPriority } from 'node:os';
import { startEventConsumer } from '../compose.ts';
import type { Config } from '../config/types.ts';

/** First and only message to it. */
export type ArchiverStart = { readonly config: Config };

let isEnding = false;
let running = Promise.resolve();

async function run({ config }: ArchiverStart): Promise<void> {
  const consumer = await startEventConsumer(config, { consumers: ['archive'], fromStart: false });
  if (!isEnding) await new Promise((resolve) => process.once('disconnect', resolve));
  await consumer.close();
}

setPriority(constants.priority.PRIORITY_LOW);
process.once('message', (start: ArchiverStart) => {
  running = run(start).catch((error: unknown) => {
    process.stderr.write(`gavel: archive: ${error instanceof Error ? error.stack : error}\n`);
    process.exit(1);
  });
});
process.once('disconnect', () => {
  isEnding = true;
  void running.then(() => process.exit(0));
});
// They reach the whole process group: the engine says what is to be done.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
