import { type ConfigSchema, choice, integer, STRICTNESS, section, text } from './kinds.ts';

/** Upper bound of `server.workers`. */
export const WORKERS_MAX = 64;

export const SERVER: ConfigSchema = section('Where publishers connect.', {
  host: text('127.0.0.1', 'Address to listen on. Loopback by default: opening it is a decision.'),
  port: integer(8080, 0, 65535, 'TCP port; 0 picks a free one.'),
  headersTimeoutMs: integer(1000, 100, 60_000, 'ms a client may take to send its headers; slow clients hold sockets.'),
  requestTimeoutMs: integer(2000, 100, 60_000, 'ms a client may take to send the whole request.'),
  idleTimeoutMs: integer(10_000, 100, 600_000, 'ms an idle connection is kept open.'),
  connectionsMax: integer(
    20_000,
    1,
    1_000_000,
    'Open client connections, and ad requests under way; the idlest connection makes room for one more.',
  ),
  drainIdleMs: integer(
    1000,
    0,
    2000,
    'ms a stopping engine still answers requests that come on open connections before it closes idle ones.',
  ),
  workers: integer(1, 1, WORKERS_MAX, 'Engine processes on the port; about one per core (docs/processes.md).'),
  publisherStrictness: choice('default', STRICTNESS, 'How publisher requests are judged, see docs/openrtb.md.'),
  warmUpAuctions: integer(
    300,
    0,
    100_000,
    'Auctions run on loopback before listening, so that the first real ones do not wait for the compiler; 0 = none.',
  ),
});
