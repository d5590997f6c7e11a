import { beforeAll, describe, expect, it } from 'vitest';
import { simulateImpressions } from '../../../simulator/clicks/simulated-log.ts';
import { seededRandom } from '../../../simulator/random.ts';
import type { LoggedImpression } from '../features/training-target.ts';
import { PERIOD_MS, quarantineSuspects } from './training-quarantine.ts';

const random = seededRandom(7);
let clean: LoggedImpression[];
let start: number;
beforeAll(() => {
  clean = simulateImpressions(12_000, 5, () => true);
  start = Math.floor(clean[0]!.atMs / PERIOD_MS) * PERIOD_MS;
});

/** Impressions of one placement in one period, all clicked, in the place of others. */
function farm(
  id: string,
  count: number,
  period: number,
  change: (impression: LoggedImpression, index: number) => { readonly clickedAtMs: number; readonly ip?: string },
): LoggedImpression[] {
  return Array.from({ length: count }, (_, index) => {
    const model = clean[(index * 37) % clean.length]!;
    const { clickedAtMs, ip } = change(model, index);
    const imp = { ...model.imp, tagid: id };
    const device = ip === undefined ? model.request.device : { ip };
    const { app: _app, ...rest } = model.request;
    const site = { domain: 'farm.example', publisher: { id: 'pub-farm' } };
    const request = { ...rest, site, imp: [imp], ...(device === undefined ? {} : { device }) };
    const atMs = start + period * PERIOD_MS;
    return { ...model, id: `${id}-${index}`, atMs, request, imp, isClicked: true, clickedAtMs };
  });
}

const whenever = (): number => start + random.next() * PERIOD_MS;

/** What was planted, each with its reasons; and how much of the rest was lost. */
function judged(planted: readonly LoggedImpression[], others = clean) {
  const { clean: kept, quarantined } = quarantineSuspects([...others, ...planted]);
  const isPlanted = new Set(planted);
  const caught = quarantined.filter(({ impression }) => isPlanted.has(impression));
  expect(kept.length + quarantined.length).toBe(others.length + planted.length);
  return {
    caughtShare: caught.length / planted.length,
    reasons: [...new Set(caught.flatMap(({ level, signs }) => signs.map((sign) => `${level} ${sign}`)))],
    lostShare: (quarantined.length - caught.length) / others.length,
  };
}

describe('a simulated log', () => {
  it('that nobody tampered with loses nearly nothing', () => {
    const { clean: kept, quarantined } = quarantineSuspects(clean);
    expect(quarantined.length).toBeLessThan(0.002 * clean.length);
    expect(kept).toEqual(clean.filter((impression) => kept.includes(impression)));
  });

  it('loses placements that are clicked three deviations more often than before', () => {
    const { publisher } = clean[0]!.request.app ?? clean[0]!.request.site!;
    const period = clean.at(-1)!.atMs - (clean.at(-1)!.atMs % PERIOD_MS);
    const isHit = ({ request, atMs }: LoggedImpression): boolean =>
      atMs >= period && (request.app ?? request.site)?.publisher?.id === publisher!.id;
    const planted = clean.filter(isHit).map((one) => ({ ...one, isClicked: true, clickedAtMs: one.atMs }));
    expect(planted.length).toBeGreaterThan(5);
    const { caughtShare, reasons, lostShare } = judged(
      planted,
      clean.filter((one) => !isHit(one)),
    );
    expect(caughtShare).toBe(1);
    expect(reasons).toEqual(['placement rate']);
    expect(lostShare).toBeLessThan(0.002);
  });

  it('loses clicks that come from too few sources', () => {
    const fewSources = farm('few', 60, 0, (_one, index) => ({ clickedAtMs: whenever(), ip: `192.0.${index % 3}.9` }));
    expect(judged(fewSources)).toMatchObject({ caughtShare: 1, reasons: ['placement source-entropy'] });
    expect(judged(fewSources).lostShare).toBeLessThan(0.002);
  });

  it('loses clicks that come by the clock', () => {
    const byTheClock = farm('clock', 60, 0, (_one, index) => ({ clickedAtMs: start + index * 60_000 }));
    expect(judged(byTheClock)).toMatchObject({ caughtShare: 1, reasons: ['placement uniform-intervals'] });
  });

  it('loses a farm that is spread over the placements of its publisher', () => {
    const spread = Array.from({ length: 30 }, (_, index) =>
      farm(`spread-${index}`, 2, 0, () => ({ clickedAtMs: whenever(), ip: '192.0.2.9' })),
    ).flat();
    expect(judged(spread)).toMatchObject({ caughtShare: 1, reasons: ['publisher source-entropy'] });
  });

  it('keeps the neighbours of a bad placement', () => {
    const bad = farm('bad', 60, 0, () => ({ clickedAtMs: whenever(), ip: '192.0.2.9' }));
    const neighbours = farm('good', 60, 0, () => ({ clickedAtMs: whenever() }));
    const { quarantined } = quarantineSuspects([...clean, ...bad, ...neighbours]);
    expect(quarantined.map(({ impression }) => impression)).toEqual(bad);
    expect(quarantined[0]).toMatchObject({ group: 'pub-farm/farm.example/bad', periodAtMs: start });
  });

  it('is not judged by sources where its rows tell none', () => {
    const unknown = farm('unknown', 60, 0, () => ({ clickedAtMs: whenever() })).map((one) => ({
      ...one,
      request: { ...one.request, device: {} },
    }));
    expect(judged(unknown).caughtShare).toBe(0);
  });
});
