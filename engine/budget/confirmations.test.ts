import { expect, it } from 'vitest';
import { BudgetLedgerError, type LeaseGrant } from '../ports/budget-ledger.ts';
import { Confirmations } from './confirmations.ts';

const grant = (accountId: string): LeaseGrant => ({
  ...{ accountId, epoch: 1, sequence: 1, requestId: accountId, processId: 'process' },
  ...{ amount: 1, termMs: 1000 },
});

function asked(refuse: (accountIds: readonly string[]) => void, accountIds: readonly string[]): Promise<unknown[]> {
  const confirmations = new Confirmations(
    {
      confirmLeases: async (grants) => {
        refuse(grants.map(({ accountId }) => accountId));
        return grants.map(({ termMs }) => ({ kind: 'live', termMs }));
      },
    },
    { monotonicMs: () => 5, wallMs: () => 0 },
    256,
  );
  return Promise.all(
    accountIds.map((id) =>
      confirmations.confirm(grant(id)).then(
        ({ confirmation }) => confirmation.kind,
        ({ message }) => message,
      ),
    ),
  );
}

it('a grant that the ledger refuses is refused alone', async () => {
  const refuse = (ids: readonly string[]): void => {
    if (ids.includes('never')) throw new RangeError('refused');
  };
  expect(await asked(refuse, ['a', 'b', 'never', 'c'])).toEqual(['live', 'live', 'refused', 'live']);
});

it('a ledger that is away is away for all', async () => {
  const away = (): never => {
    throw new BudgetLedgerError('unavailable', 'away');
  };
  expect(await asked(away, ['a', 'b'])).toEqual(['away', 'away']);
});
