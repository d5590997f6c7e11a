/**
 * Readers of pages who see ads: auctions over HTTP, and then what the markup says is to be called, at any engine: at once or
 * late, once or more often, one by one or by the batch, a click perhaps before its impression, or nothing at all. Others call what
 * nobody has signed, or what is over.
 */
import type { BidResponse } from '../../../openrtb/types.ts';
import type { SeededRandom } from '../../../simulator/random.ts';
import type { Engine } from '../campaign-proof/engines.ts';
import { pause } from '../campaign-proof/traffic.ts';
import { type Ad, adIn, conversionIn, type Telling, tellingOf } from './ads.ts';
import { BRIEF, BRIEF_MS, PLACEMENTS } from './bookings.ts';
import { forgeryOf } from './forgeries.ts';

export interface VisitorsOptions {
  readonly engines: readonly Engine[];
  /** Of all, while engines answer. */
  readonly auctionsPerSecond: number;
  readonly random: SeededRandom;
}

type Intent = 'valid' | 'forged' | 'expired';

interface Call {
  readonly intent: Intent;
  readonly telling: Telling;
  readonly token: string;
  readonly dueAtMs: number;
}

const USERS = 40;
const LOOK_MS = 10;
const AGAIN_MS = 400;
const CALL_MS_MAX = 10_000;
const BATCH_MAX = 20;
const RUSH_MAX = 100;
/** A token is good until the end of its second. */
const OVER_MS = BRIEF_MS + 2500;

export class Visitors {
  readonly ads: Ad[] = [];
  /** What an engine should not have answered. */
  readonly problems: string[] = [];
  readonly counts = {
    requests: 0,
    unanswered: 0,
    calls: 0,
    acknowledged: 0,
    uncertain: 0,
    refusedForNow: 0,
    forgeriesRefused: 0,
    expiredRefused: 0,
  };
  readonly #options: VisitorsOptions;
  readonly #calls: Call[] = [];
  readonly #work: Promise<void>[];
  #underWay = 0;
  #isAsking = true;
  #isTelling = true;

  constructor(options: VisitorsOptions) {
    this.#options = options;
    this.#work = [this.#askAll(), this.#tellAll()];
  }

  adsSince(atMs: number): Ad[] {
    const first = this.ads.findLastIndex((ad) => ad.atMs <= atMs) + 1;
    return this.ads.slice(first);
  }

  /** Tells an engine, all at once, of many ads that nobody has told of. */
  rush(engine: Engine): void {
    const untold = this.ads
      .flatMap(({ placement, tellings }) => (placement === BRIEF ? [] : [...tellings.values()]))
      .filter(({ sent, isPlanned }) => sent === 0 && !isPlanned);
    for (const telling of untold.slice(-RUSH_MAX)) {
      const call: Call = { intent: 'valid', telling, token: telling.token, dueAtMs: performance.now() };
      void this.#counted(() => this.#tell(engine, call));
    }
  }

  /** Asks for nothing more, and resolves when all that is to be told has been. */
  async finish(): Promise<void> {
    this.#isAsking = false;
    await this.#work[0];
    while (this.#calls.length + this.#underWay > 0) await pause(LOOK_MS);
    this.#isTelling = false;
    await this.#work[1];
  }

  async #askAll(): Promise<void> {
    const { engines, auctionsPerSecond, random } = this.#options;
    const asked: Promise<void>[] = [];
    for (let index = 0; this.#isAsking; index++) {
      await pause(random.uniform(0, 2000 / auctionsPerSecond));
      const engine = engines[random.integer(0, engines.length - 1)]!;
      if (engine.isUp) asked.push(this.#ask(engine, `r${index}`));
    }
    await Promise.all(asked);
  }

  async #ask(engine: Engine, requestId: string): Promise<void> {
    const { random } = this.#options;
    const placement = PLACEMENTS[random.integer(0, PLACEMENTS.length - 1)]!;
    const { life } = engine;
    this.counts.requests++;
    const answer = await engine
      .auction(this.#request(requestId, placement))
      .then((response) => response.json() as Promise<BidResponse>)
      .catch(() => null);
    if (answer === null) {
      this.counts.unanswered++;
      return;
    }
    const ad = adIn(answer, { requestId, placement, atMs: performance.now(), seller: engine.name, life });
    if (ad === null) return;
    this.ads.push(ad);
    this.#plan(ad);
  }

  #request(id: string, placement: string): object {
    const { random } = this.#options;
    const user = String(random.integer(1, USERS)).padStart(12, '0');
    const size = { w: 300, h: 250 };
    const asset = { id: 1, required: 1, title: { len: 90 } };
    return {
      id,
      at: 1,
      tmax: 2000,
      imp: [
        {
          id: '1',
          tagid: placement,
          bidfloor: random.integer(1, 200_000) / 1_000_000,
          ...(placement === BRIEF
            ? { native: { request: JSON.stringify({ ver: '1.2', assets: [asset] }) } }
            : { banner: { format: [size] } }),
        },
      ],
      site: { id: 'site', domain: 'news.example', publisher: { id: `pub-${random.integer(1, 3)}` } },
      device: { ifa: `6D92078A-8246-4BA4-AE5B-${user}` },
    };
  }

