/** Tokens that nobody has signed, made of those that somebody has. */
import type { SeededRandom } from '../../../simulator/random.ts';

const HEAD_BYTES = 18;
const TAG_BYTES = 16;

/** Of one token and another one, of another auction. */
export function forgeryOf(token: string, other: string, random: SeededRandom): string {
  const bytes = Buffer.from(token, 'base64url');
  const kinds = [withFlippedBit, withOtherBody, withOtherType, withOtherAuction] as const;
  return kinds[random.integer(0, kinds.length - 1)]!(bytes, Buffer.from(other, 'base64url'), random).toString(
    'base64url',
  );
}

function withFlippedBit(bytes: Buffer, _: Buffer, random: SeededRandom): Buffer {
  const at = random.integer(0, bytes.length - 1);
  bytes[at] = bytes[at]! ^ (1 << random.integer(0, 7));
  return bytes;
}

/** Head and tag of the one, body of the other. */
function withOtherBody(bytes: Buffer, other: Buffer): Buffer {
  return Buffer.concat([
    bytes.subarray(0, HEAD_BYTES),
    other.subarray(HEAD_BYTES, -TAG_BYTES),
    bytes.subarray(-TAG_BYTES),
  ]);
}

/** An impression that claims to be what comes after it. */
function withOtherType(bytes: Buffer): Buffer {
  bytes[1] = bytes[1]! + 1;
  return bytes;
}

function withOtherAuction(bytes: Buffer, _: Buffer, random: SeededRandom): Buffer {
  // Behind the bracket and the quote that the body begins with, within the auction id.
  const at = HEAD_BYTES + 2 + random.integer(0, 7);
  bytes[at] = bytes[at] === 0x30 ? 0x31 : 0x30;
  return bytes;
}
