import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it, test } from 'vitest';
import { AUCTION_EVENT_VERSION } from '../exchange/auction-event.ts';
import { envelopeOf } from '../exchange/event-envelope.ts';
import { EVENT_SCHEMAS, type EventSchema, type EventType } from './event-schemas.ts';
import { OUTCOME_EVENT_VERSION } from './outcome-events.ts';
import { EventFormatError, encodeEvent, type GavelEvent, readEvent } from './read-event.ts';
import { SAMPLES } from './testing/build-events.ts';

const RELEASED = join(import.meta.dirname, 'released');
const TYPES = Object.keys(EVENT_SCHEMAS) as EventType[];
const versionOf = (type: EventType) => (type === 'auction' ? AUCTION_EVENT_VERSION : OUTCOME_EVENT_VERSION);
const schemaFile = (type: EventType, version: number) => join(RELEASED, `${type}.v${version}.schema.json`);
const sampleFile = (type: EventType, version: number) => join(RELEASED, `${type}.v${version}.sample.json`);
const text = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe.each(TYPES)('%s', (type) => {
  const version = versionOf(type);

  it('has not changed since its version was released', async () => {
    await expect(text(EVENT_SCHEMAS[type])).toMatchFileSnapshot(schemaFile(type, version));
    const stored = JSON.parse(new TextDecoder().decode(encodeEvent(SAMPLES[type])));
    await expect(text(stored)).toMatchFileSnapshot(sampleFile(type, version));
  });

  it('comes back as it was', () => {
    expect(readEvent(encodeEvent(SAMPLES[type]))).toEqual(SAMPLES[type]);
  });

  if (type !== 'user_deletion') {
    it('goes the way of all events of its user', () => {
      const event = { ...SAMPLES[type], userKey: 'user' } as GavelEvent;
      expect(envelopeOf(encodeEvent(event))).toEqual({ type, key: 'user' });
    });
  }

  it('of the version before is read, and one of today by readers of the version before', () => {
    if (version === 1) return;
    expect(readEvent(bytes(json(sampleFile(type, version - 1)))).type).toBe(type);
    if (!existsSync(schemaFile(type, version - 1))) return;
    const before = json(schemaFile(type, version - 1));
    expect(new Ajv({ strictTypes: false }).validate(before, json(sampleFile(type, version)))).toBe(true);
    expect(compatibilityFaults(before, EVENT_SCHEMAS[type])).toEqual([]);
  });

  it('of the next version is read, with what it adds', () => {
    const next = { ...json(sampleFile(type, version)), version: version + 1, later: { what: 'ever' } };
    expect(readEvent(bytes(next)).type).toBe(type);
    const afterNext = { ...next, version: version + 2 };
    expect(() => readEvent(bytes(afterNext))).toThrow(expect.objectContaining({ code: 'unsupported-version' }));
  });

  it('without a field that it must have is refused, and the field named', () => {
    for (const field of EVENT_SCHEMAS[type].required.filter((name) => name !== 'type')) {
      const { [field]: _, ...rest } = json(sampleFile(type, version));
      expect(() => readEvent(bytes(rest)), field).toThrow(
        new EventFormatError('invalid', `must have required property '${field}'`),
      );
    }
  });
});

test('every released sample can be read', () => {
  const samples = readdirSync(RELEASED).filter((name) => name.endsWith('.sample.json'));
  expect(samples.length).toBeGreaterThan(TYPES.length);
  for (const name of samples) expect(readEvent(bytes(json(join(RELEASED, name)))).type).toBe(name.split('.')[0]);
});

test('what is no event is refused by code', () => {
  const refusals: readonly [Uint8Array, EventFormatError['code']][] = [
    [new TextEncoder().encode('{"type":"win"'), 'not-json'],
    [bytes(null), 'not-json'],
    [bytes([]), 'unknown-type'],
    [bytes({ type: 'toString' }), 'unknown-type'],
    [bytes({ ...SAMPLES.click, sale: { ...(SAMPLES.click as { sale: object }).sale, amount: 1.5 } }), 'invalid'],
    [bytes({ ...SAMPLES.click, version: 0 }), 'invalid'],
  ];
  for (const [payload, code] of refusals) expect(() => readEvent(payload)).toThrow(expect.objectContaining({ code }));
});

test('a change that the version before cannot live with is found', () => {
  const before = EVENT_SCHEMAS.loss;
  const { reason: _, ...others } = before.properties;
  expect(
    compatibilityFaults(before, {
      ...before,
      properties: others,
      required: before.required.filter((name) => name !== 'reason'),
    }),
  ).toEqual(['reason was required and is gone']);
  expect(
    compatibilityFaults(before, {
      ...before,
      required: [...before.required, 'new'],
      properties: { ...before.properties, new: {} },
    }),
  ).toEqual(['new is required and was not']);
});

/** Of top-level fields; those within are held by the samples. */
function compatibilityFaults(before: EventSchema, after: EventSchema): string[] {
  const gone = before.required
    .filter((name) => !(name in after.properties))
    .map((name) => `${name} was required and is gone`);
  const added = after.required
    .filter((name) => !(name in before.properties))
    .map((name) => `${name} is required and was not`);
  return [...gone, ...added];
}
