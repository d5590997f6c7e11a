/**
 * O6: so long after the last fault the world serves as it did before the first one. What is compared are few hundred requests, so
 * a share may also differ by what chance explains (four standard deviations).
 */
import type { History, Observation } from '../history.ts';
import { type AuctionSeen, auctionsSeen } from './auctions-seen.ts';
import type { Check, Verdict } from './check.ts';

export const recovery: Check = {
  id: 'O6',
  name: 'recovery after faults',
  judge: (history, verdict) => {
    const spans = spansOf(history.observations);
    if (spans === null) return;
    const auctions = [...auctionsSeen(history).values()];
    const before = serviceOf(auctions, { fromMs: 0, untilMs: spans.firstFaultAtMs });
    const served = serviceOf(auctions, { fromMs: spans.healedAtMs + SERVING_MS, untilMs: spans.endsAtMs });
    if (before.requests < REQUESTS_MIN || served.requests < REQUESTS_MIN) return;
    judgeService(before, served, verdict);
    const asked = serviceOf(auctions, { fromMs: spans.healedAtMs + DSPS_MS, untilMs: spans.endsAtMs });
    if (asked.requests >= REQUESTS_MIN) judgeDemand(before, asked, history, verdict);
  },
};

/** R of the design: all that an engine does by itself is as it was. */
const SERVING_MS = 5000;
/**
 * DSPs that have failed come back by degrees (docs/fan-out.md): a streak of 3.5 s, then a few seconds; four times as
 * long for one that fell ill again.
 */
const DSPS_MS = 25_000;
/** Fewer say nothing. */
const REQUESTS_MIN = 20;
/** Of a rate or a latency. */
const TOLERANCE = 0.1;
/** The longest wait for a DSP: how long one is worth waiting for that was ill is learned anew, from calls that last so long. */
const TOLERANCE_MS = 30;

interface Spans {
  readonly firstFaultAtMs: number;
  readonly healedAtMs: number;
  readonly endsAtMs: number;
}

/** Null: it was not healed, or had nothing to recover from. */
function spansOf(observations: readonly Observation[]): Spans | null {
  const firstFault = observations.find(({ kind }) => kind === 'fault-began');
  const healed = observations.find(({ kind }) => kind === 'healed');
  const ended = observations.find(({ kind }) => kind === 'traffic-ended') ?? observations.at(-1);
  if (firstFault === undefined || healed === undefined) return null;
  return { firstFaultAtMs: firstFault.atMs, healedAtMs: healed.atMs, endsAtMs: ended!.atMs };
}

interface Service {
  readonly requests: number;
  readonly answeredShare: number;
  readonly filledShare: number;
  readonly callsPerRequest: number;
  /** Null: nothing was answered. */
  readonly slowMs: number | null;
}

function serviceOf(
  auctions: readonly AuctionSeen[],
  { fromMs, untilMs }: { fromMs: number; untilMs: number },
): Service {
  const sent = auctions.filter(({ sentAtMs }) => sentAtMs >= fromMs && sentAtMs < untilMs);
  const answered = sent.filter(({ answers }) => answers.some(({ status }) => status === 200 || status === 204));
  const tookMs = answered.map(({ answers, sentAtMs }) => answers[0]!.leftAtMs - sentAtMs).sort((a, b) => a - b);
  const calls = sent.reduce((total, auction) => total + auction.calls.length, 0);
  return {
    requests: sent.length,
    answeredShare: answered.length / sent.length,
    filledShare: answered.filter(isFilled).length / sent.length,
    callsPerRequest: calls / sent.length,
    slowMs: tookMs[Math.floor(tookMs.length * quantileOf(tookMs.length))] ?? null,
  };
}

/** p99 where that says anything: ten answers at least take longer. */
function quantileOf(count: number): number {
  return Math.max(0.5, Math.min(0.99, 1 - 10 / count));
}

function isFilled({ answers: [first] }: AuctionSeen): boolean {
  return ((first?.body as { seatbid?: unknown[] } | null)?.seatbid ?? []).length > 0;
}

function judgeService(before: Service, after: Service, verdict: Verdict): void {
  const leastShare = leastOf(before.answeredShare, before, after);
  verdict.expect(
    after.answeredShare >= leastShare,
    () => `${percent(after.answeredShare)} are answered after the faults, ${percent(before.answeredShare)} before`,
  );
  if (before.slowMs === null || after.slowMs === null) return;
  verdict.expect(
    after.slowMs <= before.slowMs * (1 + TOLERANCE) + TOLERANCE_MS,
    () => `answers take ${after.slowMs} ms after the faults, ${before.slowMs} ms before`,
  );
}

/** Budgets come to their end: what is sold can be compared where DSPs alone buy. */
function judgeDemand(before: Service, after: Service, { facts }: History, verdict: Verdict): void {
  verdict.expect(
    after.callsPerRequest >= before.callsPerRequest * (1 - TOLERANCE),
    () => `${after.callsPerRequest} calls a request after the faults, ${before.callsPerRequest} before`,
  );
  if (facts.houseAds.size > 0) return;
  verdict.expect(
    after.filledShare >= leastOf(before.filledShare, before, after),
    () => `${percent(after.filledShare)} are sold after the faults, ${percent(before.filledShare)} before`,
  );
}

/** Both shares are samples: thousands of worlds see what happens by chance once in ten thousand. */
function leastOf(share: number, before: Service, after: Service): number {
  const deviation = Math.sqrt(share * (1 - share) * (1 / before.requests + 1 / after.requests));
  return share * (1 - TOLERANCE) - 4 * deviation;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
