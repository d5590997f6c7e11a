import type { OpenLoopProgress } from '../traffic/open-loop.ts';

/** The part of a stream that progress needs; `process.stderr` is one. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly write: (text: string) => unknown;
}

const ERASE_TO_END_OF_LINE = '\u001b[K';

/** Writes one progress line per call: over the last one on a terminal, below it elsewhere. `end` leaves the line standing. */
export function progressPrinter(stream: ProgressStream): {
  readonly print: (progress: OpenLoopProgress) => void;
  readonly end: () => void;
} {
  let isOpen = false;
  return {
    print: (progress) => {
      isOpen = stream.isTTY === true;
      stream.write(isOpen ? `\r${formatProgress(progress)}${ERASE_TO_END_OF_LINE}` : `${formatProgress(progress)}\n`);
    },
    end: () => {
      if (isOpen) stream.write('\n');
      isOpen = false;
    },
  };
}

function formatProgress({ elapsedSec, sent, answered, filled, latency }: OpenLoopProgress): string {
  const fill = answered === 0 ? 0 : (filled / answered) * 100;
  return (
    `${elapsedSec.toFixed(0)} s: ${sent} sent, ${answered} answered, ${fill.toFixed(1)} % filled, ` +
    `p50 ${latency.p50Ms.toFixed(1)} ms, p99 ${latency.p99Ms.toFixed(1)} ms`
  );
}
