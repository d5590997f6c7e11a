/** Eligibility: may this bid compete at all? Every rule lives in `eligibility/`, the order of the questions here. */
import type { Contender } from './contender.ts';
import { checkBlocks } from './eligibility/blocks.ts';
import { checkCreative, checkCreativeIdentity } from './eligibility/creative.ts';
import { checkFloor } from './eligibility/floor.ts';
import { checkMedia } from './eligibility/media.ts';
import { checkPrice } from './eligibility/price.ts';
import type { RequestRules } from './eligibility/request-rules.ts';
import { checkDeal, checkSeat } from './eligibility/seat-and-deal.ts';

/**
 * Works out price, deal, media and reserve of a contender, or refuses it with the first rule that fails. The floor is
 * asked last, so that a bid refused for its floor is one that passed everything else: the learned reserve relies on it.
 */
export function isEligible(contender: Contender, rules: RequestRules): boolean {
  const impRules = rules.imps.get(contender.bid.impId);
  if (impRules === undefined) return contender.refuse('unknown-imp', 'impid');
  contender.impRules = impRules;
  // Events of the time before there were own bids say nothing of it.
  if ((contender.bid.withheld ?? null) !== null) return contender.refuse(contender.bid.withheld!, '');
  const { imp } = impRules;
  const { policy } = rules.input;
  return (
    checkPrice(contender, impRules, rules.input) &&
    checkSeat(contender, rules) &&
    checkDeal(contender, impRules) &&
    checkMedia(contender, impRules) &&
    checkCreativeIdentity(contender, policy) &&
    checkCreative(contender, imp, policy) &&
    checkBlocks(contender, rules) &&
    checkFloor(contender, imp, policy)
  );
}
