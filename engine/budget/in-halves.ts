/**
 * One thing that the ledger will never take must not keep the others from it: a batch that it refuses is carried out in
 * halves, down to the one that is refused alone.
 *
 * Overflow policy `set-aside`: that one is handed to the caller, who counts and logs it, and nobody tries it again.
 */
import { BudgetLedgerError } from '../ports/budget-ledger.ts';

/**
 * In order; `carryOut` is given parts of the batch and may be given the same again. Rejects when the ledger cannot be
 * reached, for that is nobody's fault here: what was not carried out by then may be tried again.
 */
export async function inHalves<Item>(
  batch: readonly Item[],
  carryOut: (part: readonly Item[]) => Promise<void>,
  setAside: (item: Item, error: unknown) => void,
): Promise<void> {
  try {
    await carryOut(batch);
    return;
  } catch (error) {
    if (error instanceof BudgetLedgerError) throw error;
    if (batch.length === 1) {
      setAside(batch[0]!, error);
      return;
    }
  }
  const middle = Math.ceil(batch.length / 2);
  await inHalves(batch.slice(0, middle), carryOut, setAside);
  await inHalves(batch.slice(middle), carryOut, setAside);
}
