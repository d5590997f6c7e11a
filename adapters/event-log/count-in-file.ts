/** Searches a file for bytes, whatever they mean, a piece at a time: other work goes on in between. */
import { open } from 'node:fs/promises';

const PIECE_BYTES = 1024 * 1024;

/** How often any of the `needles` stands in it; 0 when it is not there any more. Rejects with the system's error. */
export async function countInFile(path: string, needles: readonly Buffer[]): Promise<number> {
  const overlap = Math.max(0, ...needles.map(({ length }) => length - 1));
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (file === null) return 0;
  try {
    const piece = Buffer.allocUnsafe(overlap + PIECE_BYTES);
    let count = 0;
    let carried = 0;
    for (;;) {
      const { bytesRead } = await file.read(piece, carried, PIECE_BYTES);
      if (bytesRead === 0) return count;
      const length = carried + bytesRead;
      const seen = carried;
      for (const needle of needles) count += countIn(piece.subarray(0, length), needle, seen);
      carried = Math.min(overlap, length);
      piece.copyWithin(0, length - carried, length);
    }
  } finally {
    await file.close();
  }
}

/** Those that end behind `seen`: the others were counted with the piece before. */
function countIn(bytes: Buffer, needle: Buffer, seen: number): number {
  let count = 0;
  for (let at = bytes.indexOf(needle); at !== -1; at = bytes.indexOf(needle, at + 1)) {
    if (at + needle.length > seen) count += 1;
  }
  return count;
}
