import type { BidRequest, Device, Regs, User } from '../../openrtb/types.ts';
import type { SeededRandom } from '../random.ts';
import { generateImps, type PlacementKind } from './generated-imps.ts';
import { APPS, COMPUTERS, PHONES, PLACES, SITES, TELEVISIONS, TV_APPS } from './inventory.ts';

/** Share of each kind in generated traffic, out of 100. */
export const TRAFFIC_MIX: readonly { readonly kind: PlacementKind; readonly weight: number }[] = [
  { kind: 'app-banner', weight: 34 },
  { kind: 'site-banner', weight: 22 },
  { kind: 'interstitial', weight: 10 },
  { kind: 'native', weight: 10 },
  { kind: 'video', weight: 8 },
  { kind: 'multi-imp', weight: 6 },
  { kind: 'tv', weight: 4 },
  { kind: 'deal', weight: 4 },
  { kind: 'audio', weight: 2 },
];

/** Sample of the TCF specification (v2): well formed, no real user's choice. */
const TCF_CONSENT = 'COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA';

/** The n-th valid 2.6 request of a stream (about 1 to 2 KB). Depends on the stream's labels and `index` only; ids never repeat. */
export function generateRequest(traffic: SeededRandom, index: number): BidRequest {
  const random = traffic.fork(`request-${index}`);
  const { kind } = random.pickWeighted(TRAFFIC_MIX);
  const place = random.pickWeighted(PLACES).value;
  const isApp = APP_KINDS.has(kind);
  return {
    id: `${hex(random, 16)}-${index}`,
    imp: generateImps(kind, random),
    ...(isApp ? { app: random.pick(kind === 'tv' ? TV_APPS : APPS) } : { site: random.pick(SITES) }),
    device: {
      ...pickDevice(kind, isApp, random),
      ...connection(random, isApp),
      geo: place.geo,
      language: place.language,
    },
    user: pickUser(random, place.gdpr),
    at: 2,
    tmax: 150,
    cur: random.chance(0.2) ? ['USD', 'EUR'] : ['USD'],
    bcat: ['IAB25', 'IAB26', ...(random.chance(0.2) ? ['IAB14'] : [])],
    ...(random.chance(0.3) ? { badv: ['bank.example.com'] } : {}),
    source: {
      fd: 0,
      tid: uuid(random),
      schain: {
        complete: 1,
        ver: '1.0',
        nodes: [{ asi: 'ssp.example.com', sid: `seller-${random.integer(1, 99)}`, hp: 1 }],
      },
    },
    regs: regulations(place.geo.country, place.gdpr),
  };
}

const APP_KINDS: ReadonlySet<PlacementKind> = new Set(['app-banner', 'video', 'tv', 'audio', 'interstitial']);

function pickDevice(kind: PlacementKind, isApp: boolean, random: SeededRandom): Device {
  if (kind === 'tv') return random.pickWeighted(TELEVISIONS).value;
  const isHandheld = isApp || random.chance(0.6);
  return random.pickWeighted(isHandheld ? PHONES : COMPUTERS).value;
}

/** Addresses reserved for documentation (RFC 5737): they belong to nobody. */
function connection(random: SeededRandom, isApp: boolean): Device {
  const network = random.pick(['192.0.2', '198.51.100', '203.0.113']);
  return {
    ip: `${network}.${random.integer(1, 254)}`,
    connectiontype: random.pick([2, 6, 7]),
    lmt: 0,
    ...(isApp ? { ifa: uuid(random) } : {}),
  };
}

function pickUser(random: SeededRandom, gdpr: boolean): User {
  return {
    id: hex(random, 24),
    ...(gdpr ? { consent: TCF_CONSENT } : {}),
    ...(random.chance(0.5) ? { eids: [{ source: 'id.example.com', uids: [{ id: hex(random, 32), atype: 1 }] }] } : {}),
    ...(random.chance(0.4)
      ? {
          data: [
            {
              id: 'segments.example.com',
              segment: [{ id: String(random.integer(1, 400)) }, { id: String(random.integer(401, 800)) }],
            },
          ],
        }
      : {}),
  };
}

function regulations(country: string | undefined, gdpr: boolean): Regs {
  return { coppa: 0, gdpr: gdpr ? 1 : 0, ...(country === 'USA' ? { us_privacy: '1YNN' } : {}) };
}

function hex(random: SeededRandom, digits: number): string {
  let text = '';
  while (text.length < digits)
    text += Math.floor(random.next() * 4_294_967_296)
      .toString(16)
      .padStart(8, '0');
  return text.slice(0, digits);
}

function uuid(random: SeededRandom): string {
  const digits = hex(random, 32);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`;
}
