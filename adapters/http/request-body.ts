import type { IncomingMessage } from 'node:http';

const EMPTY = Buffer.alloc(0);

/**
 * Calls `onBody` once with the whole body, or with null as soon as it is known to exceed `bytesMax`; what comes after that is
 * not kept. Never calls it when the client goes away first.
 */
export function readBody(request: IncomingMessage, bytesMax: number, onBody: (body: Buffer | null) => void): void {
  // A wrong length is the parser's to refuse; NaN (none was given) exceeds nothing.
  const declaredBytes = Number(request.headers['content-length']);
  if (declaredBytes > bytesMax) {
    onBody(null);
    return;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > bytesMax) finish(null);
    else {
      chunks.push(chunk);
      // The end is an event of its own, a turn of the microtask queue later: most bodies are whole with their first chunk.
      if (bytes === declaredBytes) finish(joined(chunks));
    }
  };
  const onEnd = (): void => finish(joined(chunks));
  const finish = (body: Buffer | null): void => {
    request.off('data', onData).off('end', onEnd);
    // Flowing on: an unread rest would keep the connection from its next request.
    request.resume();
    onBody(body);
  };
  request.on('data', onData).on('end', onEnd);
}

function joined(chunks: readonly Buffer[]): Buffer {
  if (chunks.length === 1) return chunks[0]!;
  return chunks.length === 0 ? EMPTY : Buffer.concat(chunks);
}