  #plan(ad: Ad): void {
    const { random } = this.#options;
    // Of a quarter nobody tells, unless in a rush.
    if (random.chance(0.25)) return;
    const shownMs = random.uniform(0, 600);
    const impression = ad.tellings.get('impression')!;
    if (ad.placement === BRIEF && random.chance(0.5)) {
      this.#callLater('expired', impression, OVER_MS);
      return;
    }
    this.#callOften(impression, shownMs);
    const click = ad.tellings.get('click');
    // One in ten before its impression.
    const clickedMs = random.chance(0.1) ? 0 : shownMs + random.uniform(0, 600);
    if (click !== undefined && random.chance(0.7)) this.#callOften(click, clickedMs);
    if (random.chance(0.1)) this.#callLater('forged', impression, shownMs);
  }

  /** Some more than once, at whichever engine. */
  #callOften(telling: Telling, afterMs: number): void {
    const { random } = this.#options;
    telling.isPlanned = true;
    this.#callLater('valid', telling, afterMs);
    for (let again = 0; again < 4 && random.chance(0.2); again++) {
      this.#callLater('valid', telling, afterMs + random.uniform(0, 1500));
    }
  }

  #callLater(intent: Intent, telling: Telling, afterMs: number): void {
    const token = intent === 'forged' ? this.#forged(telling) : telling.token;
    if (token !== null) this.#calls.push({ intent, telling, token, dueAtMs: performance.now() + afterMs });
  }

  /** Null: there is no other one to make it of. */
  #forged(telling: Telling): string | null {
    const { random } = this.#options;
    const other = this.ads[random.integer(0, this.ads.length - 1)]!.tellings.get('impression')!;
    return other === telling ? null : forgeryOf(telling.token, other.token, random);
  }

  async #tellAll(): Promise<void> {
    const { engines, random } = this.#options;
    while (this.#isTelling) {
      await pause(LOOK_MS);
      const up = engines.filter((engine) => engine.isUp);
      if (up.length === 0) continue;
      const nowMs = performance.now();
      const due = this.#calls.filter(({ dueAtMs }) => dueAtMs <= nowMs);
      if (due.length === 0) continue;
      this.#calls.splice(0, this.#calls.length, ...this.#calls.filter(({ dueAtMs }) => dueAtMs > nowMs));
      const engine = up[random.integer(0, up.length - 1)]!;
      if (due.length > 1 && random.chance(0.2))
        void this.#counted(() => this.#tellBatch(engine, due.splice(0, BATCH_MAX)));
      for (const call of due) {
        const one = up[random.integer(0, up.length - 1)]!;
        void this.#counted(() => this.#tell(one, call));
      }
    }
  }

  async #counted(work: () => Promise<void>): Promise<void> {
    this.#underWay++;
    try {
      await work();
    } finally {
      this.#underWay--;
    }
  }

  async #tell(engine: Engine, call: Call): Promise<void> {
    this.#began(call);
    const response = await answerOf(engine, `/event?t=${call.token}`, { redirect: 'manual' });
    if (response === null) {
      this.#isUncertain(call);
      return;
    }
    const conversion = response.status === 302 ? conversionIn(response.headers.get('location')!) : null;
    this.#isAnswered(call, WORD[response.status] ?? `${response.status}`);
    if (conversion !== null && call.intent === 'valid') this.#planConversion(call.telling.ad, conversion);
  }

  async #tellBatch(engine: Engine, calls: readonly Call[]): Promise<void> {
    for (const call of calls) this.#began(call);
    const body = JSON.stringify(calls.map(({ token }) => token));
    const response = await answerOf(engine, '/event', { method: 'POST', body });
    const told =
      response === null ? null : ((await response.json().catch(() => null)) as { results?: string[] } | null);
    calls.forEach((call, index) => {
      const result = told?.results?.[index];
      if (result === undefined) this.#isUncertain(call);
      else this.#isAnswered(call, result);
    });
  }

  #planConversion(ad: Ad, token: string): void {
    const { random } = this.#options;
    if (ad.tellings.has('conversion') || random.chance(0.3)) return;
    this.#callOften(tellingOf(ad, 'conversion', token), random.uniform(0, 500));
  }

  #began({ intent, telling }: Call): void {
    this.counts.calls++;
    if (intent === 'valid') telling.sent++;
  }

  #isAnswered(call: Call, word: string): void {
    const { intent, telling } = call;
    const isStored = word === 'stored' || word === 'duplicate';
    if (word === 'not-stored' || word === 'overloaded') {
      this.counts.refusedForNow++;
      this.#again(call);
    } else if (intent === 'valid' && isStored) {
      this.counts.acknowledged++;
      telling.acknowledged++;
      telling.acknowledgedAtMs ??= performance.now();
    } else if (intent === 'valid' && word === 'expired' && telling.ad.placement === BRIEF) {
      this.counts.expiredRefused++;
    } else if (intent === 'forged' && REFUSED_AS_FORGED.has(word)) {
      this.counts.forgeriesRefused++;
    } else if (intent === 'expired' && word === 'expired') {
      this.counts.expiredRefused++;
    } else {
      this.problems.push(`${intent} ${telling.key} was answered ${word}`);
    }
  }

  /** It may have been stored. Most try again. */
  #isUncertain(call: Call): void {
    this.counts.uncertain++;
    if (call.intent !== 'valid' || this.#options.random.chance(0.8)) this.#again(call);
  }

  #again(call: Call): void {
    this.#calls.push({ ...call, dueAtMs: performance.now() + AGAIN_MS });
  }
}

/** Null: the engine died, or is late. */
async function answerOf(engine: Engine, path: string, init: RequestInit): Promise<Response | null> {
  try {
    const response = await fetch(`${engine.url}${path}`, { ...init, signal: AbortSignal.timeout(CALL_MS_MAX) });
    if (init.method !== 'POST') await response.arrayBuffer();
    return response;
  } catch {
    return null;
  }
}

/** What a status says, in the words that a batch is answered in. */
const WORD: Readonly<Record<number, string>> = {
  200: 'stored',
  302: 'stored',
  400: 'malformed',
  403: 'forged',
  410: 'expired',
  503: 'not-stored',
};

const REFUSED_AS_FORGED: ReadonlySet<string> = new Set(['forged', 'malformed']);
