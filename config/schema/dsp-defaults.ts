import { type ConfigSchema, integer, section } from './kinds.ts';

export const DSP_DEFAULTS: ConfigSchema = section('For every DSP that does not say otherwise.', {
  timeoutMs: integer(30, 1, 10_000, 'ms a DSP may take in all: connection, headers and body.'),
  timeoutMsMin: integer(5, 1, 10_000, 'ms; with less time left a call is not worth making.'),
  callsPerSecond: integer(500, 1, 1_000_000, 'Expected peak; connections = calls x timeout (docs/architecture.md).'),
  waitingMax: integer(32, 0, 100_000, 'Calls that may wait for a free connection.'),
  connectTimeoutMs: integer(1000, 10, 60_000, 'ms for TCP and TLS set-up.'),
  keepAliveMs: integer(30_000, 1000, 600_000, 'ms an idle connection to a DSP is kept.'),
});
