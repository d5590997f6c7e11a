/** `gavel replay what-if`: the same traffic by other rules, before and after. */
import { parse } from 'yaml';
import { ConfigError, loadConfig } from '../config/load.ts';
import type { Config } from '../config/types.ts';
import type { Mechanism } from '../engine/auction/types.ts';
import type { ConfigChange } from '../simulator/replay/what-if/config-change.ts';
import { runWhatIf } from '../simulator/replay/what-if/what-if.ts';
import { formatWhatIf } from '../simulator/replay/what-if/what-if-text.ts';
import { jsonText, shownLines } from './cell-text.ts';
import { readOptions } from './options.ts';
import { noAuctions, REPLAY_EVENTS_OPTIONS, replayedEvents, replayWindow } from './replay-events.ts';
import { timedReplay } from './replay-progress.ts';
import { UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'replay what-if',
  summary: 'decide recorded auctions by another configuration (or, without one, by this build), and compare',
  options: {
    ...REPLAY_EVENTS_OPTIONS,
    config: {
      type: 'string',
      value: 'FILE',
      help: 'the other configuration; what --engine-config says alike stays as it was recorded',
    },
    set: {
      type: 'string',
      value: 'KEY=VALUE',
      multiple: true,
      help: 'a setting that is to differ, e.g. auction.incrementCpmMicros=50000 (YAML; may be given again)',
    },
    mechanism: { type: 'string', value: 'NAME', help: 'charge all auctions by first_price, gsp or vcg' },
    without: { type: 'string', value: 'IDS', help: 'leave out the bids of these DSPs, commas between' },
    json: { type: 'boolean', help: 'print the report as JSON' },
  },
} as const;

type WhatIfOptions = NonNullable<ReturnType<typeof readOptions<typeof COMMAND.options>>>;

export async function replayWhatIf(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  const window = replayWindow(options);
  const change = changeOf(options);
  const events = await replayedEvents(options);
  const { value: report, seconds } = await timedReplay(process.stderr, (onAuction) =>
    runWhatIf({ events, window, change, defaults: configOf(null, {}), onAuction }),
  );
  if (report.read.auctions === 0) throw noAuctions(events);
  const reading = { source: events.name, seconds };
  process.stdout.write(
    options.json === true ? jsonText({ ...reading, ...report }) : shownLines(formatWhatIf(report, reading)),
  );
}

const MECHANISMS: readonly Mechanism[] = ['first_price', 'gsp', 'vcg'];

/** Settings alone change what they name, wherever nobody says what the rest was. */
function changeOf({ config, set = [], mechanism, without = '', 'engine-config': engine }: WhatIfOptions): ConfigChange {
  if (mechanism !== undefined && !MECHANISMS.some((known) => known === mechanism)) {
    throw new UsageError(`--mechanism must be one of ${MECHANISMS.join(', ')}, is "${mechanism}"`);
  }
  const base = engine ?? null;
  return {
    recorded: base === null && config !== undefined ? null : configOf(base, {}),
    changed: configOf(config ?? base, Object.fromEntries(set.map(settingOf))),
    mechanism: (mechanism as Mechanism | undefined) ?? null,
    without: new Set(without.split(',').filter((id) => id !== '')),
  };
}

function configOf(file: string | null, overrides: Readonly<Record<string, unknown>>): Config {
  try {
    return loadConfig({ file, environment: process.env, overrides });
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message);
    throw error;
  }
}

function settingOf(text: string): readonly [path: string, value: unknown] {
  const at = text.indexOf('=');
  if (at <= 0) throw new UsageError(`--set must be like auction.incrementCpmMicros=50000, is "${text}"`);
  const path = text.slice(0, at);
  try {
    return [path, parse(text.slice(at + 1))];
  } catch (error) {
    throw new UsageError(`--set ${path}: ${(error as Error).message.split('\n', 1)[0]}`);
  }
}
