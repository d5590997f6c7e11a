/** Days that bound whatever the terms are, bills after the end of a reservation, and no memory of who asked for a tranche. */
export const BUDGET_DAYS = `
-- When its time zone was changed, the day that it had goes on until then.
ALTER TABLE account ADD COLUMN held_day text;
ALTER TABLE account ADD COLUMN held_day_until_ms bigint;
ALTER TABLE account ADD CONSTRAINT account_held_day_check CHECK ((held_day IS NULL) = (held_day_until_ms IS NULL));

-- Every tranche ends with its day. Those that are open may have none: the next one has.
UPDATE tranche SET not_after_ms = least(not_after_ms, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)
  WHERE state = 'open' OR not_after_ms IS NULL;

-- The day's, as budget is the account's, when this was written; null: the day had none.
ALTER TABLE transfer ADD COLUMN day_budget bigint;

-- shared: it holds nothing of its own, its lease pays for what is billed of many such.
-- uncovered: it was won from a lease that is closed, and its money is sold: its bill is paid from what is available then.
ALTER TABLE charge DROP CONSTRAINT charge_state_check;
ALTER TABLE charge ADD CONSTRAINT charge_state_check
  CHECK (state IN ('reserved', 'billed', 'absorbed', 'shared', 'uncovered', 'expired', 'released', 'refunded', 'parked'));

-- take-back: what a lease gave back before a win from it was told. Late bills are paid from what is available.
ALTER TABLE transfer DROP CONSTRAINT transfer_check1;
ALTER TABLE transfer ADD CONSTRAINT transfer_books_check CHECK ((kind, from_book, to_book) IN (
  ('fund', 'funding', 'available'), ('defund', 'available', 'funding'),
  ('open-tranche', 'available', 'tranched'), ('close-tranche', 'tranched', 'available'),
  ('lease', 'tranched', 'leased'), ('return', 'leased', 'available'), ('take-back', 'available', 'leased'),
  ('reserve', 'leased', 'reserved'), ('release', 'reserved', 'leased'),
  ('bill', 'leased', 'spent'), ('bill', 'reserved', 'spent'), ('bill', 'available', 'spent'), ('refund', 'spent', 'available'),
  ('absorb', 'absorbed', 'served'), ('refund-absorbed', 'served', 'absorbed')));

-- Who knows which tranche it has seen asks by that; no request is made twice.
DROP TABLE tranche_request;
`;
