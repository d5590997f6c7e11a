/**
 * What the outbox has to know of a stored event, whatever its type: an event is a JSON object whose leading members, as
 * far as they are scalars, hold `type`, `auctionId` and, where a user is known, `userKey`.
 */

export interface EventEnvelope {
  readonly type: string;
  /** Hash of the user's or the device's id, else the auction's id; null: neither. Events of one key stay in order. */
  readonly key: string | null;
}

/** Of bytes that are no event, so that they are passed on nevertheless. */
const UNKNOWN_TYPE = 'unknown';
/** Scalars that stand before the first list or object take less, as a rule. */
const HEAD_BYTES = 1024;
/** Whatever ids of strangers are in it: 512 characters may take six bytes each, twice. */
const LONG_HEAD_BYTES = 8 * 1024;
/** A member of a JSON object whose value is a scalar: name, then a string or the text of something else. */
const MEMBER = /\s*"([^"\\]*)"\s*:\s*(?:"((?:[^"\\]|\\.)*)"|(-?[\d.eE+-]+|true|false|null))\s*([,}])/y;

/** Never throws. Reads the head alone: parsing a whole auction event takes longer than sending it. */
export function envelopeOf(payload: Uint8Array): EventEnvelope {
  return readHead(payload, HEAD_BYTES);
}

function readHead(payload: Uint8Array, bytesMax: number): EventEnvelope {
  const head = Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.byteLength, bytesMax));
  const text = head.toString('utf8');
  let type = UNKNOWN_TYPE;
  let key: string | null = null;
  let auctionId: string | null = null;
  let end = text.indexOf('{') + 1;
  MEMBER.lastIndex = end;
  for (let member = MEMBER.exec(text); member !== null; member = MEMBER.exec(text)) {
    const [, name, value] = member;
    end = MEMBER.lastIndex;
    if (value !== undefined) {
      if (name === 'type') type = unescaped(value);
      else if (name === 'userKey') key = unescaped(value);
      else if (name === 'auctionId') auctionId = unescaped(value);
    }
    // Nothing that stands behind is wanted.
    if (member[4] === '}' || (key !== null && type !== UNKNOWN_TYPE)) return { type, key: key ?? auctionId };
  }
  const goesOn = bytesMax < LONG_HEAD_BYTES && bytesMax < payload.byteLength && !isListAt(text, end);
  return goesOn ? readHead(payload, LONG_HEAD_BYTES) : { type, key: key ?? auctionId };
}

/** A member that is no scalar. */
const LIST = /\s*"[^"\\]*"\s*:\s*[[{]/y;

function isListAt(text: string, at: number): boolean {
  LIST.lastIndex = at;
  return LIST.test(text);
}

function unescaped(value: string): string {
  if (!value.includes('\\')) return value;
  try {
    return JSON.parse(`"${value}"`) as string;
  } catch {
    // No JSON, and so no event of ours: it keeps its name as it is written.
    return value;
  }
}
