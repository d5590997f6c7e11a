import { describe, expect, it } from 'vitest';
import type { BudgetUnit } from '../ports/budget-ledger.ts';
import type { DeliverySlot } from '../ports/delivery-reports.ts';
import { type DeliveryInputs, deliveryReport, type Period, reportPeriod, slotsNeededFrom } from './delivery-report.ts';
import type { Flight } from './pacing/flight.ts';
import { LocalTime, SLOT_MS } from './pacing/local-time.ts';
import { TrafficCurve } from './pacing/traffic-curve.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** A Tuesday. */
const DAY = Date.UTC(2026, 2, 10);
const NOON = DAY + 12 * HOUR_MS;

function flight(changes: Partial<Flight> = {}): Flight {
  const openHours = new Uint8Array(168).fill(1);
  return {
    startAt: DAY,
    endAt: DAY + 10 * DAY_MS,
    delivery: 'even',
    localTime: new LocalTime('UTC'),
    openHours,
    ...changes,
  };
}

function slot(startMs: number, billed: number, changes: Partial<DeliverySlot> = {}): DeliverySlot {
  const amounts = { reserved: 0n, billed: BigInt(billed), released: 0n, refunded: 0n, absorbed: 0n };
  return { startMs, ...amounts, bills: 1, ...changes };
}

function inputs({
  budget = 1_000_000,
  reserved = 0,
  slots = [],
  spentBefore = 0,
  wanted = {},
  unit = 'impressions',
  ...changes
}: Partial<Omit<DeliveryInputs, 'period'>> & {
  readonly budget?: number;
  readonly reserved?: number;
  readonly spentBefore?: number;
  readonly wanted?: Partial<Period>;
  readonly unit?: BudgetUnit;
} = {}): DeliveryInputs {
  const spent = slots.reduce((sum, { billed, refunded }) => sum + billed - refunded, BigInt(spentBefore));
  const nowMs = changes.nowMs ?? NOON;
  const of = changes.flight ?? flight();
  return {
    flight: of,
    curve: new TrafficCurve(),
    isSwitchedOn: true,
    figures: {
      accountId: 'c1',
      unit,
      budget: BigInt(budget),
      available: 0n,
      leased: 0n,
      reserved: BigInt(reserved),
      spent,
      absorbed: 0n,
    },
    dailyBudget: null,
    slots,
    period: reportPeriod(wanted, of.localTime, nowMs),
    nowMs,
    ...changes,
  };
}

describe('the delivery report', () => {
  it('plans the day evenly with what was left when it began, by slot', () => {
    const slots = [slot(DAY - HOUR_MS, 0), slot(NOON - SLOT_MS, 40_000)];
    const started = flight({ startAt: DAY - 5 * DAY_MS, endAt: DAY + 5 * DAY_MS });
    const report = deliveryReport(inputs({ flight: started, slots, spentBefore: 500_000 }));
    expect(report.today.plan).toBe(100_000);
    expect(report.today.plannedByNow / 50_000).toBeCloseTo(1, 1);
    expect(report.today.billed).toBe(40_000n);
    expect(report.slots).toHaveLength(96);
    expect(report.slots[47]).toMatchObject({ startMs: NOON - SLOT_MS, billed: 40_000n });
  });

  it.each([
    ['impressions', 1_000_003],
    ['nanos', 1_000_003_000_111],
  ] as const)('the slots of a day in %s sum up to its plan', (unit, budget) => {
    const { today, slots } = deliveryReport(inputs({ unit, budget, flight: flight({ endAt: DAY + 7 * DAY_MS }) }));
    expect(slots.reduce((sum, { plan }) => sum + plan, 0)).toBe(today.plan);
    if (unit === 'nanos') expect(slots.every(({ plan }) => plan % 1000 === 0)).toBe(true);
  });

  it('a daily budget bounds the plan; closed hours have none', () => {
    const openHours = new Uint8Array(168).fill(1);
    openHours.fill(0, 24, 36);
    const report = deliveryReport(inputs({ flight: flight({ openHours }), dailyBudget: 20_000n }));
    expect(report.today.plan).toBe(20_000);
    expect(report.slots.slice(0, 48).every(({ plan }) => plan === 0)).toBe(true);
    expect(report.pace).toBeNull();
  });

  it('paces by what was billed and is reserved, less what was refunded', () => {
    const slots = [slot(DAY, 40_000, { refunded: 10_000n, released: 3n }), slot(DAY - SLOT_MS, 0, { released: 5n })];
    const report = deliveryReport(inputs({ slots, reserved: 20_000 }));
    expect(report.pace! * report.today.plannedByNow).toBeCloseTo(50_000, -1);
    expect(report.pace).toBeCloseTo(1, 1);
    expect(report.today.released).toBe(3n);
  });

  describe('forecasts', () => {
    const atHalf = [slot(DAY, 25_000)];

    it('all of it at the end, on plan', () => {
      const { forecast } = deliveryReport(inputs({ slots: [slot(DAY, 55_000)] }));
      expect(forecast).toEqual({ atMs: DAY + 10 * DAY_MS, billed: 1_000_000 });
    });

    it('in proportion, behind plan', () => {
      const { forecast, pace } = deliveryReport(inputs({ slots: atHalf }));
      expect(forecast.billed).toBe(Math.round(25_000 + 975_000 * pace!));
      expect(forecast.billed).toBeLessThan(600_000);
    });

    it('no more than the days that are left may bring', () => {
      const { forecast } = deliveryReport(inputs({ slots: [slot(DAY, 10_000)], dailyBudget: 10_000n }));
      expect(forecast.billed).toBe(100_000);
    });

    it('until tonight, without an end', () => {
      const endless = flight({ endAt: null });
      const report = deliveryReport(inputs({ flight: endless, slots: [slot(DAY, 5000)], dailyBudget: 10_000n }));
      expect(report.forecast).toMatchObject({ atMs: DAY + DAY_MS });
      expect(report.forecast.billed / 10_000).toBeCloseTo(1, 1);
    });

    it.each([
      ['paused', { isSwitchedOn: false }],
      ['over', { flight: flight({ startAt: DAY - DAY_MS, endAt: DAY + HOUR_MS }) }],
    ])('nothing more when it is %s', (_name, changes) => {
      expect(deliveryReport(inputs({ slots: atHalf, ...changes })).forecast.billed).toBe(25_000);
    });

    it('all of it before it has begun, of which nothing is of today', () => {
      const ahead = flight({ startAt: DAY + 2 * DAY_MS });
      const report = deliveryReport(inputs({ flight: ahead }));
      expect(report.today.plan).toBe(0);
      expect(report.pace).toBeNull();
      expect(report.forecast.billed).toBe(1_000_000);
    });
  });

  it('plans each day of a period with what was left then', () => {
    const from = DAY - DAY_MS;
    const started = flight({ startAt: from, endAt: DAY + DAY_MS });
    const report = deliveryReport(inputs({ flight: started, slots: [slot(from, 800_000)], wanted: { fromMs: from } }));
    const planned = (day: number): number =>
      report.slots.slice(day * 96, (day + 1) * 96).reduce((sum, { plan }) => sum + plan, 0);
    expect(report.slots).toHaveLength(192);
    expect(planned(0) / 500_000).toBeCloseTo(1, 3);
    expect(planned(1) / 200_000).toBeCloseTo(1, 3);
  });
});

