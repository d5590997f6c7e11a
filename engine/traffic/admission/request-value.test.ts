import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { peekFloorMicros, peekPlacement, peekPublisher } from './body-peek.ts';
import { ADMISSION_DEFAULTS } from './defaults.ts';
import { hashText } from './key-hash.ts';
import { hintsBeforeParsing, RequestValues } from './request-value.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const values = (): RequestValues => new RequestValues(ADMISSION_DEFAULTS.values);

function request(publisherId: string, tagid: string): string {
  const imp = { id: '1', banner: { format: [{ w: 300, h: 250 }] }, tagid, bidfloor: 0.5 };
  return JSON.stringify({ id: 'r', imp: [imp], site: { id: 's', publisher: { name: 'P', id: publisherId } } });
}

describe('peeking into the body', () => {
  it('finds publisher and placement as parsing would', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9_./-]{1,40}$/);
    fc.assert(
      fc.property(id, id, (publisher, tagid) => {
        const body = bytes(request(publisher, tagid));
        expect(peekPlacement(body)).toBe(hashText(tagid));
        expect(peekPublisher(body)).toBe(hashText(publisher));
      }),
    );
  });

  it('takes blanks around the colon', () => {
    expect(peekPlacement(bytes('{"imp":[{"tagid" \n:\t "top"}]}'))).toBe(hashText('top'));
  });

  it.each([
    ['nothing', ''],
    ['no such field', '{"id":"1"}'],
    ['a number', '{"tagid":5,"publisher":{"id":7}}'],
    ['a text that does not end', '{"publisher":{"id":"x'],
    ['the end behind the name', '{"publisher":{"id"'],
    ['an id behind the publisher', '{"publisher":{},"id":"x"}'],
  ])('finds nothing in %s', (_, text) => {
    expect(peekPlacement(bytes(text))).toBe(0);
    expect(peekPublisher(bytes(text))).toBe(0);
  });

  it('reads no further than 4 KB', () => {
    expect(peekPlacement(bytes(`${' '.repeat(4096)}"tagid":"x"`))).toBe(0);
    expect(peekPlacement(bytes(`"tagid":"${'x'.repeat(5000)}"`))).toBe(0);
  });

  it('survives any bytes', () => {
    const part = fc.constantFrom('"tagid"', '"publisher"', '"id"', ':', '"', '{', '}', '\\', 'x', '\u0000', 'é');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
        const body = bytes(parts.join(''));
        expect(Number.isInteger(peekPlacement(body))).toBe(true);
        expect(Number.isInteger(peekPublisher(body))).toBe(true);
      }),
    );
  });

  it('finds the highest floor of imps and deals', () => {
    const floor = fc.integer({ min: 0, max: 999_999_999 });
    fc.assert(
      fc.property(floor, floor, (impMicros, dealMicros) => {
        const deal = { id: 'd', bidfloor: dealMicros / 1e6 };
        const imp = { id: '1', bidfloor: impMicros / 1e6, pmp: { deals: [deal] } };
        const text = JSON.stringify({ imp: [imp] });
        // JSON writes a millionth as 1e-6, which is read as its mantissa: as good as nothing is not worth more code.
        fc.pre(!text.includes('e-'));
        expect(peekFloorMicros(bytes(text))).toBe(Math.max(impMicros, dealMicros));
      }),
    );
  });

  it.each([
    ['a text', '{"bidfloor":"2.5"}', 0],
    ['a negative one', '{"bidfloor":-2.5}', 0],
    ['none', '{"imp":[]}', 0],
    ['the end behind the point', '{"bidfloor":2.', 2_000_000],
    ['more digits than money has', `{"bidfloor":${'9'.repeat(50)}}`, 999_999_999_000_000],
  ])('reads a floor that is %s without harm', (_, text, micros) => {
    expect(peekFloorMicros(bytes(text))).toBe(micros);
  });
});

describe('request value', () => {
  const top = hintsBeforeParsing('', bytes(request('pub', 'top')));
  const foot = hintsBeforeParsing('', bytes(request('pub', 'foot')));

  it('is 0 before anything was sold', () => {
    expect(values().estimate(top)).toBe(0);
  });

  it('comes to the mean of the placement, unsold requests included', () => {
    const learned = values();
    for (let index = 0; index < 2000; index++) {
      learned.learn(top, index % 2 === 0 ? 4_000_000 : 0);
      learned.learn(foot, index % 4 === 0 ? 400_000 : 0);
    }
    expect(learned.estimate(top)).toBeGreaterThan(1_800_000);
    expect(learned.estimate(top)).toBeLessThan(2_200_000);
    expect(learned.estimate(foot)).toBeLessThan(250_000);
  });

  it('a new placement is worth what its publisher is, a new publisher what everybody is', () => {
    const learned = values();
    const poor = hintsBeforeParsing('', bytes(request('poor', 'x')));
    for (let index = 0; index < 500; index++) {
      learned.learn(top, 3_000_000);
      learned.learn(poor, 100_000);
    }
    const newPlacement = hintsBeforeParsing('', bytes(request('pub', 'new')));
    const newPublisher = hintsBeforeParsing('', bytes(request('stranger', 'new')));
    expect(learned.estimate(newPlacement)).toBeGreaterThan(2_500_000);
    expect(learned.estimate(newPublisher)).toBeGreaterThan(1_000_000);
    expect(learned.estimate(newPublisher)).toBeLessThan(2_000_000);
  });

  it('follows a placement that changes', () => {
    const learned = values();
    for (let index = 0; index < 2000; index++) learned.learn(top, 1_000_000);
    for (let index = 0; index < 1000; index++) learned.learn(top, 5_000_000);
    expect(learned.estimate(top)).toBeGreaterThan(4_500_000);
  });

  it('a floor raises it by what sells at all', () => {
    const learned = values();
    for (let index = 0; index < 2000; index++) learned.learn(top, index % 2 === 0 ? 1_000_000 : 0);
    const dear = hintsBeforeParsing('', bytes(request('pub', 'top').replace('0.5', '8')));
    expect(learned.estimate(dear)).toBeGreaterThan(3_600_000);
    expect(learned.estimate(dear)).toBeLessThan(4_400_000);
  });

  it("a forged placement id moves nobody else's value", () => {
    const learned = values();
    for (let index = 0; index < 500; index++) learned.learn(top, 2_000_000);
    const before = learned.estimate(top);
    const forged = hintsBeforeParsing('', bytes(request('thief', 'top')));
    for (let index = 0; index < 500; index++) learned.learn(forged, 0);
    expect(learned.estimate(forged)).toBeLessThan(200_000);
    expect(learned.estimate(top)).toBeGreaterThan(before * 0.9);
  });
});
