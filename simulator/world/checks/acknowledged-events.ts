/**
 * O4: whoever was told that an event is stored is right. At rest it is in the books or in a log that outlives its process; in a
 * world that was healed, what it bills is in the books.
 */
import type { History, Observation } from '../history.ts';
import { adsSeen } from './auctions-seen.ts';
import type { Check } from './check.ts';

export const acknowledgedEvents: Check = {
  id: 'O4',
  name: 'no acknowledged event is lost',
  judge: (history, verdict) => {
    const { rest, facts } = history;
    if (rest === null) return;
    const booked = keysBooked(history.observations);
    const billable = billableKeys(history);
    for (const [key, { atMs, isInTime }] of acknowledged(history)) {
      const isStored = rest.storedEventIds.has(key);
      verdict.expect(isStored || booked.has(key), () => `${key}, acknowledged at ${atMs} ms, is nowhere`);
      const isDue = facts.mode === 'liveness' && facts.isBilling && isInTime && billable.has(key);
      if (isDue && isStored) verdict.expect(booked.has(key), () => `${key}, acknowledged at ${atMs} ms, is not booked`);
    }
  },
};

interface Acknowledged {
  /** Of the first answer. */
  readonly atMs: number;
  /** The report was made while its ad was still to be paid for. */
  readonly isInTime: boolean;
}

function acknowledged({ observations, facts }: History): ReadonlyMap<string, Acknowledged> {
  const sent = new Map<string, Extract<Observation, { kind: 'report-sent' }>>();
  const answeredAtMs = new Map<string, number>();
  const all = new Map<string, Acknowledged>();
  for (const seen of observations) {
    if (seen.kind === 'answer-left') answeredAtMs.set(bididOf(seen.body), seen.atMs);
    if (seen.kind === 'report-sent') sent.set(seen.reportId, seen);
    if (seen.kind !== 'report-answered' || seen.status < 200 || seen.status > 299) continue;
    const report = sent.get(seen.reportId)!;
    if (all.has(report.key)) continue;
    const soldAtMs = answeredAtMs.get(report.key.split('/', 1)[0]!) ?? 0;
    all.set(report.key, { atMs: seen.atMs, isInTime: report.atMs <= soldAtMs + facts.billableMsMin });
  }
  return all;
}

function bididOf(body: unknown): string {
  return (body as { bidid?: string } | null)?.bidid ?? '';
}

function keysBooked(observations: readonly Observation[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const seen of observations) {
    if (seen.kind === 'receivable') keys.add(seen.key);
    const isBill = seen.kind === 'transfer' && (seen.to === 'spent' || seen.to === 'served');
    if (isBill && seen.key !== null) keys.add(seen.key);
  }
  return keys;
}

function billableKeys(history: History): ReadonlySet<string> {
  const keys = adsSeen(history).map(({ name, claim }) => (claim === null ? '' : `${name}/${claim.sale.billedBy}`));
  return new Set(keys);
}