describe('the period of a report', () => {
  const berlin = new LocalTime('Europe/Berlin');

  it('is the local day, which may have 23 hours', () => {
    const summer = Date.UTC(2026, 2, 29, 12);
    expect(reportPeriod({}, berlin, summer)).toEqual({
      fromMs: Date.UTC(2026, 2, 28, 23),
      toMs: Date.UTC(2026, 2, 29, 22),
    });
  });

  it('is made of whole slots, and ends today', () => {
    const wanted = { fromMs: DAY - 10 * DAY_MS + 1, toMs: DAY + 10 * DAY_MS };
    const { fromMs, toMs } = reportPeriod(wanted, berlin, NOON);
    expect([fromMs % SLOT_MS, toMs % SLOT_MS]).toEqual([0, 0]);
    expect(toMs).toBe(DAY + 23 * HOUR_MS);
    expect(reportPeriod({ fromMs: DAY + 50 * DAY_MS }, berlin, NOON)).toEqual({
      fromMs: DAY + 23 * HOUR_MS,
      toMs: DAY + 23 * HOUR_MS,
    });
    expect(reportPeriod({ toMs: DAY }, berlin, NOON).fromMs).toBe(DAY - HOUR_MS);
  });

  it.each([
    ['to', { fromMs: DAY - 20 * DAY_MS, toMs: DAY + 12 * DAY_MS }],
    ['from', { fromMs: DAY - 32 * DAY_MS }],
  ])('of more than 31 days is refused, with what is wrong: %s', (path, wanted) => {
    expect(() => reportPeriod(wanted, berlin, NOON)).toThrow(expect.objectContaining({ name: 'PeriodError', path }));
    expect(reportPeriod({ fromMs: DAY - 29 * DAY_MS }, berlin, NOON).fromMs).toBe(DAY - 29 * DAY_MS);
  });

  it('needs what was billed since the first of its days began', () => {
    const period = reportPeriod({ fromMs: DAY - 5 * HOUR_MS }, berlin, NOON);
    expect(slotsNeededFrom(period, berlin, NOON)).toBe(DAY - DAY_MS - HOUR_MS);
    expect(slotsNeededFrom(reportPeriod({}, berlin, NOON), berlin, NOON)).toBe(DAY - HOUR_MS);
  });
});

it('is planned along the traffic that was learned', () => {
  const curve = new TrafficCurve();
  const { localTime } = flight();
  // A busy morning, and a quiet rest of the day.
  for (let at = DAY - DAY_MS; at < DAY; at += SLOT_MS) {
    curve.observe(localTime.slotOfWeek(at), at < DAY - DAY_MS / 2 ? 3000 : 1000, SLOT_MS);
  }
  const { today, slots } = deliveryReport(inputs({ curve, flight: flight({ endAt: DAY + DAY_MS }) }));
  expect(today.plannedByNow / today.plan).toBeCloseTo(0.75, 1);
  expect(slots[4]!.plan / slots[60]!.plan).toBeGreaterThan(2.5);
});
