/**
 * 172 validation cases of Prebid Server. Cases that are OpenRTB rules get the expected status; the tables below list
 * every other one with the reason why our answer differs.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRequestReader } from './read-request.ts';

const FILE = new URL('../../shared/datasets/openrtb/prebid-validation-cases.jsonl', import.meta.url);
const ROOT = 'endpoints/openrtb2/sample-requests/';

/** Prebid Server refuses these with 400, we accept them: reason -> cases. */
const ACCEPTED_HERE: Readonly<Record<string, readonly string[]>> = {
  'enumerations are open: both sides must accept unknown values': [
    'invalid-native/asset-data-invalid-type.json',
    'invalid-native/asset-video-protocols-invalid.json',
    'invalid-native/context-type-content-incompatible-subtype.json',
    'invalid-native/context-type-product-incompatible-subtype.json',
    'invalid-native/context-type-social-incompatible-subtype.json',
    'invalid-native/contextsubtype-invalid.json',
    'invalid-native/contextsubtype-negative.json',
    'invalid-native/eventtracker-event-large.json',
    'invalid-native/eventtracker-methods-large.json',
    'invalid-native/request-context-invalid.json',
    'invalid-native/request-plcmttype-invalid.json',
  ],
  'a negative value of an optional field costs the field, with a warning': [
    'invalid-whole/audio-maxbitrate-negative.json',
    'invalid-whole/audio-maxseq-negative.json',
    'invalid-whole/audio-minbitrate-negative.json',
    'invalid-whole/audio-sequence-negative.json',
    'invalid-whole/device-geo-accuracy-negative.json',
    'invalid-whole/device-h-negative.json',
    'invalid-whole/device-ppi-negative.json',
    'invalid-whole/device-w-negative.json',
    'invalid-whole/format-hratio-negative.json',
    'invalid-whole/format-wmin-negative.json',
    'invalid-whole/format-wratio-negative.json',
    'invalid-whole/user-geo-accuracy-negative.json',
    'invalid-whole/video-h-negative.json',
    'invalid-whole/video-maxbitrate-negative.json',
    'invalid-whole/video-minbitrate-negative.json',
    'invalid-whole/video-w-negative.json',
  ],
  'what cannot be used is left out, the rest of the imp can be sold': ['invalid-whole/deal-no-id.json'],
  'a number is taken for the string it was meant as': [
    'invalid-whole/user-ext-consent-int.json',
    'invalid-whole/user-gdpr-consent-invalid.json',
  ],
  'an ext that is no object is left out, with a warning': ['invalid-whole/regs-ext-malformed.json'],
  'the specification allows a request without site, app and dooh, and all fields of site are optional': [
    'invalid-whole/no-site-or-app-or-dooh.json',
    'invalid-whole/site-empty.json',
  ],
  'rule of Prebid Server: bidder parameters in imp.ext': [
    'invalid-whole/imp-ext-empty.json',
    'invalid-whole/imp-ext-invalid-params.json',
    'invalid-whole/imp-ext-prebid-bidder-empty.json',
    'invalid-whole/imp-ext-unknown-bidder.json',
    'invalid-whole/imp-no-ext.json',
    'invalid-whole/invalid-bidder-params.json',
  ],
  'rule of Prebid Server: ext.prebid and other extensions of its own': [
    'invalid-whole/alias-bidder-self.json',
    'invalid-whole/alias-unknown-core.json',
    'invalid-whole/bid-adj-factors-case-invalid-same-bidder-names.json',
    'invalid-whole/bid-adjustment-invalid-bidder.json',
    'invalid-whole/bid-adjustment-negative.json',
    'invalid-whole/cache-nothing.json',
    'invalid-whole/interstital-bad-perc.json',
    'invalid-whole/invalid-source.json',
    'invalid-whole/site-ext-amp.json',
    'invalid-whole/storedrequest-id-int.json',
    'invalid-whole/user-ext-prebid-buyeruids-empty.json',
    'invalid-whole/user-ext-prebid-buyeruids-unknown.json',
    'invalid-whole/user-ext-prebid-empty.json',
  ],
};

/** Prebid Server answers these with 200, we refuse them: reason -> cases. */
const REFUSED_HERE: Readonly<Record<string, readonly string[]>> = {
  'a bid for a banner of no known size could not be judged, interstitial or not': [
    'valid-whole/exemplary/interstitial-no-size.json',
  ],
  'rule of Prebid Server: the media come from a stored request': ['valid-whole/supplementary/imp-info-invalid.json'],
};

interface Case {
  readonly name: string;
  readonly request: unknown;
  readonly status: number;
}

function readCases(): Case[] {
  const lines = readFileSync(FILE, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const { path, request, expectedReturnCode } = JSON.parse(line);
    return { name: path.slice(ROOT.length), request, status: expectedReturnCode };
  });
}

const isThere = existsSync(FILE);
const cases = isThere ? readCases() : [];
const read = createRequestReader();

function statusOf(request: unknown): number {
  const body = typeof request === 'string' ? request : JSON.stringify(request);
  const reading = read(new TextEncoder().encode(body));
  return reading.kind === 'ok' ? 200 : reading.httpStatus;
}

const differences = [...Object.values(ACCEPTED_HERE), ...Object.values(REFUSED_HERE)].flat();

describe.skipIf(!isThere)('shared cases ../shared/datasets/openrtb/prebid-validation-cases.jsonl', () => {
  it('are 172, and every listed difference is one of them', () => {
    expect(cases).toHaveLength(172);
    const names = new Set(cases.map(({ name }) => name));
    expect(differences.filter((name) => !names.has(name))).toEqual([]);
    expect(new Set(differences).size).toBe(differences.length);
  });

  it.each(cases.filter(({ name }) => !differences.includes(name)))('$name: $status', ({ request, status }) => {
    expect(statusOf(request)).toBe(status);
  });

  for (const [reason, names] of Object.entries(ACCEPTED_HERE)) {
    it.each(cases.filter(({ name }) => names.includes(name)))(`$name is accepted: ${reason}`, ({ request }) => {
      expect(statusOf(request)).toBe(200);
    });
  }

  for (const [reason, names] of Object.entries(REFUSED_HERE)) {
    it.each(cases.filter(({ name }) => names.includes(name)))(`$name is refused: ${reason}`, ({ request }) => {
      expect(statusOf(request)).toBe(400);
    });
  }
});
