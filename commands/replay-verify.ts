/** `gavel replay verify`: exit code 0 when every decision comes out as it was recorded, 1 when one does not. */
import { once } from 'node:events';
import type { ReplayReading } from '../simulator/replay/replay-text.ts';
import { formatDifference, formatVerification } from '../simulator/replay/verification-text.ts';
import { type AuctionDifference, type VerificationReport, verifyEvents } from '../simulator/replay/verify.ts';
import { jsonText, shownLines } from './cell-text.ts';
import { readOptions, wholeNumber } from './options.ts';
import { noAuctions, REPLAY_EVENTS_OPTIONS, replayedEvents, replayWindow } from './replay-events.ts';
import { timedReplay } from './replay-progress.ts';

const COMMAND = {
  name: 'replay verify',
  summary: 'decide every recorded auction again by this build, and compare winners, prices and reasons',
  options: {
    ...REPLAY_EVENTS_OPTIONS,
    differences: { type: 'string', value: 'N', help: 'list the first N auctions that differ (default 20)' },
    json: { type: 'boolean', help: 'print a JSON document, with all auctions that differ' },
  },
} as const;

const DIFFERENCES = 20;

export async function replayVerify(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  const differencesMax = wholeNumber(options.differences, 'differences', DIFFERENCES, { min: 0, max: 1_000_000 });
  const listing = options.json === true ? new JsonListing() : new TextListing(differencesMax);
  const window = replayWindow(options);
  const events = await replayedEvents(options);
  const { value: report, seconds } = await timedReplay(process.stderr, (onAuction) =>
    verifyEvents({ events, window, onAuction, onDifference: (difference) => listing.add(difference) }),
  );
  if (report.read.auctions === 0) throw noAuctions(events);
  await listing.end(report, { source: events.name, seconds });
  // What is lost may be an auction that differs: nobody can say that all are identical.
  if (report.different > 0 || report.read.lost > 0) process.exitCode = 1;
}

/** What differs is printed as it is found: there may be more of it than fits into memory. */
interface Listing {
  readonly add: (difference: AuctionDifference) => Promise<void>;
  readonly end: (report: VerificationReport, reading: ReplayReading) => Promise<void>;
}

class TextListing implements Listing {
  readonly #max: number;
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  async add(difference: AuctionDifference): Promise<void> {
    this.#count += 1;
    if (this.#count <= this.#max) await print(shownLines(formatDifference(difference)));
  }

  async end(report: VerificationReport, reading: ReplayReading): Promise<void> {
    const unlisted = this.#count - this.#max;
    if (unlisted > 0) await print(`... and ${unlisted} more (--differences N, or --json for all)\n\n`);
    await print(shownLines(formatVerification(report, reading)));
  }
}

/** `{"differences": [...], "source": ..., ...}`. */
class JsonListing implements Listing {
  #before = '{"differences": [\n';

  async add(difference: AuctionDifference): Promise<void> {
    await print(`${this.#before}${jsonText(difference)}`);
    this.#before = ',\n';
  }

  async end(report: VerificationReport, reading: ReplayReading): Promise<void> {
    const opening = this.#before === ',\n' ? '' : this.#before;
    await print(`${opening}],\n${jsonText({ ...reading, ...report }).slice(1)}`);
  }
}

async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
