import { budgetLedgerContract } from './ledger.contract.ts';
import { ModelWorld } from './testing/world.ts';

budgetLedgerContract('the model of the ledger', async () => new ModelWorld());
