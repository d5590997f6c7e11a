/**
 * Reads logs of the format that the DSP iPinYou published for its contest of 2013, and tells each impression as an
 * OpenRTB request and bid. A row's click is what the click log says; a click row of an impression that is not in the
 * (sampled) impression log is an impression too.
 *
 * Left out since they leak the click or are different in the two logs: price paid, user tags, ids of users and bids, log
 * type, time below the hour. The user agent is not the same in both logs either; `device` decides whether its families
 * of system and browser are told.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { LoggedImpression } from '../../engine/estimation/features/training-target.ts';
import { browserOf, systemOf } from '../../engine/estimation/features/user-agent.ts';
import { NO_PRIORS } from '../../engine/estimation/priors.ts';
import { bidCandidate } from '../../engine/exchange/bid-candidate.ts';
import type { BidRequest, Device, Imp } from '../../openrtb/types.ts';
import { InputError, readInput, textOf } from './input-file.ts';

export interface IpinyouOptions {
  /** Of folders with `imp.*.tsv[.gz]` and `clk.*.tsv[.gz]`. */
  readonly folders: readonly string[];
  readonly device: 'none' | 'coarse';
  /** `yyyyMMdd` */
  readonly isWanted: (day: string) => boolean;
}

/** Columns of a row, see the contest's description. */
const COLUMN = {
  bidId: 0,
  timestamp: 1,
  userAgent: 4,
  region: 6,
  city: 7,
  exchange: 8,
  domain: 9,
  placement: 12,
  width: 13,
  height: 14,
  visibility: 15,
  format: 16,
  floor: 17,
  creative: 18,
  keyPage: 21,
  advertiser: 22,
} as const;
const COLUMN_COUNT = 24;

/** China has one time zone. */
const UTC_OFFSET_MINUTES = 480;
/** Slot visibility to AdCOM "Placement Positions": first view is above the fold, later ones below, other is unknown. */
const POSITIONS: Readonly<Record<string, number>> = { '1': 1, '2': 3, '255': 0 };
/** Slot format of pop-up and floating ads: the nearest that OpenRTB has is an interstitial. */
const POP_UP = '5';

/** In the order of the files, each bid id once. Throws an InputError for a folder without logs or a row too short. */
export function readIpinyou(options: IpinyouOptions): LoggedImpression[] {
  const clicked = new Map<string, LoggedImpression>();
  for (const columns of rowsOf('clk', options)) {
    if (!clicked.has(columns[COLUMN.bidId]!)) clicked.set(columns[COLUMN.bidId]!, impression(columns, true, options));
  }
  const shown = new Map<string, LoggedImpression>();
  for (const columns of rowsOf('imp', options)) {
    const id = columns[COLUMN.bidId]!;
    if (!clicked.has(id) && !shown.has(id)) shown.set(id, impression(columns, false, options));
  }
  const isWanted = ({ day }: LoggedImpression): boolean => options.isWanted(day);
  return [...[...shown.values()].filter(isWanted), ...[...clicked.values()].filter(isWanted)];
}

function* rowsOf(log: 'imp' | 'clk', { folders }: IpinyouOptions): Generator<string[]> {
  const named = new RegExp(`^${log}\\.(.+\\.)?tsv(\\.gz)?$`);
  const files = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => named.test(name))
      .sort()
      .map((name) => join(folder, name)),
  );
  if (files.length === 0) throw new InputError(`there is no ${log}.*.tsv or ${log}.*.tsv.gz in ${folders.join(', ')}`);
  for (const file of files) {
    const bytes = readInput(file);
    const lines = textOf(file, file.endsWith('.gz') ? unzipped(file, bytes) : bytes).split('\n');
    for (const [index, line] of lines.entries()) {
      if (line === '') continue;
      const columns = line.split('\t');
      if (columns.length < COLUMN_COUNT)
        throw new InputError(`${file}:${index + 1}: has ${columns.length} columns, not ${COLUMN_COUNT}`);
      yield columns;
    }
  }
}

function unzipped(file: string, bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new InputError(`${file}: cannot be unpacked (${(error as Error).message})`);
  }
}

function impression(columns: readonly string[], isClicked: boolean, options: IpinyouOptions): LoggedImpression {
  const timestamp = columns[COLUMN.timestamp]!;
  const imp = impOf(columns);
  const bid = {
    id: '',
    impid: imp.id,
    price: 0,
    crid: columns[COLUMN.creative]!,
    adomain: [columns[COLUMN.advertiser]!],
    w: Number(columns[COLUMN.width]),
    h: Number(columns[COLUMN.height]),
    mtype: 1,
  };
  // The landing page stands for the buyer's campaign, as a seat does.
  const origin = {
    dspId: 'ipinyou',
    seat: known(columns[COLUMN.keyPage]!) ?? null,
    groupKey: null,
    currency: 'CNY',
    pricing: 'cpm',
    quality: 1,
  } as const;
  return {
    id: columns[COLUMN.bidId]!,
    day: timestamp.slice(0, 8),
    atMs: hourMs(timestamp),
    request: requestOf(columns, imp, options),
    imp,
    bid: bidCandidate(0, bid, origin, NO_PRIORS),
    isClicked,
    clickedAtMs: isClicked ? timeMs(timestamp) : null,
    clickProbability: null,
    conversion: null,
  };
}

function impOf(columns: readonly string[]): Imp {
  const size = { w: Number(columns[COLUMN.width]), h: Number(columns[COLUMN.height]) };
  const position = POSITIONS[columns[COLUMN.visibility]!];
  return {
    id: '1',
    tagid: columns[COLUMN.placement]!,
    banner: { format: [size], ...(position === undefined ? {} : { pos: position }) },
    instl: columns[COLUMN.format] === POP_UP ? 1 : 0,
    // Logged in fen per thousand impressions.
    bidfloor: Number(columns[COLUMN.floor]) / 100,
    bidfloorcur: 'CNY',
  };
}

function requestOf(columns: readonly string[], imp: Imp, { device }: IpinyouOptions): BidRequest {
  const domain = known(columns[COLUMN.domain]!);
  const geo = {
    country: 'CHN',
    region: columns[COLUMN.region]!,
    city: columns[COLUMN.city]!,
    utcoffset: UTC_OFFSET_MINUTES,
  };
  return {
    id: '',
    imp: [imp],
    site: domain === undefined ? {} : { domain },
    device: { geo, ...(device === 'coarse' ? coarseDevice(columns[COLUMN.userAgent]!) : {}) },
    source: { schain: { complete: 0, ver: '1.0', nodes: [{ asi: columns[COLUMN.exchange]!, sid: '' }] } },
  };
}

function coarseDevice(userAgent: string): Device {
  return {
    sua: {
      platform: { brand: systemOf(userAgent).family },
      browsers: [{ brand: browserOf(userAgent).family }],
    },
  };
}

function known(text: string): string | undefined {
  return text === '' || text === 'null' ? undefined : text;
}

/** Start of the hour of a time `yyyyMMddHHmmssSSS` in China. */
function hourMs(timestamp: string): number {
  return timeMs(timestamp.slice(0, 10));
}

/** A time `yyyyMMddHHmmssSSS` in China; what is cut off is 0. */
function timeMs(timestamp: string): number {
  const part = (from: number, to: number): number => Number(timestamp.slice(from, to));
  const [year, month, day, hour] = [part(0, 4), part(4, 6), part(6, 8), part(8, 10)];
  const utcMs = Date.UTC(year, month - 1, day, hour, part(10, 12), part(12, 14), part(14, 17));
  return utcMs - UTC_OFFSET_MINUTES * 60_000;
}
