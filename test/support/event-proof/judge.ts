/**
 * Compares what callers were answered with what stands in Kafka and in the database: by SQL of its own, nothing that Gavel
 * computes. Money is nanos.
 */
import type { WitnessConnection } from '../campaign-proof/witness.ts';
import type { TopicMessage } from '../topic-reader.ts';
import type { Ad, Telling } from './ads.ts';
import { BRIEF, OPEN, type ToldBill } from './bookings.ts';

export interface Evidence {
  readonly ads: readonly Ad[];
  /** The whole topic, by partition and offset. */
  readonly messages: readonly TopicMessage[];
  /** Bills that DSPs were told of. */
  readonly told: readonly ToldBill[];
  /** Its seller was killed before it can have written it down. */
  readonly mayBeUnwritten: (ad: Ad) => boolean;
}

export interface Verdict {
  /** Must be empty. */
  readonly problems: readonly string[];
  readonly acknowledged: number;
  readonly billed: number;
  /** Acknowledged to nobody, and billed: the answer was lost. */
  readonly billedUnheard: number;
  readonly absorbed: number;
  readonly nanos: bigint;
  readonly messages: number;
  /** That came again, batch by batch. */
  readonly sentTwice: number;
  /** Events that were stored more than once, by engines that did not know of each other. */
  readonly toldTwice: number;
  /** Bills that a DSP was not told of: whoever was about to was killed. */
  readonly noticesMissing: number;
  /** Calls to DSPs that came again, since the one before was answered late. */
  readonly noticesRepeated: number;
}

interface Bill {
  readonly key: string;
  readonly state: string;
  readonly amount: bigint;
}

const BILLS = `
  SELECT key, state, amount FROM charge WHERE state IN ('billed', 'absorbed')
  UNION ALL SELECT key, 'billed', amount FROM dsp_transfer WHERE kind = 'bill'`;

/** Rows that must not be there, whatever was sold. */
const NEVER: readonly (readonly [string, string])[] = [
  [
    'billed twice',
    `SELECT key FROM (SELECT key FROM transfer WHERE kind IN ('bill', 'absorb')
      UNION ALL SELECT key FROM dsp_transfer WHERE kind = 'bill') AS bill GROUP BY key HAVING count(*) > 1`,
  ],
  ['set aside', 'SELECT type, reason, message FROM dead_letter'],
  ['refunded or void', `SELECT key, kind FROM dsp_transfer WHERE kind <> 'bill'`],
  [
    'debits are not credits',
    `SELECT currency, sum(amount) FROM dsp_ledger_entry GROUP BY currency HAVING sum(amount) <> 0`,
  ],
  ['a notice that nobody takes', 'SELECT key FROM billing_notice'],
];

export async function judge(database: WitnessConnection, evidence: Evidence): Promise<Verdict> {
  const problems: string[] = [];
  for (const [what, sql] of NEVER) {
    for (const row of (await database.query(sql)).rows)
      problems.push(`${what}: ${Object.values(row as object).join(' ')}`);
  }
  const bills = new Map(((await database.query(BILLS)).rows as Bill[]).map((bill) => [bill.key, bill]));
  const tellings = evidence.ads.flatMap((ad) => [...ad.tellings.values()]);
  return {
    ...judgeBills(bills, tellings, problems),
    ...judgeTopic(evidence, tellings, problems),
    ...judgeNotices(bills, evidence, problems),
    problems,
  };
}

function judgeBills(
  bills: ReadonlyMap<string, Bill>,
  tellings: readonly Telling[],
  problems: string[],
): Pick<Verdict, 'acknowledged' | 'billed' | 'billedUnheard' | 'absorbed' | 'nanos'> {
  const counts = { acknowledged: 0, billed: 0, billedUnheard: 0, absorbed: 0, nanos: 0n };
  const unexplained = new Set(bills.keys());
  for (const { key, type, ad, sent, acknowledged } of tellings) {
    const bill = bills.get(key);
    if (acknowledged > 0) counts.acknowledged++;
    if (bill === undefined) {
      if (type === ad.paidBy && acknowledged > 0) problems.push(`${key}: acknowledged, and nobody pays`);
      continue;
    }
    unexplained.delete(key);
    counts.billed++;
    counts.nanos += bill.amount;
    if (bill.state === 'absorbed') counts.absorbed++;
    if (acknowledged === 0) counts.billedUnheard++;
    if (sent === 0 || type !== ad.paidBy) problems.push(`${key}: billed, though it was never told`);
    if (bill.amount !== ad.amount) problems.push(`${key}: billed ${bill.amount}, answered ${ad.amount}`);
  }
  for (const key of unexplained) problems.push(`${key}: billed, and nobody was ever answered such an ad`);
  return counts;
}

