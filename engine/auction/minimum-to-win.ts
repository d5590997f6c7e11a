/**
 * `${AUCTION_MIN_TO_WIN}` (OpenRTB 2.6 section 4.4): left null where price alone did not decide, that is for refused bids, for
 * members of groups and bids displaced by one, for open bids behind a deal, and for the lesser bids of a seat; and where no
 * price that can be named would have won.
 */
import { toBidCurrencyRoundedUp } from './bid-currency.ts';
import { mechanismOf } from './bid-mechanism.ts';
import type { Contender } from './contender.ts';
import { unitPriceToTie } from './ranked-bid.ts';
import type { Mechanism } from './types.ts';

/** The price that ties the runner-up, or the reserve when that is more. */
export function setWinnerMinimumToWin(winner: Contender, runnerUp: Contender | null): void {
  const tie = runnerUp === null ? 0 : unitPriceToTie(winner, runnerUp.ecpmMicros);
  const minimum = toBidCurrencyRoundedUp(winner, Math.max(tie, winner.reserveUnitMicros));
  winner.minimumToWinMicros = Math.min(minimum, winner.bid.priceMicros);
}

/**
 * In second price the clearing price of the last position, as the example of the specification has it; otherwise the
 * price that ties the winner of that position.
 */
export function setLoserMinimumToWin(loser: Contender, lastWinner: Contender, mechanism: Mechanism): void {
  if (lastWinner.group !== null) return;
  const isSecondPrice = mechanismOf(lastWinner, mechanism) === 'gsp';
  const targetEcpm = isSecondPrice ? lastWinner.clearingUnitMicros * lastWinner.ecpmPerUnit : lastWinner.ecpmMicros;
  const minimum = toBidCurrencyRoundedUp(loser, Math.max(unitPriceToTie(loser, targetEcpm), loser.reserveUnitMicros));
  // An action that nearly never happens may need a price beyond all numbers.
  loser.minimumToWinMicros = Number.isSafeInteger(minimum) ? minimum : null;
}
