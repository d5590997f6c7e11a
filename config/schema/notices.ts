import { type ConfigSchema, integer, list, section, TEXTS } from './kinds.ts';

export const NOTICES: ConfigSchema = section('Win, loss and billing notices (docs/notices.md).', {
  allowedHosts: list(TEXTS, '`host` or `host:port` that may be called although it is not public https: for local use.'),
  queueLengthMax: integer(10_000, 1, 1_000_000, 'Notices that wait; loss notices are dropped first.'),
  concurrencyMax: integer(64, 1, 10_000, 'Notices under way.'),
  timeoutMs: integer(1000, 10, 60_000, 'ms for one try.'),
});
