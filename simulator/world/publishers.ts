/** The publishers of a region: send requests, take answers, and call the tracking URLs of what they show. */
import { HOUSE } from '../../engine/exchange/house-catalogue.ts';
import type { TrackingResult } from '../../engine/tracking/tracking-desk.ts';
import type { Bid, BidRequest, BidResponse } from '../../openrtb/types.ts';
import type { SeededRandom } from '../random.ts';
import type { EngineNode } from './engine-node.ts';
import type { Region } from './region.ts';
import { tokensIn } from './tracking-tokens.ts';
import type { World } from './world.ts';

/** One request whose answer is awaited. */
interface OpenRequest {
  readonly request: BidRequest;
  readonly engine: EngineNode;
  readonly sentAtMs: number;
  /** At the engine; null until it has taken the request. */
  hangUp: (() => void) | null;
}

/** What a device tells of. */
interface Reported {
  readonly key: string;
  readonly payer: 'house' | 'dsp';
  /** That showed the ad. */
  readonly request: BidRequest;
}

export class Publishers {
  readonly #world: World;
  readonly #region: Region;
  readonly #open = new Map<string, OpenRequest>();
  readonly #random: SeededRandom;
  #reports = 0;

  constructor(world: World, region: Region) {
    this.#world = world;
    this.#region = region;
    this.#random = world.random('publishers').fork(region.name);
  }

  /** In a task of the publishers. */
  send(request: BidRequest): void {
    const { loop, network, scenario } = this.#world;
    const { publishers } = this.#region;
    const engine = this.#engineFor(request);
    const { id: requestId } = request;
    const open: OpenRequest = { request, engine, sentAtMs: loop.nowMs, hangUp: null };
    this.#open.set(requestId, open);
    this.#world.observe({ kind: 'request-sent', atMs: loop.nowMs, requestId, process: engine.name, request });
    const body = Buffer.from(JSON.stringify(request));
    network.send({
      from: publishers,
      to: engine.process,
      onDelivered: () => this.#world.observe({ kind: 'request-arrived', atMs: loop.nowMs, requestId }),
      onArrival: () => this.#arrive(open, body),
      onRefused: () => this.#lose(requestId),
    });
    publishers.timers.schedule(scenario.traffic.timeoutMs, () => this.#giveUp(requestId));
  }

  /** Wherever the client of this request goes now. */
  #engineFor({ id, user, device }: BidRequest): EngineNode {
    const { failover } = this.#world;
    const region = failover?.regionFor(user?.id ?? device?.ifa ?? id, this.#region) ?? this.#region;
    return region.nextEngine();
  }

  /** A process has died, and its connections with it. */
  engineEnded(engine: EngineNode): void {
    const { loop, scenario } = this.#world;
    for (const [requestId, open] of this.#open) {
      if (open.engine !== engine || open.hangUp === null) continue;
      loop.schedule(this.#region.publishers, loop.nowMs + scenario.network.publishers.medianMs, () =>
        this.#lose(requestId),
      );
    }
  }

  /** In a task of the engine. */
  #arrive(open: OpenRequest, body: Uint8Array): void {
    const { network } = this.#world;
    const { engine, request } = open;
    if (!engine.isListening) {
      network.send({ from: engine.process, to: this.#region.publishers, onArrival: () => this.#lose(request.id) });
      return;
    }
    open.hangUp = engine.request(body, (status, answer) => this.#answer(open, status, answer));
  }

  #answer({ request, engine, sentAtMs }: OpenRequest, status: number, body: BidResponse | null): void {
    const { loop, network, observe } = this.#watched;
    const { id: requestId } = request;
    observe({ kind: 'answer-left', atMs: loop.nowMs, requestId, status, body });
    network.send({
      from: engine.process,
      to: this.#region.publishers,
      onArrival: () => {
        if (!this.#open.delete(requestId)) return;
        observe({ kind: 'answer-arrived', atMs: loop.nowMs, requestId });
        this.#world.watch.onAnswer(engine.process.region!, { status, body, latencyMs: loop.nowMs - sentAtMs });
        if (status === 200 && body !== null) this.#show(request, body);
      },
    });
  }

  get #watched() {
    const { loop, network, watch } = this.#world;
    return { loop, network, observe: watch.observe };
  }

  #lose(requestId: string): void {
    if (!this.#open.delete(requestId)) return;
    this.#world.observe({ kind: 'request-lost', atMs: this.#world.loop.nowMs, requestId });
  }

  /** The app shows something else. */
  #giveUp(requestId: string): void {
    const open = this.#open.get(requestId);
    if (open === undefined) return;
    this.#open.delete(requestId);
    this.#world.observe({ kind: 'request-cancelled', atMs: this.#world.loop.nowMs, requestId });
    const { hangUp, engine } = open;
    if (hangUp === null) return;
    this.#world.network.send({ from: this.#region.publishers, to: engine.process, onArrival: hangUp });
  }

  #show(request: BidRequest, answer: BidResponse): void {
    for (const { seat, bid } of answer.seatbid ?? []) {
      for (const one of bid) this.#react(request, answer, one, seat ?? '');
    }
  }

