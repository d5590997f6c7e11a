/**
 * O7: when nothing moves any more, nothing is left: no timer beyond those of an idle process, no call, no request, no money outside
 * of its budget. And money comes home by whoever holds it: the sweep, which takes back what nobody returned, finds
 * nothing but what dead or cut-off holders have left.
 */
import type { History } from '../history.ts';
import type { Check, Verdict } from './check.ts';
import { leaseText } from './conservation.ts';
import { killedProcesses } from './process-lives.ts';

export const leaks: Check = {
  id: 'O7',
  name: 'nothing is left at rest',
  judge: (history, verdict) => {
    judgeProcesses(history, verdict);
    judgeMoney(history, verdict);
    judgeSweeps(history, verdict);
  },
};

/** Of timers: idle work comes and goes. */
const SLACK_SHARE = 0.05;
const SLACK_TIMERS = 2;

function judgeProcesses({ rest }: History, verdict: Verdict): void {
  for (const { process, timers, timersAtStart, callsUnderWay, requestsUnderWay } of rest?.processes ?? []) {
    const timersMax = timersAtStart * (1 + SLACK_SHARE) + SLACK_TIMERS;
    verdict.expect(
      timers <= timersMax,
      () => `${process} has ${timers} timers, and had ${timersAtStart} when it began`,
    );
    verdict.expect(callsUnderWay === 0, () => `${process} has ${callsUnderWay} calls under way`);
    verdict.expect(requestsUnderWay === 0, () => `${process} counts ${requestsUnderWay} requests under way`);
  }
}

/** What is in a tranche is in nobody's hands: any process is given it. */
function judgeMoney({ observations, rest, facts }: History, verdict: Verdict): void {
  if (rest === null || !facts.isMoneyHome) return;
  const leased = new Map<string, number>();
  for (const seen of observations) {
    if (seen.kind !== 'transfer') continue;
    const { accountId, amount, from, to } = seen;
    const change = (to === 'leased' ? amount : 0) - (from === 'leased' ? amount : 0);
    leased.set(accountId, (leased.get(accountId) ?? 0) + change);
  }
  for (const { accountId, reserved } of rest.accounts) {
    const held = leased.get(accountId) ?? 0;
    verdict.expect(held === 0, () => `${accountId}: ${held} are in leases that nobody wants`);
    verdict.expect(reserved === 0, () => `${accountId}: ${reserved} are reserved for what will not be billed`);
  }
}

/** What the sweep took back of a lease, beyond reservations of it that ran out, its holder should have returned. */
function judgeSweeps(history: History, verdict: Verdict): void {
  const excused = cutOffProcesses(history);
  const expired = new Map<string, number>();
  for (const seen of history.observations) {
    if (seen.kind !== 'transfer' || seen.lease === null) continue;
    const { accountId, amount, from, to, by, lease, atMs } = seen;
    const name = leaseText(accountId, lease);
    if (from === 'reserved' && to === 'leased') expired.set(name, (expired.get(name) ?? 0) + amount);
    if (from !== 'leased' || to !== 'available' || by !== 'sweep') continue;
    const own = expired.get(name) ?? 0;
    expired.set(name, Math.max(0, own - amount));
    if ([...excused].some((process) => lease.processId.startsWith(`${process}-`))) continue;
    verdict.expect(
      amount <= own,
      () => `${name}: ${amount - own} were stranded with ${lease.processId} until ${atMs} ms`,
    );
  }
}

/** The store of that name. */
const LEDGER = 'ledger';
/** What a process that is stopped has for its last words. */
const DRAIN_MS = 10_000;

/**
 * Those that may not have been able to return what they held. A ledger that was away is no excuse for those who live on, they tell it
 * again; it is for those who were stopped meanwhile.
 */
function cutOffProcesses({ observations }: History): ReadonlySet<string> {
  const excused = new Set(killedProcesses(observations));
  let ledgerFaults = 0;
  let ledgerBackAtMs = Number.NEGATIVE_INFINITY;
  for (const seen of observations) {
    if (seen.kind === 'fault-began' && seen.fault === 'partition') excused.add(seen.target);
    if (seen.kind === 'fault-began' && seen.target === LEDGER) ledgerFaults += 1;
    if (seen.kind === 'fault-ended' && seen.target === LEDGER) {
      ledgerFaults -= 1;
      ledgerBackAtMs = seen.atMs;
    }
    const isLedgerAway = ledgerFaults > 0 || seen.atMs <= ledgerBackAtMs + DRAIN_MS;
    if (seen.kind === 'process-ended' && isLedgerAway) excused.add(seen.process);
  }
  return excused;
}
