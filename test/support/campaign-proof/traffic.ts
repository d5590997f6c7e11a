/**
 * Readers of pages: auctions over HTTP, and afterwards what became of the ads, told to any engine: at once or late,
 * once or more often, or never.
 */
import type { BidResponse } from '../../../openrtb/types.ts';
import type { SeededRandom } from '../../../simulator/random.ts';
import type { Engine } from './engines.ts';

export interface Win {
  readonly auctionId: string;
  readonly lineItemId: string;
  /** Of the answer. */
  readonly price: number;
  readonly seller: Engine;
  /** Which of the seller's lives sold it. */
  readonly life: number;
  /** Monotonic ms. */
  readonly atMs: number;
  /** Epoch ms. */
  readonly wallMs: number;
  /** When the first report of its impression was sent that was answered 2xx; null: none was. */
  reportedAtMs: number | null;
}

export interface TrafficOptions {
  readonly engines: readonly Engine[];
  readonly placements: readonly string[];
  /** Floors are drawn from below this, so that hardly two prices are the same. CPM. */
  readonly floorMax: number;
  readonly clients: number;
  /** Of each client, between two requests. */
  readonly pauseMs: number;
  /** An impression reported so long after its auction is too late. */
  readonly lateMs: number;
  readonly random: SeededRandom;
}

interface Report {
  readonly win: Win;
  readonly dueAtMs: number;
}

const REPORT_EVERY_MS = 50;
const REPORT_AGAIN_MS = 300;
const LAST_REPORTS_MS = 3000;
const REPORTS_AT_ONCE = 500;

export class Traffic {
  readonly wins: Win[] = [];
  /** Every impression is reported, in time: what is reserved is billed. */
  seesAll = false;
  readonly counts = { requests: 0, unanswered: 0, reports: 0, reportsRefused: 0, reportMsMax: 0 };
  readonly #options: TrafficOptions;
  readonly #reports: Report[] = [];
  /** Engines that have not answered to a report yet: one at a time. */
  readonly #busy = new Set<Engine>();
  readonly #work: Promise<void>[] = [];
  #isSelling = true;
  #isReporting = true;

  constructor(options: TrafficOptions) {
    this.#options = options;
    for (let client = 0; client < options.clients; client++) this.#work.push(this.#browse(client));
    this.#work.push(this.#reportAll());
  }

  /** Wins of an engine since then. */
  winsSince(atMs: number, engine: Engine, lineItemId: string): number {
    let count = 0;
    for (let index = this.wins.length - 1; index >= 0 && this.wins[index]!.atMs > atMs; index--) {
      const win = this.wins[index]!;
      if (win.seller === engine && win.lineItemId === lineItemId) count++;
    }
    return count;
  }

  /** Sells nothing more, and resolves when all that is due by then has been reported; what is due later never is. */
  async finish(): Promise<void> {
    this.#isSelling = false;
    await Promise.all(this.#work.slice(0, -1));
    const lastMs = performance.now() + LAST_REPORTS_MS;
    this.#reports.splice(0, this.#reports.length, ...this.#reports.filter(({ dueAtMs }) => dueAtMs < lastMs));
    while (this.#reports.length + this.#busy.size > 0) await pause(REPORT_EVERY_MS);
    this.#isReporting = false;
    await this.#work.at(-1);
  }

  async #browse(client: number): Promise<void> {
    const { engines, placements, pauseMs } = this.#options;
    for (let index = client; this.#isSelling; index++) {
      await pause(pauseMs);
      const engine = engines[index % engines.length]!;
      const placement = placements[Math.floor(index / engines.length) % placements.length]!;
      if (engine.isUp) await this.#ask(engine, `${client}-${index}`, placement);
    }
  }

  async #ask(seller: Engine, id: string, placement: string): Promise<void> {
    const { life } = seller;
    this.counts.requests++;
    try {
      const response = await seller.auction(this.#request(id, placement));
      const answer = (await response.json()) as BidResponse;
      const atMs = performance.now();
      for (const { bid } of answer.seatbid ?? []) {
        for (const { id: bidId, price } of bid) {
          const lineItemId = bidId!.slice(0, bidId!.lastIndexOf('-'));
          const win: Win = {
            auctionId: answer.bidid!,
            lineItemId,
            price,
            seller,
            life,
            atMs,
            wallMs: Date.now(),
            reportedAtMs: null,
          };
          this.wins.push(win);
          this.#planReports(win);
        }
      }
    } catch {
      this.counts.unanswered++;
    }
  }

  #request(id: string, placement: string): object {
    const { random, floorMax } = this.#options;
    const bidfloor = random.integer(200_000, floorMax * 1_000_000) / 1_000_000;
    return {
      id,
      tmax: 1000,
      imp: [{ id: '1', tagid: placement, bidfloor, banner: { format: [{ w: 300, h: 250 }] } }],
      site: { id: 'site', domain: 'news.example', publisher: { id: 'pub-1' } },
    };
  }

  #planReports(win: Win): void {
    const { random, lateMs } = this.#options;
    const planned = this.seesAll ? 1 : random.next();
    // A twentieth is never heard of, another one too late.
    if (planned < 0.05) return;
    const firstMs = planned < 0.1 ? lateMs : random.uniform(20, 600);
    this.#reports.push({ win, dueAtMs: win.atMs + firstMs });
    for (let again = 0; random.chance(0.3) && again < 3; again++) {
      this.#reports.push({ win, dueAtMs: win.atMs + firstMs + random.uniform(0, 2000) });
    }
  }

  async #reportAll(): Promise<void> {
    while (this.#isReporting) {
      await pause(REPORT_EVERY_MS);
      const nowMs = performance.now();
      const due: Report[] = [];
      const notYet: Report[] = [];
      for (const report of this.#reports) {
        (report.dueAtMs <= nowMs && due.length < REPORTS_AT_ONCE ? due : notYet).push(report);
      }
      this.#reports.splice(0, this.#reports.length, ...notYet);
      for (const [engine, reports] of this.#spread(due)) {
        if (this.#busy.has(engine)) this.#reports.push(...reports);
        else void this.#report(engine, reports);
      }
    }
  }

  /** To any engine, seldom to the one that sold it. */
  #spread(due: readonly Report[]): ReadonlyMap<Engine, Report[]> {
    const { engines, random } = this.#options;
    const byEngine = new Map<Engine, Report[]>();
    for (const report of due) {
      const engine = engines[random.integer(0, engines.length - 1)]!;
      const reports = byEngine.get(engine);
      if (reports === undefined) byEngine.set(engine, [report]);
      else reports.push(report);
    }
    return byEngine;
  }

  /** Again until some engine has answered 2xx. */
  async #report(engine: Engine, reports: readonly Report[]): Promise<void> {
    const sentAtMs = performance.now();
    this.#busy.add(engine);
    const body = reports.map(({ win }) => ({ auction: win.auctionId, imp: '1', type: 'impression' }));
    const isTaken = await engine.admin('POST', '/admin/outcomes', body).then(
      async (response) => {
        await response.arrayBuffer();
        return response.ok;
      },
      () => false,
    );
    this.#busy.delete(engine);
    this.counts.reportMsMax = Math.max(this.counts.reportMsMax, Math.round(performance.now() - sentAtMs));
    if (isTaken) {
      this.counts.reports += reports.length;
      for (const { win } of reports) win.reportedAtMs ??= sentAtMs;
      return;
    }
    this.counts.reportsRefused += reports.length;
    const dueAtMs = performance.now() + REPORT_AGAIN_MS;
    for (const { win } of reports) this.#reports.push({ win, dueAtMs });
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
