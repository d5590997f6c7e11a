/** `gavel report NAME`; of these, `campaigns`: delivery of each campaign, out of the database of a configuration. */
import { REPORTS } from '../adapters/archive/reports.ts';
import { systemClock } from '../adapters/clock.ts';
import { type CampaignDelivery, campaignDelivery, readCampaignBooks } from '../compose.ts';
import type { CampaignStore } from '../engine/ports/campaign-store.ts';
import { ARCHIVE_REPORTS, archiveReport, isArchiveReport } from './archive-report.ts';
import { CAMPAIGN_REPORTS, type ReportFormat } from './campaign-report.ts';
import { readOptions } from './options.ts';
import { SYSTEM_OPTIONS, systemConfig } from './system-config.ts';
import { startupError, UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'report campaigns',
  summary: 'print what campaigns were to deliver and did: today, so far, and by their end',
  options: {
    config: SYSTEM_OPTIONS.config,
    data: SYSTEM_OPTIONS.data,
    campaign: { type: 'string', value: 'ID', help: 'only this one (default: all)' },
    format: {
      type: 'string',
      value: 'FORMAT',
      help: 'table, csv or json, which has the slots of today (default table)',
    },
  },
} as const;

export async function report(args: readonly string[]): Promise<void> {
  const [subject, ...rest] = args;
  if (subject === 'statements') return (await import('./statements.ts')).statements(rest);
  if (subject === 'simulation') return (await import('./simulation-report.ts')).simulationReport(rest);
  if (subject === 'capacity') return (await import('./capacity-report.ts')).capacityReport(rest);
  if (subject === '--help' || subject === '-h') {
    process.stdout.write(help());
    return;
  }
  if (subject === 'campaigns') return campaigns(rest);
  if (subject !== undefined && isArchiveReport(subject)) return archiveReport(subject, rest);
  throw new UsageError(
    `report: ${subject === undefined ? 'say of what' : `nothing is known of "${subject}"`}; there are gavel report campaigns, statements, simulation, capacity, ${ARCHIVE_REPORTS.join(', ')}`,
  );
}

/** Those of the database, those of the simulator, then those of the archive. */
function help(): string {
  const reports = {
    campaigns: COMMAND.summary,
    statements: 'print what advertisers and DSPs owe, publishers have to get and the exchange keeps, by day',
    simulation: 'make a page of what a simulated run or comparison came to',
    capacity: 'print what a fleet needs for a rate of auctions',
    ...Object.fromEntries(Object.entries(REPORTS).map(([name, { summary }]) => [name, `print ${summary}`])),
  };
  const lines = Object.entries(reports).map(([name, summary]) => `  ${name.padEnd(12)}${summary}`);
  return `gavel report: figures of what was sold\n\nUsage: gavel report NAME [options]\n\n${lines.join('\n')}\n\n\`gavel report NAME --help\` lists the options of one.\n`;
}

async function campaigns(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  const format = options.format ?? 'table';
  if (!isFormat(format))
    throw new UsageError(`--format must be one of ${Object.keys(CAMPAIGN_REPORTS).join(', ')}, is "${format}"`);
  const deliveries = await readDeliveries(options);
  process.stdout.write(CAMPAIGN_REPORTS[format](deliveries));
}

function isFormat(text: string): text is ReportFormat {
  return Object.hasOwn(CAMPAIGN_REPORTS, text);
}

/** Campaigns read at a time. */
const PAGE = 1000;

async function readDeliveries(options: {
  readonly config?: string;
  readonly data?: string;
  readonly campaign?: string;
}): Promise<CampaignDelivery[]> {
  const config = systemConfig(options, []);
  const books = await readCampaignBooks(config, systemClock).catch((error: unknown) => {
    throw isInUse(error) ? new UsageError(IN_USE) : startupError(error);
  });
  if (books === null) throw new UsageError("there are no campaigns yet: name the engine's --config or --data");
  try {
    const ids = options.campaign === undefined ? await allIds(books.store) : [options.campaign];
    const deliveries: CampaignDelivery[] = [];
    for (const id of ids) {
      const delivery = await campaignDelivery(books.delivery, id, {});
      if (delivery === null) throw new UsageError(`there is no campaign "${id}"`);
      deliveries.push(delivery);
    }
    return deliveries;
  } catch (error) {
    throw startupError(error);
  } finally {
    await books.close();
  }
}

const IN_USE =
  'an engine has this folder open: ask its admin listener (GET /admin/v1/campaigns/ID/delivery), or give it a PostgreSQL (campaigns.databaseUrl)';

function isInUse(error: unknown): boolean {
  return (error as Error).name === 'FolderLockedError';
}

async function allIds(store: CampaignStore): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const afterId = ids.at(-1);
    const page = await store.list('campaign', { ...(afterId === undefined ? {} : { afterId }), limit: PAGE });
    for (const { value } of page) ids.push(value.id);
    if (page.length < PAGE) return ids;
  }
}
