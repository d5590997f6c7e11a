/**
 * The one place where configuration is described: type, bound, default, unit and reason of every key, a file for each section. It
 * validates files, fills in defaults, names the environment variables and renders `docs/configuration.md`.
 */

import { ADMIN } from './schema/admin.ts';
import { ADMISSION } from './schema/admission.ts';
import { ARCHIVE } from './schema/archive.ts';
import { AUCTION } from './schema/auction.ts';
import { CAMPAIGNS } from './schema/campaigns.ts';
import { COUNTERS } from './schema/counters.ts';
import { CURRENCIES } from './schema/currencies.ts';
import { DSP_DEFAULTS } from './schema/dsp-defaults.ts';
import { DSPS } from './schema/dsps.ts';
import { ESTIMATION } from './schema/estimation.ts';
import { EVENTS } from './schema/events.ts';
import { EXCHANGE } from './schema/exchange.ts';
import { FLOORS } from './schema/floors.ts';
import { type ConfigSchema, text } from './schema/kinds.ts';
import { LEARNED_RESERVE } from './schema/learned-reserve.ts';
import { LOG } from './schema/log.ts';
import { NOTICES } from './schema/notices.ts';
import { PLACEMENTS } from './schema/placements.ts';
import { PRIVACY } from './schema/privacy.ts';
import { PROTECTION } from './schema/protection.ts';
import { RETENTION } from './schema/retention.ts';
import { SERVER } from './schema/server.ts';
import { SHAPING } from './schema/shaping.ts';

export const CONFIG_SCHEMA: ConfigSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    server: SERVER,
    campaigns: CAMPAIGNS,
    admin: ADMIN,
    dataDirectory: text('data', 'Folder for everything that must survive a restart.'),
    exchange: EXCHANGE,
    auction: AUCTION,
    floors: FLOORS,
    learnedReserve: LEARNED_RESERVE,
    placements: PLACEMENTS,
    estimation: ESTIMATION,
    currencies: CURRENCIES,
    dspDefaults: DSP_DEFAULTS,
    protection: PROTECTION,
    shaping: SHAPING,
    admission: ADMISSION,
    dsps: DSPS,
    notices: NOTICES,
    events: EVENTS,
    archive: ARCHIVE,
    counters: COUNTERS,
    privacy: PRIVACY,
    retention: RETENTION,
    log: LOG,
  },
};
