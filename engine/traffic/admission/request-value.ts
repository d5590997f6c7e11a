/**
 * What an ad request is worth: the mean of what requests like it brought, learned from outcomes. Placements with little
 * history lean on their publisher, publishers on everybody. Constant memory: a table of slots addressed by hash; sources that
 * share a slot share its mean, which with thousands of slots blurs a few of them a little.
 *
 * Values are CPM micros of the exchange's currency, summed over the impressions a request sold: as money per impression that
 * is the same number of nanos. A request that sells nothing is worth 0, so the mean holds the fill rate too.
 */
import { peekFloorMicros, peekPlacement, peekPublisher } from './body-peek.ts';
import { combineHashes, hashText } from './key-hash.ts';

/** What the estimate goes by; keys are hashes, 0 = not known. */
export interface ValueHints {
  /** Account, as the URL names it, and publisher. */
  readonly sourceKey: number;
  /** Source and first placement. */
  readonly placementKey: number;
  /** What it brings at least if it sells: floors of imps and deals, CPM micros; 0 = not known. */
  readonly floorCpmMicros: number;
}

/**
 * Before parsing. `account` is what the URL says ("" = nothing); `body` is null when it is compressed. For a body of 2 KB
 * about 1 us, up to 3 us when the ids stand last or nowhere.
 */
export function hintsBeforeParsing(account: string, body: Uint8Array | null): ValueHints {
  const accountKey = hashText(account);
  if (body === null) return { sourceKey: combineHashes(accountKey, 0), placementKey: 0, floorCpmMicros: 0 };
  const sourceKey = combineHashes(accountKey, peekPublisher(body));
  const placement = peekPlacement(body);
  return {
    sourceKey,
    placementKey: placement === 0 ? 0 : combineHashes(sourceKey, placement),
    floorCpmMicros: peekFloorMicros(body),
  };
}

export interface RequestValueOptions {
  /** Rounded up to a power of two; 16 bytes each. */
  readonly slots: number;
  /** A mean follows the last this many requests of its slot. */
  readonly memoryRequests: number;
  /** So many requests of its own weigh as much as the mean of the level above. */
  readonly priorRequests: number;
}

/** The slot of everybody; keys never reach it. */
const EVERYBODY = 0;

export class RequestValues {
  readonly #options: RequestValueOptions;
  readonly #mask: number;
  readonly #means: Float64Array;
  readonly #soldShares: Float32Array;
  readonly #counts: Uint32Array;

  constructor(options: RequestValueOptions) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(2, options.slots)));
    this.#options = options;
    this.#mask = slots - 1;
    this.#means = new Float64Array(slots + 1);
    this.#soldShares = new Float32Array(slots + 1);
    this.#counts = new Uint32Array(slots + 1);
  }

  /** Expected value, CPM micros; never below what the floor brings at the share of such requests that sell. */
  estimate(hints: ValueHints): number {
    const source = this.#slot(hints.sourceKey);
    const placement = hints.placementKey === 0 ? source : this.#slot(hints.placementKey);
    const mean = this.#lean(this.#means, placement, this.#lean(this.#means, source, this.#means[EVERYBODY]!));
    if (hints.floorCpmMicros === 0) return mean;
    const everybodySold = this.#soldShares[EVERYBODY]!;
    const sold = this.#lean(this.#soldShares, placement, this.#lean(this.#soldShares, source, everybodySold));
    return Math.max(mean, sold * hints.floorCpmMicros);
  }

  /** `valueCpmMicros`: sum of the clearing prices, 0 when nothing was sold. */
  learn(hints: ValueHints, valueCpmMicros: number): void {
    this.#learnSlot(EVERYBODY, valueCpmMicros);
    this.#learnSlot(this.#slot(hints.sourceKey), valueCpmMicros);
    if (hints.placementKey !== 0) this.#learnSlot(this.#slot(hints.placementKey), valueCpmMicros);
  }

  #slot(key: number): number {
    return 1 + ((key ^ (key >>> 15)) & this.#mask);
  }

  #lean(table: Float64Array | Float32Array, slot: number, prior: number): number {
    const count = this.#counts[slot]!;
    const { priorRequests } = this.#options;
    return (count * table[slot]! + priorRequests * prior) / (count + priorRequests);
  }

  #learnSlot(slot: number, value: number): void {
    const count = Math.min(this.#counts[slot]! + 1, this.#options.memoryRequests);
    this.#counts[slot] = count;
    this.#means[slot]! += (value - this.#means[slot]!) / count;
    this.#soldShares[slot]! += ((value > 0 ? 1 : 0) - this.#soldShares[slot]!) / count;
  }
}