  #react(request: BidRequest, { bidid = '' }: BidResponse, bid: Bid, seat: string): void {
    const { audience, watch, loop } = this.#world;
    const { publishers } = this.#region;
    const buyer = this.#world.buyerOf(seat);
    const payer = buyer === HOUSE ? 'house' : 'dsp';
    watch.onSale(buyer, bid.price);
    const reaction = audience.react(request, bid, buyer, loop.nowMs);
    if (reaction.impressionAfterMs === null) return;
    const tokens = tokensIn(bid.adm ?? '');
    const impId = adImpIdOf(bid);
    publishers.timers.schedule(reaction.impressionAfterMs, () => {
      watch.onImpression(buyer, reaction.valueNanos);
      this.#report(tokens.impression, { key: `${bidid}/${impId}/impression`, payer, request });
      if (reaction.clickAfterMs === null) return;
      publishers.timers.schedule(reaction.clickAfterMs, () => {
        watch.onClick();
        this.#report(tokens.click, { key: `${bidid}/${impId}/click`, payer, request });
      });
    });
  }

  #report(token: string | null, about: Reported): void {
    if (token === null) return;
    const { lateMs, repeats } = this.#world.reporting;
    for (let count = 0; count < repeats; count++) {
      this.#region.publishers.timers.schedule(lateMs * (count + 1), () => this.#call(token, about));
    }
    if (this.#random.chance(this.#world.scenario.traffic.repeatedReports)) this.#call(token, about);
  }

  #call(token: string, { request, ...about }: Reported): void {
    const { loop, network, observe } = this.#watched;
    const { publishers, name } = this.#region;
    const engine = this.#engineFor(request);
    const reportId = `${name}/${this.#reports++}`;
    observe({ kind: 'report-sent', atMs: loop.nowMs, reportId, process: engine.name, ...about });
    network.send({
      from: publishers,
      to: engine.process,
      onArrival: async () => {
        if (!engine.isListening) return;
        const result = await engine.track(token);
        network.send({
          from: engine.process,
          to: publishers,
          onArrival: () => observe({ kind: 'report-answered', atMs: loop.nowMs, reportId, status: STATUS[result] }),
        });
      },
    });
  }
}

/** The name of the ad: `ID`, or `ID#N` in a further position of the imp. */
function adImpIdOf({ impid, ext }: Bid): string {
  const position = (ext as { readonly position?: number } | undefined)?.position ?? 0;
  return position === 0 ? impid : `${impid}#${position}`;
}

/** As the public port answers `GET /event` (docs/tracking.md). */
const STATUS: Readonly<Record<TrackingResult, number>> = {
  stored: 200,
  duplicate: 200,
  prefetched: 204,
  malformed: 400,
  forged: 403,
  'retired-key': 403,
  expired: 410,
  overloaded: 503,
  'not-stored': 503,
};
