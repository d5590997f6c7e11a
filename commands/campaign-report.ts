/** How deliveries are printed: a table for people, CSV for spreadsheets, JSON for programs. One line per account. */
import type { AccountDelivery, CampaignDelivery } from '../compose.ts';
import { csvCell, jsonText, shownText } from './cell-text.ts';

export const CAMPAIGN_REPORTS = { table, csv, json } as const;
export type ReportFormat = keyof typeof CAMPAIGN_REPORTS;

/** A guaranteed line item's unit is impressions; its campaign's line is of money. */
const COLUMNS = [
  'campaign',
  'lineItem',
  'status',
  'unit',
  'budget',
  'planToday',
  'plannedByNow',
  'billedToday',
  'releasedToday',
  'reserved',
  'billed',
  'absorbed',
  'pace',
  'forecast',
  'forecastAt',
  'shortfall',
] as const;

function json(deliveries: readonly CampaignDelivery[]): string {
  return jsonText(deliveries);
}

function csv(deliveries: readonly CampaignDelivery[]): string {
  return [COLUMNS, ...deliveries.flatMap(linesOf)].map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

function table(deliveries: readonly CampaignDelivery[]): string {
  const lines = [COLUMNS, ...deliveries.flatMap(linesOf).map((cells) => cells.map(shownText))];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((cells) => cells[column]!.length)));
  return lines
    .map(
      (cells) =>
        `${cells
          .map((cell, column) => padded(cell, widths[column]!, column))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** Amounts to the right. */
function padded(cell: string, width: number, column: number): string {
  return column >= COLUMNS.indexOf('budget') ? cell.padStart(width) : cell.padEnd(width);
}

function linesOf(delivery: CampaignDelivery): string[][] {
  const { campaign, status, currency, lineItems } = delivery;
  return [
    lineOf(delivery, [campaign, '', status, currency]),
    ...lineItems.map((item) => lineOf(item, [campaign, item.lineItem, status, 'impressions'], item.shortfall)),
  ];
}

function lineOf(
  { budget, today, reserved, billed, absorbed, pace, forecast }: AccountDelivery,
  heading: readonly string[],
  shortfall: number | null = null,
): string[] {
  const { plan, plannedByNow, billed: billedToday, released } = today;
  const amounts = [budget, plan, plannedByNow, billedToday, released, reserved, billed, absorbed];
  return [
    ...heading,
    ...amounts.map(String),
    pace === null ? '' : pace.toFixed(3),
    String(forecast.billed),
    forecast.at,
    shortfall === null ? '' : String(shortfall),
  ];
}
