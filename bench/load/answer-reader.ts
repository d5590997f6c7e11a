/**
 * Reads answers of known shape (status, content-length, body) off one connection, and keeps nothing but what a load
 * generator counts. Not a HTTP client: the generator shares the machine with the engine that it loads, and undici costs more
 * per refusal than the engine does.
 */
export interface AnswerReader {
  /** Bytes came. True when they complete the answer; `status` is then its status. Throws when they are no such answer. */
  readonly read: (chunk: Buffer) => boolean;
  readonly status: () => number;
  /** The server closes the connection behind this answer. */
  readonly closes: () => boolean;
}

const HEAD_END = '\r\n\r\n';
const STATUS_AT = 'HTTP/1.1 '.length;
const LENGTH_FIELD = '\r\ncontent-length: ';

export function createAnswerReader(): AnswerReader {
  let head = '';
  /** Null before the end of the head. */
  let bodyBytesLeft: number | null = null;
  let status = 0;
  let closes = false;

  const readHead = (chunk: Buffer): number | null => {
    head += chunk.toString('latin1');
    const end = head.indexOf(HEAD_END);
    if (end === -1) return null;
    status = Number(head.slice(STATUS_AT, STATUS_AT + 3));
    const fields = head.slice(0, end).toLowerCase();
    const lengthAt = fields.indexOf(LENGTH_FIELD);
    if (lengthAt === -1) throw new Error('an answer without content-length');
    closes = fields.includes('\r\nconnection: close');
    const bodyBytes = Number.parseInt(fields.slice(lengthAt + LENGTH_FIELD.length), 10);
    return bodyBytes - (head.length - end - HEAD_END.length);
  };

  return {
    read: (chunk) => {
      bodyBytesLeft = bodyBytesLeft === null ? readHead(chunk) : bodyBytesLeft - chunk.length;
      if (bodyBytesLeft !== null && bodyBytesLeft < 0) throw new Error('more bytes than the answer has');
      if (bodyBytesLeft !== 0) return false;
      head = '';
      bodyBytesLeft = null;
      return true;
    },
    status: () => status,
    closes: () => closes,
  };
}
