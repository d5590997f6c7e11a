import { describe, expect, it } from 'vitest';
import { simulateImpressions } from '../../../simulator/clicks/simulated-log.ts';
import { requestFeatures } from '../../traffic/request-features.ts';
import { FactSheet } from './facts.ts';
import { setAdFacts, setImpFacts, setRequestFacts } from './from-openrtb.ts';
import { readRateTables } from './rate-tables.ts';
import { FEATURE_COUNT, FEATURES } from './schema.ts';
import { rowsWithRates, trainingRows } from './training-rows.ts';
import { type LoggedImpression, TRAINING_TARGETS } from './training-target.ts';
import { VectorBuilder } from './vector-builder.ts';

const FREEZE = { priorClicks: 3, minimumImpressions: 1 };
const impressions = simulateImpressions(1500, 3, () => true);
const { rates } = trainingRows(impressions, TRAINING_TARGETS.click, 5, FREEZE);
/** As an engine has them: out of a bundle's file. */
const ratesOfBundle = readRateTables(JSON.stringify(rates));

function column(name: string): number {
  return FEATURES.findIndex((feature) => feature.name === name);
}

describe('training rows', () => {
  it('are those of serving, which builds the ads of a request together', () => {
    const exported = rowsWithRates(impressions, ratesOfBundle);
    const builder = new VectorBuilder(ratesOfBundle);
    const sheet = new FactSheet();
    const bids = impressions.map(({ bid }) => bid);
    const rows = new Float64Array(4 * FEATURE_COUNT);
    impressions.forEach(({ request, imp, atMs }, index) => {
      const features = requestFeatures(request);
      setRequestFacts(sheet, request, features, atMs);
      // Another imp and other ads first: what they leave behind must not show.
      const other = request.imp.at(-1)!;
      setImpFacts(sheet, other, features.imps.at(-1)!);
      builder.startImp(sheet);
      setImpFacts(sheet, imp, features.imps[request.imp.indexOf(imp)]!);
      builder.startImp(sheet);
      for (let row = 0; row < 4; row++) {
        setAdFacts(sheet, bids[(index + row + bids.length - 2) % bids.length]!);
        builder.fill(sheet, rows, row);
      }
      const served = rows.subarray(2 * FEATURE_COUNT, 3 * FEATURE_COUNT);
      expect(served).toEqual(exported.subarray(index * FEATURE_COUNT, (index + 1) * FEATURE_COUNT));
    });
  });

  it('stay within the declared ranges, and use nearly all features', () => {
    const rows = rowsWithRates(impressions, ratesOfBundle);
    const used = FEATURES.filter(({ range, default: standard }, at) => {
      let known = 0;
      for (let row = at; row < rows.length; row += FEATURE_COUNT) {
        if (Number.isNaN(rows[row]!)) expect(standard).toBeNull();
        else {
          expect(rows[row]! >= range[0] && rows[row]! <= range[1]).toBe(true);
          known++;
        }
      }
      return known > 0;
    });
    expect(used.length).toBeGreaterThan(FEATURE_COUNT - 20);
  });

  it('know nothing of their own click', () => {
    // Each creative is shown once: its rate is known after the fact only.
    const once = impressions.map(
      (impression, index): LoggedImpression => ({
        ...impression,
        bid: { ...impression.bid, creativeId: `only-${index}` },
        isClicked: index % 7 === 0,
      }),
    );
    const { rows, rates: after } = trainingRows(once, TRAINING_TARGETS.click, 5, FREEZE);
    for (let row = 0; row < once.length; row++) {
      expect(rows[row * FEATURE_COUNT + column('ad.rate.creative')]).toBe(0);
      expect(rows[row * FEATURE_COUNT + column('ad.evidence.creative')]).toBe(0);
    }
    const leaky = rowsWithRates(once, readRateTables(JSON.stringify(after)));
    expect(leaky[column('ad.rate.creative')]).toBeGreaterThan(0);
  });

  it('need clicks and impressions without one', () => {
    const unclicked = impressions.map((impression) => ({ ...impression, isClicked: false }));
    expect(() => trainingRows(unclicked, TRAINING_TARGETS.click, 5, FREEZE)).toThrow(RangeError);
  });

  it('for conversions are of clicks, with the rates of conversions', () => {
    const { isTrial } = TRAINING_TARGETS.conversion;
    const clicks = impressions.map((impression, index) => ({
      ...impression,
      isClicked: index % 2 === 0,
      conversion: index % 2 === 0 ? { isConverted: index % 4 === 0, probability: 0.5 } : null,
    }));
    const trials = clicks.filter(isTrial);
    expect(trials).toHaveLength(Math.ceil(impressions.length / 2));
    const { rows, rates } = trainingRows(trials, TRAINING_TARGETS.conversion, 5, FREEZE);
    expect(rows).toHaveLength(trials.length * FEATURE_COUNT);
    const counted = rates.media!.impressions.reduce((sum, count) => sum + count);
    expect(counted).toBe(trials.length);
    const converted = clicks.map((click) => ({ ...click, isClicked: click.conversion?.isConverted ?? false }));
    expect(rates).toEqual(trainingRows(converted.filter(isTrial), TRAINING_TARGETS.click, 5, FREEZE).rates);
  });
});
