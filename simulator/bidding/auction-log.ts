/** Logs of auctions for bidding experiments: whether the impression was clicked, what it cost, and its estimated CTR. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** One line: click, market price, predicted CTR and maybe a time, separated by tabs or blanks. */
export interface LoggedAuction {
  readonly isClicked: boolean;
  /** What the impression costs whoever bids enough, in whole units of price. */
  readonly price: number;
  readonly ctr: number;
  /** Index of time or hour, where the log has one. */
  readonly time?: number;
}

/** What a log has in it, in order. */
export interface AuctionLogReader {
  /** Two integers in the first line: auctions of the log that it was taken from, and those of an episode. */
  readonly header?: (header: { readonly auctions: number; readonly episodeAuctions: number }) => void;
  /** A line of one integer: an episode begins, whose budget is fresh. */
  readonly episode?: (number: number) => void;
  readonly auction: (auction: LoggedAuction) => void;
}

/** What is wrong with a log, with file and line. */
export class AuctionLogError extends Error {
  constructor(path: string, line: number | null, problem: string) {
    super(`${path}${line === null ? '' : `:${line}`}: ${problem}`);
    this.name = 'AuctionLogError';
  }
}

/** No line of such a log comes near. */
const LINE_LENGTH_MAX = 4096;
const DECIMAL = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Reads a log, plain or gzip (told by its first bytes), a piece at a time. Blank lines are skipped. Throws an
 * AuctionLogError for what is no such log, and for a file that is cut off or not there.
 */
export async function readAuctionLog(path: string, reader: AuctionLogReader): Promise<void> {
  const lines = new LogLines(path, reader);
  let rest = '';
  try {
    for await (const piece of await openText(path)) {
      const parts = (rest + piece).split('\n');
      rest = parts.pop()!;
      for (const line of parts) lines.read(line);
      if (rest.length > LINE_LENGTH_MAX) lines.refuseNext('longer than any line of such a log');
    }
  } catch (error) {
    if (error instanceof AuctionLogError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new AuctionLogError(path, null, code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${message}`);
  }
  if (rest !== '') lines.read(rest);
}

async function openText(path: string): Promise<Readable> {
  const file = await open(path);
  const start = new Uint8Array(2);
  await file.read(start, 0, 2, 0).finally(() => file.close());
  const bytes = createReadStream(path);
  if (start[0] !== 0x1f || start[1] !== 0x8b) return bytes.setEncoding('latin1');
  const text = createGunzip().setEncoding('latin1');
  bytes.on('error', (error) => text.destroy(error));
  return bytes.pipe(text);
}

class LogLines {
  readonly #path: string;
  readonly #reader: AuctionLogReader;
  #line = 0;
  #isBegun = false;

  constructor(path: string, reader: AuctionLogReader) {
    this.#path = path;
    this.#reader = reader;
  }

  read(line: string): void {
    this.#line++;
    const text = line.trim();
    if (text === '') return;
    const fields = text.split(/[ \t]+/);
    if (fields.length >= 3 && fields.length <= 4) this.#reader.auction(this.#auction(fields));
    else if (fields.length === 1) this.#episode(fields[0]!);
    else if (fields.length === 2 && !this.#isBegun) this.#header(fields);
    else {
      this.#fail(
        `${fields.length} fields; a line has click, price, CTR and maybe a time, or is the number of an episode${fields.length === 2 ? ' (two integers are a header, and stand in the first line)' : ''}`,
      );
    }
    this.#isBegun = true;
  }

  /** Of the line that has not come to its end. */
  refuseNext(problem: string): never {
    this.#line++;
    this.#fail(problem);
  }

  #fail(problem: string): never {
    throw new AuctionLogError(this.#path, this.#line, problem);
  }

  #header([auctions, episodeAuctions]: readonly string[]): void {
    const header = {
      auctions: this.#whole(auctions!, 'count of auctions'),
      episodeAuctions: this.#whole(episodeAuctions!, 'count of auctions of an episode', 1),
    };
    this.#reader.header?.(header);
  }

  #episode(text: string): void {
    const number = this.#whole(text, 'number of the episode');
    this.#reader.episode?.(number);
  }

  #auction([click, price, ctr, time]: readonly string[]): LoggedAuction {
    if (click !== '0' && click !== '1') this.#fail(`the click must be 0 or 1, is "${click}"`);
    const auction = { isClicked: click === '1', price: this.#whole(price!, 'price'), ctr: this.#chance(ctr!) };
    return time === undefined ? auction : { ...auction, time: this.#whole(time, 'time') };
  }

  #whole(text: string, what: string, min = 0): number {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= min) return value;
    return this.#fail(`the ${what} must be a whole number of ${min} or more, is "${text}"`);
  }

  #chance(text: string): number {
    const value = Number(text);
    if (DECIMAL.test(text) && value >= 0 && value <= 1) return value;
    return this.#fail(`the CTR must be a number from 0 to 1, is "${text}"`);
  }
}
