import { type ConfigSchema, choice, section } from './kinds.ts';

export const LOG: ConfigSchema = section('Process log, JSON lines on stderr.', {
  level: choice('info', ['fatal', 'error', 'warn', 'info', 'debug', 'silent'], 'Least severe level written.'),
});
