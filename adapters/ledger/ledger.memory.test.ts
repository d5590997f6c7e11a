import { afterAll } from 'vitest';
import { bookedEventsContract } from './booked-events.contract.ts';
import { campaignStoreContract } from './campaign-store.contract.ts';
import { deliveryReportsContract } from './delivery-reports.contract.ts';
import { eventBooksContract } from './event-books.contract.ts';
import { eventWatermarksContract } from './event-watermarks.contract.ts';
import { budgetLedgerContract } from './ledger.contract.ts';
import { ledgerRecordsContract } from './ledger-records.contract.ts';
import { moneySurveyContract } from './money-survey.contract.ts';
import { memoryTestDatabases } from './testing/memory-databases.ts';
import { LedgerWorld } from './testing/world.ts';
import { trafficMemoriesContract } from './traffic-memories.contract.ts';

const databases = memoryTestDatabases();
afterAll(() => databases.stop());

budgetLedgerContract('the ledger in memory', async () => new LedgerWorld(await databases()));
ledgerRecordsContract('the ledger in memory', databases);
campaignStoreContract('the campaign store in memory', databases);
deliveryReportsContract('the delivery reports in memory', databases);
moneySurveyContract('the survey in memory', databases);
trafficMemoriesContract('the memories of traffic in memory', databases);
eventBooksContract('memory', databases, { shuffles: 20 });
bookedEventsContract('memory', databases);
eventWatermarksContract('memory', databases);
