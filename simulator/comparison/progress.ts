import type { ProgressStream } from '../report/progress.ts';

const ERASE_TO_END_OF_LINE = '\u001b[K';

/** How many worlds are done, and how long the rest will take: one line that is written over, on a terminal. */
export function worldsPrinter(stream: ProgressStream): {
  readonly print: (done: number, all: number) => void;
  readonly end: () => void;
} {
  const startedAtMs = performance.now();
  let isOpen = false;
  return {
    print: (done, all) => {
      const leftSec = (((performance.now() - startedAtMs) / done) * (all - done)) / 1000;
      const text = `${done} of ${all} worlds, ${Math.ceil(leftSec)} s left`;
      isOpen = stream.isTTY === true;
      stream.write(isOpen ? `\r${text}${ERASE_TO_END_OF_LINE}` : `${text}\n`);
    },
    end: () => {
      if (isOpen) stream.write('\n');
      isOpen = false;
    },
  };
}
