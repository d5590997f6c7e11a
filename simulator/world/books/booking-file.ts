/** What advertisers of a world have booked: the lists of an import file (docs/admin.md), each document with its id. */
import {
  BookingError,
  readAdvertiser,
  readCampaign,
  readCreative,
  readLineItem,
} from '../../../engine/campaign/booking-documents.ts';
import type { BookingKind, BookingValues, BookingWrite } from '../../../engine/ports/campaign-store.ts';
import type { Problem } from '../../scenario-file.ts';

type Document = Readonly<Record<string, unknown>> & { readonly id: string };

/** As in an import file. A campaign without `start` starts with the world. */
export interface BookingFile {
  readonly advertisers: readonly Document[];
  readonly creatives: readonly Document[];
  readonly campaigns: readonly Document[];
  readonly 'line-items': readonly Document[];
}

const list = {
  type: 'array',
  maxItems: 10_000,
  default: [],
  items: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
} as const;

export const BOOKING_FILE_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: { advertisers: list, creatives: list, campaigns: list, 'line-items': list },
} as const;

const KINDS: { readonly [List in keyof BookingFile]: BookingKind } = {
  advertisers: 'advertiser',
  creatives: 'creative',
  campaigns: 'campaign',
  'line-items': 'line-item',
};

const READ: { readonly [Kind in BookingKind]: (id: string, document: unknown) => BookingValues[Kind] } = {
  advertiser: readAdvertiser,
  creative: readCreative,
  campaign: readCampaign,
  'line-item': readLineItem,
};

const LISTS = Object.keys(KINDS) as (keyof BookingFile)[];

export function hasBookings(file: BookingFile): boolean {
  return file.campaigns.length > 0;
}

/** Throws a `BookingFileError`. `startAt`: of the world, RFC 3339. */
export function writesOf(file: BookingFile, startAt: string): readonly BookingWrite[] {
  return LISTS.flatMap((name) =>
    file[name].map((document, index) => {
      const kind = KINDS[name];
      // Reading fills defaults in: what was read belongs to the scenario.
      const copy = structuredClone(kind === 'campaign' ? { start: startAt, ...document } : document);
      return { kind, value: read(kind, copy, [name, index]), expectedVersion: null } as BookingWrite;
    }),
  );
}

/** Where and why what is booked cannot be. */
export class BookingFileError extends Error {
  override readonly name = 'BookingFileError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.text);
    this.problem = problem;
  }
}

/** The place of a write, which a store has refused. */
export function placeOf(file: BookingFile, writeIndex: number): Problem['path'] {
  let before = 0;
  for (const name of LISTS) {
    const index = writeIndex - before;
    if (index < file[name].length) return [name, index];
    before += file[name].length;
  }
  return [];
}

function read(kind: BookingKind, document: Document, path: Problem['path']): BookingValues[BookingKind] {
  try {
    return READ[kind](document.id, document);
  } catch (error) {
    if (!(error instanceof BookingError)) throw error;
    const within = error.path.split(/[.[\]]+/).filter((part) => part !== '');
    throw new BookingFileError({ path: [...path, ...within], text: error.message });
  }
}