interface StoredEvent {
  /** An auction has none but its own. */
  readonly id?: string;
  readonly auctionId: string;
  readonly userKey?: string | null;
}

function judgeTopic(
  { ads, messages, mayBeUnwritten }: Evidence,
  tellings: readonly Telling[],
  problems: string[],
): Pick<Verdict, 'messages' | 'sentTwice' | 'toldTwice'> {
  const values = new Map<string, string>();
  const partitions = new Map<string, number>();
  const lastOf = new Map<string, number>();
  /** How often each event was stored. */
  const stored = new Map<string, number>();
  let sentTwice = 0;
  for (const { id, key, partition, offset, value } of messages) {
    const before = values.get(id);
    if (before !== undefined) {
      sentTwice++;
      if (before !== value) problems.push(`${partition}:${offset}: another event has the id ${id}`);
      continue;
    }
    values.set(id, value);
    const event = JSON.parse(value) as StoredEvent;
    const eventId = event.id ?? event.auctionId;
    stored.set(eventId, (stored.get(eventId) ?? 0) + 1);
    if (key !== (event.userKey ?? event.auctionId)) problems.push(`${partition}:${offset}: key ${key} of ${eventId}`);
    if ((partitions.get(key!) ?? partition) !== partition) problems.push(`${key}: in more than one partition`);
    partitions.set(key!, partition);
    const [log, sequence] = id.split(':') as [string, string];
    if (Number(sequence) <= (lastOf.get(`${log} ${key}`) ?? 0))
      problems.push(`${partition}:${offset}: ${id} is out of order`);
    lastOf.set(`${log} ${key}`, Number(sequence));
  }
  const sent = new Set(tellings.flatMap((telling) => (telling.sent > 0 ? [telling.key] : [])));
  let toldTwice = 0;
  for (const [id, times] of stored) {
    if (!/\/(impression|click|conversion|viewable)$/.test(id)) continue;
    if (times > 1) toldTwice++;
    if (!sent.has(id)) problems.push(`${id}: in the topic, though it was never told`);
  }
  for (const { key, acknowledged } of tellings) {
    if (acknowledged > 0 && !stored.has(key)) problems.push(`${key}: acknowledged, and not in the topic`);
  }
  for (const ad of ads) {
    if (!stored.has(`${ad.auctionId}/1/win`) && !mayBeUnwritten(ad))
      problems.push(`${ad.auctionId}: its win is not in the topic`);
  }
  return { messages: messages.length, sentTwice, toldTwice };
}

/** A DSP is told of a bill by one process, which tries again after 10 s at the earliest, or is killed. */
const AGAIN_MS_MIN = 5000;

function judgeNotices(
  bills: ReadonlyMap<string, Bill>,
  { ads, told }: Evidence,
  problems: string[],
): Pick<Verdict, 'noticesMissing' | 'noticesRepeated'> {
  const toldAtMs = new Map<string, number>();
  let noticesRepeated = 0;
  for (const { requestId, atMs } of told) {
    const beforeMs = toldAtMs.get(requestId);
    toldAtMs.set(requestId, atMs);
    if (beforeMs === undefined) continue;
    noticesRepeated++;
    if (atMs - beforeMs < AGAIN_MS_MIN) problems.push(`request ${requestId}: its DSP was told of its bill by two`);
  }
  let noticesMissing = 0;
  for (const { requestId, auctionId, placement } of ads) {
    const isBilled = bills.has(`${auctionId}/1/impression`);
    const isTold = toldAtMs.has(requestId);
    if (isTold && !isBilled) problems.push(`request ${requestId}: its DSP was told of a bill that is none`);
    if (isBilled && !isTold && (placement === OPEN || placement === BRIEF)) noticesMissing++;
  }
  return { noticesMissing, noticesRepeated };
}
