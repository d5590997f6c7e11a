import nact from 'nact';
import { afterEach, expect, test } from 'vitest';
import { THRESHOLD_DEFAULTS } from '../engine/dsp/shaping/threshold.ts';
import type { AuctionRanking } from '../engine/dsp/waiting/auction-ranking.ts';
import { buildRequest } from '../engine/exchange/testing/build-exchange.ts';
import { requestFeatures } from '../engine/traffic/request-features.ts';
import { spawnParent } from './mailbox.ts';
import { spawnShapingActor } from './shaping-actor.ts';
import { type ActorFault, restartWithin } from './supervision.ts';

const systems: nact.ActorSystemRef[] = [];
afterEach(() => {
  for (const system of systems.splice(0)) nact.stop(system as never);
});

const settled = async () => {
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
};

const FEATURES = requestFeatures(buildRequest());
const RANKING: AuctionRanking = {
  isFirstPrice: false,
  imps: [{ dspIds: ['a', 'b'], ecpmMicros: [2_000_000, 1_000_000], floorMicros: 0 }],
};

function start() {
  const system = nact.start();
  systems.push(system);
  const faults: ActorFault[] = [];
  const draws = { next: 0.9 };
  const actor = spawnShapingActor(spawnParent(system, 'residents'), {
    threshold: THRESHOLD_DEFAULTS,
    clock: { wallMs: () => 0, monotonicMs: () => 0 },
    random: () => draws.next,
    supervisor: restartWithin({ restartsMax: 1, windowMs: 1000 }, (fault) => faults.push(fault)),
    onOverflow: () => {},
  });
  /** Audits in which both expected what they bid. */
  const audit = async (count: number, ranking = RANKING) => {
    draws.next = 0;
    for (let index = 0; index < count; index++) {
      const shaping = actor.shape(FEATURES);
      for (const id of ['a', 'b']) shaping.expectedMicros?.set(id, 1_000_000);
      actor.audit(shaping, ranking);
    }
    await settled();
    draws.next = 0.9;
  };
  return { actor, faults, audit };
}

test('calls everybody until audits have shown what skipping would cost, then publishes a threshold', async () => {
  const { actor, audit } = start();
  expect(actor.shape(FEATURES)).toMatchObject({ thresholdMicros: 0, isAudit: true });
  await audit(50);
  expect(actor.shape(FEATURES).thresholdMicros).toBe(0);
  await audit(500);
  const { thresholdMicros, isAudit, expectedMicros } = actor.shape(FEATURES);
  expect(thresholdMicros).toBeGreaterThan(100_000);
  expect(thresholdMicros).toBeLessThanOrEqual(1_000_000);
  expect({ isAudit, expectedMicros }).toEqual({ isAudit: false, expectedMicros: null });
});

test('requests that are no audits teach nothing', async () => {
  const { actor, audit } = start();
  await audit(500);
  const { thresholdMicros } = actor.shape(FEATURES);
  for (let index = 0; index < 500; index++) actor.audit(actor.shape(FEATURES), { ...RANKING, imps: [] });
  await settled();
  expect(actor.shape(FEATURES).thresholdMicros).toBe(thresholdMicros);
});

test('after a crash everybody is called again', async () => {
  const { actor, faults, audit } = start();
  await audit(500);
  await audit(1, null as unknown as AuctionRanking);
  expect(faults.map(({ decision }) => decision)).toEqual(['restart']);
  expect(actor.shape(FEATURES)).toMatchObject({ thresholdMicros: 0, isAudit: true });
});
