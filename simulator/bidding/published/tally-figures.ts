import type { BidTally } from '../bid-replay.ts';
import type { Figures } from './published-row.ts';
import type { Section } from './section.ts';

/** The names that published tables have for what a bidder came to. */
const FIGURES: Readonly<Record<string, (tally: BidTally) => number>> = {
  auctions: ({ bids }) => bids,
  bids: ({ bids }) => bids,
  imp: ({ imps }) => imps,
  clk: ({ clicks }) => clicks,
  cost: ({ cost }) => cost,
};

/** The figures of a tally that were published, under the same names. */
export function tallyFigures(section: Section, tally: BidTally, published: Figures): Figures {
  return Object.fromEntries(
    Object.keys(published).map((name) => {
      const figure = Object.hasOwn(FIGURES, name) ? FIGURES[name]! : unknown(section, name);
      return [name, figure(tally)];
    }),
  );
}

function unknown(section: Section, name: string): never {
  return section.refuse(`publishes "${name}", known are ${Object.keys(FIGURES).join(', ')}`);
}
