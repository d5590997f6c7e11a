import { seededRandom } from '../../random.ts';

const FILLER_BYTES = 100_000;

/** ASCII that compresses about as well as real markup does, free of quotes, `--`, `]]>`, `$` and angle brackets. */
const FILLER = buildFiller();

/** Exactly `bytes` characters, at most 100,000; none when negative. */
export function filler(bytes: number): string {
  return FILLER.slice(0, Math.max(0, bytes));
}

function buildFiller(): string {
  const random = seededRandom('creative filler');
  const words = Array.from({ length: 400 }, () =>
    Array.from({ length: random.integer(2, 9) }, () => String.fromCharCode(random.integer(97, 122))).join(''),
  );
  let text = '';
  while (text.length < FILLER_BYTES) text += `${random.pick(words)}${random.pick([' ', ':', ';', ', '])}`;
  return text.slice(0, FILLER_BYTES);
}
