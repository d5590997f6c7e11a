/** `gavel report capacity`: what a fleet needs for a rate of auctions, by what a machine was measured to do. */
import { type CapacityPlan, planCapacity } from '../simulator/capacity/capacity-plan.ts';
import { costsOf, type ReadCosts } from '../simulator/capacity/measured-costs.ts';
import { capacityTable } from '../simulator/capacity/plan-table.ts';
import { FiguresError, readFigures } from '../simulator/capacity/read-figures.ts';
import { REFERENCE_COSTS } from '../simulator/capacity/reference-costs.ts';
import { WORKLOAD_STANDARD, type Workload } from '../simulator/capacity/workload.ts';
import { type Options, readOptions, wholeNumber } from './options.ts';
import { UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'report capacity',
  summary: 'print machines, DSP calls, partitions and shards for a rate of auctions, by measured costs',
  options: {
    measurements: {
      type: 'string',
      value: 'FILE',
      help: 'what gavel bench --json printed (default: figures of docs/scale.md)',
    },
    'auctions-per-sec': {
      type: 'string',
      value: 'N',
      help: 'at the peak; several by commas (default 10000,100000,1000000)',
    },
    calls: {
      type: 'string',
      value: 'N',
      help: `DSPs that an auction calls, of ${WORKLOAD_STANDARD.dsps} (default all)`,
    },
    regions: { type: 'string', value: 'SHARES', help: 'of the traffic, by commas (default 0.6,0.3,0.1)' },
    'growth-per-sec': {
      type: 'string',
      value: 'SHARE',
      help: 'of the peak, that traffic can rise by in a second (default 0.001)',
    },
    'provisioning-sec': { type: 'string', value: 'N', help: 'until a new machine serves (default 90)' },
    utilisation: { type: 'string', value: 'SHARE', help: 'of a core at the peak (default 0.6)' },
    cores: { type: 'string', value: 'N', help: 'of a machine (default 16)' },
    json: { type: 'boolean', help: 'print JSON, with workload and costs, instead of a table' },
  },
} as const;

type CapacityOptions = Options<typeof COMMAND.options>;

export async function capacityReport(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  const { costs, missing } = readCosts(options);
  const workload = workloadOf(options);
  const plans = ratesOf(options).map((auctionsPerSec) => planCapacity({ ...workload, auctionsPerSec }, costs));
  if (missing.length > 0) {
    process.stderr.write(`not in the measurements, so from docs/scale.md: ${missing.join(', ')}\n`);
  }
  process.stdout.write(options.json === true ? json(plans, workload, costs) : capacityTable(plans));
}

function readCosts({ measurements }: CapacityOptions): ReadCosts {
  if (measurements === undefined) return { costs: REFERENCE_COSTS, missing: [] };
  try {
    return costsOf(readFigures(measurements), REFERENCE_COSTS);
  } catch (error) {
    throw error instanceof FiguresError ? new UsageError(`report capacity: --measurements: ${error.message}`) : error;
  }
}

function ratesOf(options: CapacityOptions): number[] {
  const texts = options['auctions-per-sec']?.split(',');
  if (texts === undefined) return [10_000, 100_000, 1_000_000];
  return texts.map((text) => wholeNumber(text, 'auctions-per-sec', 0, { min: 1, max: 1_000_000_000 }));
}

function workloadOf(options: CapacityOptions): Workload {
  const { dsps, provisioningSec, coresPerMachine } = WORKLOAD_STANDARD;
  return {
    ...WORKLOAD_STANDARD,
    callsPerAuction: wholeNumber(options.calls, 'calls', dsps, { min: 1, max: dsps }),
    regionShares: regionsOf(options),
    growthPerSec: shareOf(options, 'growth-per-sec', WORKLOAD_STANDARD.growthPerSec),
    provisioningSec: wholeNumber(options['provisioning-sec'], 'provisioning-sec', provisioningSec, {
      min: 0,
      max: 86_400,
    }),
    ...utilisations(options),
    coresPerMachine: wholeNumber(options.cores, 'cores', coresPerMachine, { min: 1, max: 1024 }),
  };
}

/** While a region is lost cores are never less busy than at the peak. */
function utilisations(options: CapacityOptions): Pick<Workload, 'utilisationMax' | 'utilisationMaxInFailure'> {
  const utilisationMax = shareOf(options, 'utilisation', WORKLOAD_STANDARD.utilisationMax);
  if (utilisationMax === 0) throw new UsageError('--utilisation must be above 0');
  return {
    utilisationMax,
    utilisationMaxInFailure: Math.max(utilisationMax, WORKLOAD_STANDARD.utilisationMaxInFailure),
  };
}

function regionsOf({ regions }: CapacityOptions): readonly number[] {
  if (regions === undefined) return WORKLOAD_STANDARD.regionShares;
  const shares = regions.split(',').map(Number);
  const sum = shares.reduce((total, share) => total + share, 0);
  if (shares.every((share) => share > 0) && Math.abs(sum - 1) < 1e-9) return shares;
  throw new UsageError(`--regions must be shares above 0 that sum to 1, as in 0.6,0.3,0.1; is "${regions}"`);
}

function shareOf(options: CapacityOptions, name: 'growth-per-sec' | 'utilisation', standard: number): number {
  const text = options[name];
  if (text === undefined) return standard;
  const share = Number(text);
  if (text.trim() !== '' && share >= 0 && share <= 1) return share;
  throw new UsageError(`--${name} must be a number from 0 to 1, is "${text}"`);
}

function json(plans: readonly CapacityPlan[], workload: Workload, costs: ReadCosts['costs']): string {
  const { auctionsPerSec: _, ...shared } = workload;
  return `${JSON.stringify({ workload: shared, costs, plans })}\n`;
}
