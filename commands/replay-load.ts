/** `gavel replay load`: recorded requests against a running engine, at their own times whatever it answers. */
import { seededRandom } from '../simulator/random.ts';
import { type Pace, readAhead, scheduled, UntimedRequestError } from '../simulator/replay/load/pace.ts';
import { RecordedRequests, type RequestTally, type TimedRequest } from '../simulator/replay/load/recorded-requests.ts';
import { formatReading } from '../simulator/replay/replay-text.ts';
import { progressPrinter } from '../simulator/report/progress.ts';
import { type TrafficReport, trafficReport } from '../simulator/report/report.ts';
import { formatTraffic } from '../simulator/report/table.ts';
import { readCaptures } from '../simulator/traffic/captures.ts';
import { runSchedule } from '../simulator/traffic/open-loop.ts';
import { PayloadError } from '../simulator/traffic/payloads.ts';
import { jsonText, shownLines } from './cell-text.ts';
import { readOptions, wholeNumber } from './options.ts';
import { REPLAY_EVENTS_OPTIONS, recordingConfig, replayedEvents, replayWindow } from './replay-events.ts';
import { readingError } from './replay-progress.ts';
import { UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'replay load',
  summary: 'send recorded requests to a running engine, open loop, and print what it answered',
  options: {
    url: { type: 'string', value: 'URL', help: 'of the engine, e.g. http://127.0.0.1:8080' },
    speed: { type: 'string', value: 'TIMES', help: 'of the recorded pace, e.g. 2x or 0.5x (default 1x)' },
    rate: { type: 'string', value: 'N', help: 'so many requests a second instead, with random gaps' },
    seconds: { type: 'string', value: 'N', help: 'stop sending then (default: when all are sent)' },
    payloads: {
      type: 'string',
      value: 'PATH',
      help: 'send the requests of this file or folder as they are, instead of rebuilding those of events',
    },
    test: { type: 'boolean', help: 'mark rebuilt requests with test: 1, so that nothing they sell is billed' },
    ...REPLAY_EVENTS_OPTIONS,
    json: { type: 'boolean', help: 'print the report as JSON' },
  },
} as const;

type LoadOptions = NonNullable<ReturnType<typeof readOptions<typeof COMMAND.options>>>;

/** Read before the first is sent, and held from then on: so long reading may stall without making anything late. */
const HELD_REQUESTS = 500;
const DAY_SECONDS = 86_400;
/** Of the gaps of a rate: the same each time. */
const SEED = 1;

export async function replayLoad(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  const url = auctionUrl(options.url);
  const pace = paceOf(options);
  const { seconds = null } = options;
  const untilMs =
    seconds === null
      ? Number.POSITIVE_INFINITY
      : 1000 * wholeNumber(seconds, 'seconds', 0, { min: 1, max: DAY_SECONDS });
  const requests = await requestsOf(options);
  const progress = progressPrinter(process.stderr);
  try {
    const schedule = await readAhead(scheduled(requests.read(), pace, untilMs), HELD_REQUESTS);
    const report = trafficReport(await runSchedule(schedule, { url, onProgress: progress.print }));
    progress.end();
    if (report.requests.due === 0) throw new UsageError(`replay: no request that can be sent in ${requests.name}`);
    print(report, requests, options.json === true);
  } catch (error) {
    if (error instanceof PayloadError || error instanceof UntimedRequestError) throw new UsageError(error.message);
    throw readingError(error);
  } finally {
    progress.end();
  }
}

interface Requests {
  readonly name: string;
  readonly read: () => AsyncIterable<TimedRequest>;
  /** Null: nothing is rebuilt. */
  readonly tally: () => RequestTally | null;
}

async function requestsOf(options: LoadOptions): Promise<Requests> {
  const { payloads, test = false } = options;
  if (payloads !== undefined) {
    if (test) throw new UsageError('--test marks rebuilt requests; those of --payloads are sent as they are');
    return { name: payloads, read: () => readCaptures(payloads), tally: () => null };
  }
  const events = await replayedEvents(options);
  const { networkAllowanceMs } = recordingConfig(options).auction;
  const requests = new RecordedRequests({ events, window: replayWindow(options), isTest: test, networkAllowanceMs });
  return { name: events.name, read: () => requests.read(), tally: () => requests.tally };
}

function print(report: TrafficReport, { name, tally }: Requests, isJson: boolean): void {
  const read = tally();
  if (isJson) {
    process.stdout.write(jsonText({ source: name, ...(read !== null && { read }), ...report }));
    return;
  }
  const reading = read === null ? [`Sent as they are: requests of ${name}`] : formatRebuilding(name, read);
  process.stdout.write(shownLines(`${[...reading, '', formatTraffic(report)].join('\n')}\n`));
}

function formatRebuilding(name: string, tally: RequestTally): string[] {
  return [
    ...formatReading(tally, { source: name, seconds: null }),
    ...(tally.notRebuilt === 0 ? [] : [`Not sent:    ${tally.notRebuilt} that ended before a decision`]),
    'Rebuilt from events: placements, formats, floors, deals, blocks, publisher, country, kind of device.',
    'Not in events, so not sent: user, ids and address of the device, page, consent, first-party data.',
  ];
}

/** Of the auction endpoint; a URL without a path gets its path. */
function auctionUrl(text: string | undefined): string {
  if (text === undefined) throw new UsageError('replay load: name the engine with --url');
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new UsageError(`--url must be like http://127.0.0.1:8080, is "${text}"`);
  }
  if (url.pathname === '/') url.pathname = '/openrtb2/auction';
  return url.href;
}

const SPEED = /^(\d+(?:\.\d+)?|\.\d+)x?$/;

function paceOf({ speed, rate }: LoadOptions): Pace {
  if (rate !== undefined) {
    if (speed !== undefined) throw new UsageError('replay load: either --speed or --rate');
    const perSec = wholeNumber(rate, 'rate', 0, { min: 1, max: 100_000 });
    return { kind: 'rate', perSec, random: seededRandom(SEED) };
  }
  const factor = Number(SPEED.exec(speed ?? '1x')?.[1] ?? Number.NaN);
  if (factor > 0) return { kind: 'speed', factor };
  throw new UsageError(`--speed must be like 2x or 0.5x, is "${speed}"`);
}
