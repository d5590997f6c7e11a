/** Captured requests one after the other, however many there are: a line of a file is held at a time. */
import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip, gunzipSync } from 'node:zlib';
import { type CapturedRequest, readCapture } from './capture-line.ts';
import { PayloadError, payloadFiles, payloadFormat } from './payloads.ts';

export interface PlacedCapture extends CapturedRequest {
  /** File and line, for people. */
  readonly place: string;
}

/**
 * From a file or, in name order and with its sub-folders, from a folder, in the formats of `loadPayloads`. Throws a PayloadError for
 * what cannot be read.
 */
export async function* readCaptures(path: string): AsyncGenerator<PlacedCapture, void, undefined> {
  for (const file of payloadFiles(path)) {
    const { isWhole, isZipped } = payloadFormat(file);
    try {
      if (isWhole) {
        const bytes = readFileSync(file);
        yield { atMs: null, body: (isZipped ? gunzipSync(bytes) : bytes).toString('utf8'), place: file };
      } else {
        yield* readLines(file, isZipped);
      }
    } catch (error) {
      throw new PayloadError(file, (error as Error).message);
    }
  }
}

async function* readLines(file: string, isZipped: boolean): AsyncGenerator<PlacedCapture, void, undefined> {
  const stream = createReadStream(file);
  const unzipped = isZipped ? stream.pipe(createGunzip()) : stream;
  // Errors of the file are those of what reads it.
  stream.on('error', (error) => unzipped.destroy(error));
  let lineNumber = 0;
  for await (const line of linesOf(unzipped)) {
    lineNumber += 1;
    if (line.trim() !== '') yield { ...readCapture(line), place: `${file}:${lineNumber}` };
  }
}

/** An interface of readline ends quietly where its input fails; this does not. */
async function* linesOf(input: NodeJS.ReadableStream): AsyncGenerator<string, void, undefined> {
  let failure: Error | null = null;
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  input.on('error', (error: Error) => {
    failure = error;
    lines.close();
  });
  yield* lines;
  if (failure !== null) throw failure;
}
