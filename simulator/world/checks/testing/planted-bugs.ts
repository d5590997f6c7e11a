/** Bugs to plant into a world, each by a stand-in that lies: the checks must find them. None touches the product's code. */
import type { Books } from '../../../../compose.ts';
import type { BudgetLedger, LeaseGrant } from '../../../../engine/ports/budget-ledger.ts';
import type { EventBooks } from '../../../../engine/ports/event-books.ts';
import type { EngineNode } from '../../engine-node.ts';
import type { Plant } from '../../seeds/run-seed.ts';
import type { World } from '../../world.ts';

/** The same but for one of its methods, also where it has private fields. */
function withMethod<T extends object, Name extends keyof T>(
  target: T,
  name: Name,
  change: (real: T[Name]) => T[Name],
): T {
  return new Proxy(target, {
    get: (_target, key) => {
      const real = Reflect.get(target, key);
      const bound = typeof real === 'function' ? real.bind(target) : real;
      return key === name ? change(bound) : bound;
    },
  });
}

function withLedger(world: World, change: (ledger: BudgetLedger) => BudgetLedger): void {
  withBooks(world, (books) => withMethod(books, 'openLedger', (open) => (options) => change(open(options))));
}

function withBooks(world: World, change: (books: Books) => Books): void {
  const { services } = world;
  if (services === null) return;
  const over = services.books.over.bind(services.books);
  services.books.over = (link) => change(over(link));
}

/** True for the first of them only. */
function once(): () => boolean {
  let isDone = false;
  return () => {
    const isFirst = !isDone;
    isDone = true;
    return isFirst;
  };
}

/** One lease that was to go back does not. */
const lostRelease: Plant = (world) => {
  const isFirst = once();
  withLedger(world, (ledger) =>
    withMethod(ledger, 'closeLeases', (real) => async (returns) => {
      const unspent = returns.reduce((sum, each) => sum + each.unspent, 0);
      if (unspent === 0 || !isFirst()) await real(returns);
    }),
  );
};

/** One lease is granted twice, and the ledger does not object. */
const doubleGrant: Plant = (world) => {
  let first: LeaseGrant | null = null;
  let twin: LeaseGrant | null = null;
  world.tamper = (outside) => {
    const budgets = outside.stores?.budgets;
    if (budgets === undefined) return outside;
    const lying = withMethod(budgets, 'grant', (real) => async (wanted) => {
      if (first !== null && twin === null && first.accountId === wanted.accountId) {
        twin = { ...first, requestId: wanted.requestId, processId: wanted.processId };
        return { kind: 'granted', grant: twin, remaining: 0 };
      }
      const result = await real(wanted);
      if (result.kind === 'granted') first ??= result.grant;
      return result;
    });
    return { ...outside, stores: { ...outside.stores, budgets: lying } };
  };
  withLedger(world, (ledger) =>
    withMethod(ledger, 'confirmLeases', (real) => async (grants) => {
      const others = grants.filter(({ requestId }) => requestId !== twin?.requestId);
      const confirmed = others.length === 0 ? [] : [...(await real(others))];
      return grants.map(({ requestId, termMs }) =>
        requestId === twin?.requestId ? { kind: 'live', termMs } : confirmed.shift()!,
      );
    }),
  );
};

const LATE_MS = 25;

/** DSPs are listened to for longer than they were told. */
const lateBid: Plant = (world) => {
  world.tamper = (outside) => ({
    ...outside,
    transport: withMethod(outside.transport, 'call', (real) => (call, onResult) => {
      const deadlineAtMs = call.deadlineAtMs + LATE_MS;
      return real({ ...call, deadlineAtMs, abortAtMs: Math.max(call.abortAtMs, deadlineAtMs) }, onResult);
    }),
  });
};

/** One bill is booked under another key once more. */
const billTwice: Plant = (world) => {
  const isFirst = once();
  const twice = (books: EventBooks): EventBooks =>
    withMethod(books, 'book', (real) => (bookings) => {
      const [bill] = bookings.receivables;
      if (bill === undefined || !isFirst()) return real(bookings);
      const key = bill.key.replace(/impression$/, 'click');
      return real({ ...bookings, receivables: [...bookings.receivables, { ...bill, key }] });
    });
  withBooks(world, (books) => withMethod(books, 'openEventBooks', (open) => (options) => twice(open(options))));
};

/** A batch on its way to Kafka is gone, and is said to have arrived. */
const lostEvent: Plant = (world) => {
  const isFirst = once();
  world.tamper = (outside) => {
    const kafka = outside.stores?.kafka;
    if (kafka === undefined) return outside;
    const lying = withMethod(
      kafka,
      'createSender',
      (create) => (options) =>
        withMethod(create(options), 'send', (real) => async (events) => {
          const isBilled = events.some(({ type }) => type === 'impression');
          if (!isBilled || !isFirst()) await real(events);
        }),
    );
    return { ...outside, stores: { ...outside.stores, kafka: lying } };
  };
};

const ANSWER_LATE_MS = 200;

/** One answer leaves too late. */
const lateAnswer: Plant = (world) => {
  const isFirst = once();
  for (const engine of world.engines as EngineNode[]) {
    const real = engine.request.bind(engine);
    engine.request = (body, onAnswer) =>
      real(body, (status, answer) => {
        if (!isFirst()) onAnswer(status, answer);
        else engine.process.timers.schedule(ANSWER_LATE_MS, () => onAnswer(status, answer));
      });
  }
};

const LEAKS_OF = 100;
const FAR_MS = 86_400_000;

/** One timer of a hundred has a twin that nobody cancels. */
const leakedTimer: Plant = (world) => {
  world.tamper = (outside, engine) => {
    let count = 0;
    const { timers } = engine;
    return {
      ...outside,
      timers: {
        ...timers,
        schedule: (delayMs, fire) => {
          if (++count % LEAKS_OF === 0) timers.schedule(FAR_MS, () => {});
          return timers.schedule(delayMs, fire);
        },
      },
    };
  };
};

/** Chance that is not the seed's. */
const nondeterminism: Plant = (world) => {
  world.tamper = (outside) => ({ ...outside, random: () => Number(process.hrtime.bigint() % 1000n) / 1000 });
};

export interface PlantedBug {
  readonly name: string;
  readonly plant: Plant;
  /** That finds it. */
  readonly check: string;
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  { name: 'one lost release', plant: lostRelease, check: 'O7' },
  { name: 'one double grant', plant: doubleGrant, check: 'O2' },
  { name: 'late bids accepted', plant: lateBid, check: 'O5' },
  { name: 'one bill twice', plant: billTwice, check: 'O3' },
  { name: 'acknowledged events lost', plant: lostEvent, check: 'O4' },
  { name: 'one answer after tmax', plant: lateAnswer, check: 'O5' },
  { name: 'timers leaked', plant: leakedTimer, check: 'O7' },
  { name: 'chance that is not the seed’s', plant: nondeterminism, check: 'O8' },
];
