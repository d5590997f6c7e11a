/** What an engine's HTTP client makes of what a DSP sends: as undici does with the same bytes (simulator/dsp/server.test.ts). */
import type { DspTransportResult } from '../../engine/ports/dsp-transport.ts';
import type { Decision } from '../dsp/behaviour.ts';
import { type DeliveryFault, type Fault, isDeliveryFault } from '../dsp/faults.ts';
import { toWireAnswer } from '../dsp/wire-answer.ts';

type WithoutLatency<T> = T extends unknown ? Omit<T, 'latencyMs'> : never;

export interface ArrivingAnswer {
  /** From the first byte to the last, ms. */
  readonly sendingMs: number;
  readonly result: WithoutLatency<Exclude<DspTransportResult, { kind: 'timeout' | 'not-sent' }>>;
}

/** Trickled answers come a byte at a time. */
const TRICKLE_INTERVAL_MS = 10;

/** Null: nothing that would end the call ever comes. `origin` is where the DSP listens. */
export function arrivingAnswer(decision: Decision, origin: string): ArrivingAnswer | null {
  const { fault, reply } = decision;
  if (fault !== null && ENDLESS.has(fault)) return unreadable('too-large');
  // It needs a bid: without one there is nothing to send wrongly.
  if (isDeliveryFault(fault) && reply !== null) return READINGS[fault](JSON.stringify(reply));
  const wire = toWireAnswer(decision, origin);
  switch (wire.kind) {
    case 'http':
      return whole(wire.status, wire.body);
    case 'reset':
      return unreachable('ECONNRESET');
    case 'silence':
    case 'raw':
      return null;
  }
}

/** Of right answers that are sent wrongly. */
const READINGS: Readonly<Record<DeliveryFault, (text: string) => ArrivingAnswer>> = {
  trickle: (text) => ({ ...whole(200, text), sendingMs: (Buffer.byteLength(text) - 1) * TRICKLE_INTERVAL_MS }),
  'reset-mid-body': () => unreachable('ECONNRESET'),
  'short-length': (text) => whole(200, Buffer.from(text).subarray(0, Buffer.byteLength(text) >> 1)),
  'long-length': () => unreachable('UND_ERR_SOCKET'),
  'bad-chunking': () => unreachable('HPE_INVALID_CHUNK_SIZE'),
  'double-gzip': () => unreadable('unknown-encoding'),
  'unknown-encoding': () => unreadable('unknown-encoding'),
};

/** More than anybody reads. */
const ENDLESS: ReadonlySet<Fault> = new Set(['huge-body', 'huge-chunked', 'endless-chunked', 'gzip-bomb']);

function whole(status: number, body: string | Buffer): ArrivingAnswer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return { sendingMs: 0, result: { kind: 'answered', status, body: bytes } };
}

function unreachable(code: string): ArrivingAnswer {
  return { sendingMs: 0, result: { kind: 'unreachable', code } };
}

function unreadable(reason: 'too-large' | 'unknown-encoding'): ArrivingAnswer {
  return { sendingMs: 0, result: { kind: 'unreadable', reason } };
}
