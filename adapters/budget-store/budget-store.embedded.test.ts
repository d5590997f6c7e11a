import { expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { budgetStoreContract, grantIn, tranche, wanted } from './budget-store.contract.ts';
import { BudgetMemory, createEmbeddedBudgetStore } from './budget-store.embedded.ts';
import { ANSWER_KEPT_MS, DEMAND_KEPT_MS } from './retention.ts';

budgetStoreContract('the embedded store', async () => {
  const memory = new BudgetMemory(1000);
  const open = () => createEmbeddedBudgetStore({ clock: systemClock, memory });
  return {
    stores: [open(), open()],
    flush: async () => {
      memory.accounts.clear();
      memory.answers.clear();
    },
    dispose: async () => {},
  };
});

function storeAt() {
  const time = { nowMs: 0 };
  const clock = { wallMs: () => 0, monotonicMs: () => time.nowMs };
  return { time, store: createEmbeddedBudgetStore({ clock, memory: new BudgetMemory(2) }) };
}

it('who has not asked for long has no share, nor an answer kept', async () => {
  const { time, store } = storeAt();
  await store.install(tranche());
  await store.grant(wanted('r1', { processId: 'gone', amount: 900 }));
  time.nowMs = Math.max(DEMAND_KEPT_MS, ANSWER_KEPT_MS);
  expect(grantIn(await store.grant(wanted('r2'))).amount).toBe(90);
  expect(await store.shares('campaign-1')).toEqual(new Map([['process-1', 1]]));
  expect(grantIn(await store.grant(wanted('r1'))).sequence).toBe(3);
});

it('is bounded: an account that was forgotten has no tranche', async () => {
  const { store } = storeAt();
  for (const accountId of ['a', 'b', 'c']) await store.install(tranche({ accountId }));
  expect(await store.grant(wanted('r1', { accountId: 'a' }))).toMatchObject({ kind: 'no-tranche', epoch: 0 });
  expect(grantIn(await store.grant(wanted('r2', { accountId: 'c' }))).sequence).toBe(1);
});
