/** How a reconciliation is printed: a table for people, CSV of the differences for spreadsheets, JSON for programs. */

import type { Reconciliation } from '../compose.ts';
import { formatDecimal, NANO_DIGITS } from '../engine/campaign/decimal.ts';
import {
  type ChargeDifference,
  type ChargeTerms,
  differenceCount,
  type PartyTotal,
} from '../engine/reconciliation/charge-verdict.ts';
import { TABLE_FORMATS, type TableColumn } from './report-table.ts';

export const RECONCILIATION_REPORTS = { table, csv, json } as const;

/** Whether nothing differs. */
export function isReconciled(result: Reconciliation): boolean {
  return differenceCount(result) === 0 && result.problems.length === 0;
}

const DIFFERENCE_COLUMNS = [
  'verdict',
  'key',
  'atStake',
  'currency',
  'duePayer',
  'duePublisher',
  'due',
  'dueFee',
  'bookedPayer',
  'bookedPublisher',
  'booked',
  'bookedFee',
] as const;
const TOTAL_COLUMNS = ['party', 'id', 'currency', 'due', 'booked', 'difference', 'absorbed'] as const;
const AMOUNTS: ReadonlySet<string> = new Set([
  'atStake',
  'due',
  'dueFee',
  'booked',
  'bookedFee',
  'difference',
  'absorbed',
]);

function table(result: Reconciliation): string {
  const { fromMs, toMs, verdicts, unreconciledNanos, differences, totals, problems, unreadable } = result;
  const charges = Object.entries(verdicts).map(([verdict, count]) => `${verdict} ${count}`);
  const head = [
    `${iso(fromMs)} to ${iso(toMs)}: ${isReconciled(result) ? 'reconciled' : 'DIFFERENCES'}`,
    `charges: ${charges.length === 0 ? 'none' : charges.join(', ')}`,
    `unreconciled: ${money(unreconciledNanos)}; events ${result.eventRows}, of them unreadable ${unreadable}; journal rows ${result.journalRows}`,
  ];
  const parts = [`${head.join('\n')}\n`, lines('table', TOTAL_COLUMNS, totals.map(totalCells))];
  if (differences.length > 0) parts.push(lines('table', DIFFERENCE_COLUMNS, differences.map(differenceCells)));
  if (problems.length > 0) parts.push(problems.map(({ check, finding }) => `not so: ${check}: ${finding}\n`).join(''));
  return parts.join('\n');
}

function csv({ differences }: Reconciliation): string {
  return lines('csv', DIFFERENCE_COLUMNS, differences.map(differenceCells));
}

function json({ fromMs, toMs, unreconciledNanos, totals, differences, ...result }: Reconciliation): string {
  const document = {
    from: iso(fromMs),
    to: iso(toMs),
    reconciled: isReconciled({ fromMs, toMs, unreconciledNanos, totals, differences, ...result }),
    unreconciled: money(unreconciledNanos),
    ...result,
    totals: totals.map(totalCells),
    differences: differences.map(({ key, verdict, atStake, due, booked }) => ({
      key,
      verdict,
      atStake: amountIn(atStake, (due ?? booked)?.currency),
      due: due === null ? null : termsDocument(due),
      booked: booked === null ? null : termsDocument(booked),
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function lines<Column extends string>(
  format: 'table' | 'csv',
  names: readonly Column[],
  rows: readonly Readonly<Record<Column, string>>[],
): string {
  const columns: TableColumn[] = names.map((name) => ({ name, isNumber: AMOUNTS.has(name) }));
  return TABLE_FORMATS[format](
    columns,
    rows.map((row) => names.map((name) => row[name])),
  );
}

function termsDocument({ amount, fee, ...terms }: ChargeTerms) {
  return { ...terms, amount: amountIn(amount, terms.currency), fee: amountIn(fee, terms.currency) };
}

function totalCells({ due, booked, absorbed, ...line }: PartyTotal): Record<(typeof TOTAL_COLUMNS)[number], string> {
  const amount = (of: bigint): string => amountIn(of, line.currency);
  return {
    ...line,
    due: amount(due),
    booked: amount(booked),
    difference: amount(booked - due),
    absorbed: amount(absorbed),
  };
}

function differenceCells(difference: ChargeDifference): Record<(typeof DIFFERENCE_COLUMNS)[number], string> {
  const { key, verdict, atStake, due, booked } = difference;
  const currency = (due ?? booked)?.currency ?? '';
  const amount = (terms: ChargeTerms | null, of: 'amount' | 'fee'): string =>
    terms === null ? '' : amountIn(terms[of], terms.currency);
  return {
    verdict,
    key,
    atStake: amountIn(atStake, currency),
    currency,
    duePayer: due?.payer ?? '',
    duePublisher: due?.publisherId ?? '',
    due: amount(due, 'amount'),
    dueFee: amount(due, 'fee'),
    bookedPayer: booked?.payer ?? '',
    bookedPublisher: booked?.publisherId ?? '',
    booked: amount(booked, 'amount'),
    bookedFee: amount(booked, 'fee'),
  };
}

/** What is guaranteed is counted in impressions. */
function amountIn(amount: bigint, currency: string | undefined): string {
  return currency === 'impressions' ? String(amount) : money(amount);
}

function money(nanos: bigint): string {
  return formatDecimal(nanos, NANO_DIGITS);
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
