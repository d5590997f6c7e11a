/** The `BudgetStore` of one process over the Redis of a world. */
import { type BudgetStore, BudgetStoreError } from '../../../engine/ports/budget-store.ts';
import { RedisClient, type RedisConnection } from './redis-client.ts';

export function createWorldBudgetStore(connection: RedisConnection): BudgetStore {
  const { run, close } = new RedisClient(connection, {
    closed: () => new BudgetStoreError('closed', 'the budget store is closed'),
    failed: (code, message, options) =>
      new BudgetStoreError(code === 'late' ? 'late' : 'unavailable', message, options),
  });
  return {
    install: (tranche) => run(({ budgets }) => budgets.install(tranche)),
    grant: (wanted) => run(({ budgets }, nowMs) => budgets.grant(wanted, nowMs)),
    fence: (accountId, epoch) => run(({ budgets }) => budgets.fence(accountId, epoch)),
    leave: (accountId, processId) => run(({ budgets }) => budgets.leave(accountId, processId)),
    shares: (accountId) => run(({ budgets }, nowMs) => budgets.shares(accountId, nowMs)),
    close,
  };
}
