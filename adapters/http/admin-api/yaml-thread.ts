/**
 * Reads YAML beside the event loop: megabytes of it take seconds, in which no auction would be answered. One thread a file, and
 * one file at a time.
 */
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

/** What is wrong with the text, and in which line, if any. */
export class YamlError extends Error {
  override readonly name = 'YamlError';
}

interface ThreadInput {
  readonly yamlModule: string;
  readonly text: string;
}

/** Aliases that would unfold into a bomb are a problem of the text too. */
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const { LineCounter, parseDocument } = require(workerData.yamlModule);
const lines = new LineCounter();
const document = parseDocument(workerData.text, { lineCounter: lines, uniqueKeys: true });
const error = document.errors[0];
const problem = error && 'line ' + lines.linePos(error.pos[0]).line + ': ' + error.message.split('\\n', 1)[0];
try {
  parentPort.postMessage(problem ? { problem } : { value: document.toJS() });
} catch (thrown) {
  parentPort.postMessage({ problem: thrown.message });
}
`;
const HEAP_MIB_MAX = 1024;
const yamlModule = createRequire(import.meta.url).resolve('yaml');

let busy: Promise<unknown> = Promise.resolve();

/** Rejects with a YamlError. */
export function readYaml(text: string): Promise<unknown> {
  const read = busy.then(() => inThread({ yamlModule, text }));
  busy = read.catch(() => {});
  return read;
}

async function inThread(workerData: ThreadInput): Promise<unknown> {
  const resourceLimits = { maxOldGenerationSizeMb: HEAP_MIB_MAX };
  const thread = new Worker(THREAD, { eval: true, workerData, resourceLimits });
  try {
    const { problem, value } = await new Promise<{ problem?: string; value?: unknown }>((resolve, reject) => {
      thread.once('message', resolve);
      // It ran out of memory, or of stack.
      thread.once('error', (error) => reject(new YamlError(`cannot be read: ${error.message}`)));
    });
    if (problem !== undefined) throw new YamlError(problem);
    return value;
  } finally {
    await thread.terminate();
  }
}
