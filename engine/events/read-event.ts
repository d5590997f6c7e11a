/**
 * Events as stored and as read. What is read was perhaps written by the version before or after: see `event-schemas.ts`.
 * Anything else is refused by code, so that a consumer can set it aside.
 */
import { Ajv, type ValidateFunction } from 'ajv';
import { type AuctionEvent, decodeAuctionEvent, encodeAuctionEvent } from '../exchange/auction-event.ts';
import { EVENT_SCHEMAS, type EventType } from './event-schemas.ts';
import type { OutcomeEvent, UserDeletionEvent } from './outcome-events.ts';

export type GavelEvent = AuctionEvent | OutcomeEvent | UserDeletionEvent;

/**
 * `code` is stable: `not-json`, `unknown-type`, `unsupported-version` (neither ours, older, nor the next), `invalid` (the message
 * names the field).
 */
export class EventFormatError extends Error {
  override readonly name = 'EventFormatError';
  readonly code: 'not-json' | 'unknown-type' | 'unsupported-version' | 'invalid';

  constructor(code: EventFormatError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** UTF-8 JSON, as appended to the event log. */
export function encodeEvent(event: GavelEvent): Uint8Array {
  return event.type === 'auction' ? encodeAuctionEvent(event) : encoder.encode(JSON.stringify(event));
}

/** Throws an EventFormatError. */
export function readEvent(payload: Uint8Array): GavelEvent {
  return readStoredEvent(payload).event;
}

/** With the version that it was stored in: `event` is in the shape of today's. Throws an EventFormatError. */
export function readStoredEvent(payload: Uint8Array): { readonly event: GavelEvent; readonly storedVersion: number } {
  const stored = parse(payload);
  const validate = typeof stored.type === 'string' ? validators().get(stored.type) : undefined;
  if (validate === undefined) throw new EventFormatError('unknown-type', `type ${JSON.stringify(stored.type)}`);
  if (!validate(stored)) throw formatError(validate);
  const event =
    stored.type === 'auction' ? decodeAuctionEvent(stored) : (stored as unknown as OutcomeEvent | UserDeletionEvent);
  return { event, storedVersion: stored.version as number };
}

function parse(payload: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(payload));
  } catch (error) {
    throw new EventFormatError('not-json', (error as Error).message);
  }
  if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  throw new EventFormatError('not-json', 'no JSON object');
}

function formatError({ errors }: ValidateFunction): EventFormatError {
  const { instancePath, message, keyword } = errors![0]!;
  const isNewer = instancePath === '/version' && keyword === 'maximum';
  return new EventFormatError(
    isNewer ? 'unsupported-version' : 'invalid',
    `${instancePath.slice(1)} ${message}`.trim(),
  );
}

let compiled: ReadonlyMap<string, ValidateFunction> | null = null;

/** Compiled when the first event is read: some ten milliseconds, and who only writes never needs it. */
function validators(): ReadonlyMap<string, ValidateFunction> {
  if (compiled === null) {
    const ajv = new Ajv({ strictTypes: false, unicode: false, logger: false });
    const types = Object.keys(EVENT_SCHEMAS) as EventType[];
    compiled = new Map(types.map((type) => [type, ajv.compile(EVENT_SCHEMAS[type])]));
  }
  return compiled;
}
