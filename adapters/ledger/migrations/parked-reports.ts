/** Reports of what nobody has told the ledger yet, and reservations that time has ended. */
export const PARKED_REPORTS = `
-- parked: it was reported and nothing else is known of it; whoever reserves the key bills it. A row of this table, so that
-- its key decides between a report and a reservation that come at the same time. Removed when it expires.
-- expired: time has ended its reservation, or no lease has borne it. A late bill is our cost, where after a release nobody pays.
ALTER TABLE charge ADD COLUMN reported_at_ms bigint;
ALTER TABLE charge DROP CONSTRAINT charge_state_check;
ALTER TABLE charge ADD CONSTRAINT charge_state_check
  CHECK (state IN ('reserved', 'billed', 'absorbed', 'expired', 'released', 'refunded', 'parked'));
ALTER TABLE charge DROP CONSTRAINT charge_check1;
ALTER TABLE charge ADD CONSTRAINT charge_account_check CHECK (state IN ('released', 'parked') OR account_id IS NOT NULL);
ALTER TABLE charge ADD CONSTRAINT charge_parked_check
  CHECK (state <> 'parked' OR (account_id IS NULL AND amount = 0 AND expires_at_ms IS NOT NULL AND reported_at_ms IS NOT NULL));
CREATE INDEX charge_parked ON charge (expires_at_ms) WHERE state = 'parked';
`;
