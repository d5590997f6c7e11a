/**
 * What of a creative decides whether it fits an imp. Thousands of creatives have a few dozen shapes, so an imp is
 * compared with the shapes, and the index knows which line items have which.
 *
 * What else may keep a creative from serving (attributes, security, blocks, native assets) is for eligibility to say.
 */
import { isOfferedDuration, isOfferedProtocol, isOfferedSize } from '../../auction/eligibility/creative.ts';
import type { AuctionImp } from '../../auction/types.ts';
import type { Creative } from '../campaign.ts';

type Shape = Pick<Creative, 'media' | 'size' | 'durationSec' | 'protocol'>;

export class CreativeShapes {
  readonly #shapes = new Map<string, { readonly shape: Shape; users: number }>();

  /** The names of the shapes of one line item, each once. */
  add(creatives: readonly Creative[]): readonly string[] {
    const names = shapeNames(creatives);
    for (const creative of creatives) {
      const name = shapeName(creative);
      if (!this.#shapes.has(name)) this.#shapes.set(name, { shape: creative, users: 0 });
    }
    for (const name of names) this.#shapes.get(name)!.users++;
    return names;
  }

  remove(creatives: readonly Creative[]): void {
    for (const name of shapeNames(creatives)) {
      const entry = this.#shapes.get(name)!;
      if (--entry.users === 0) this.#shapes.delete(name);
    }
  }

  /** Leaves the names of those that fit in `names`. */
  fitting(offer: AuctionImp, names: string[]): void {
    names.length = 0;
    for (const [name, { shape }] of this.#shapes) if (fitsImp(shape, offer)) names.push(name);
  }
}

export function shapeNames(creatives: readonly Creative[]): readonly string[] {
  return [...new Set(creatives.map(shapeName))];
}

function shapeName({ media, size, durationSec, protocol }: Shape): string {
  return media === 'video' ? `video ${durationSec} ${protocol}` : `${media} ${size?.w}x${size?.h}`;
}

/** A banner fits by size, or by declaring none; a video by duration and protocol, since players scale it. */
export function fitsImp({ media, size, durationSec, protocol }: Shape, offer: AuctionImp): boolean {
  switch (media) {
    case 'banner':
      return (
        offer.banner !== null &&
        (size === null || isOfferedSize(size.w, size.h, offer.banner, offer.interstitialScreen))
      );
    case 'video':
      return (
        offer.video !== null && isOfferedDuration(durationSec, offer.video) && isOfferedProtocol(protocol, offer.video)
      );
    case 'native':
      return offer.native !== null;
  }
}
