/**
 * What is bounded (account), who may spend it (tranche, lease), what was won (charge), and the journal of every move
 * (transfer). Balances stand beside the journal and change with it in one transaction; the constraints are the last
 * judge: a program that erred is refused here.
 */
export const LEDGER = `
-- A campaign's money in nanos, or a guaranteed line item's impressions. The five balances are where its budget is.
CREATE TABLE account (
  id text PRIMARY KEY,
  unit text NOT NULL CHECK (unit IN ('nanos', 'impressions')),
  currency text,
  time_zone text NOT NULL,
  status text NOT NULL CHECK (status IN ('active', 'paused', 'ended')),
  end_at_ms bigint,
  budget bigint NOT NULL CHECK (budget BETWEEN 0 AND 4000000000000000000),
  daily_budget bigint CHECK (daily_budget >= 0),
  -- Of its latest tranche.
  epoch bigint NOT NULL DEFAULT 0,
  -- Changes of its terms so far.
  revision bigint NOT NULL DEFAULT 0,
  available bigint NOT NULL DEFAULT 0 CHECK (available >= 0),
  tranched bigint NOT NULL DEFAULT 0 CHECK (tranched >= 0),
  leased bigint NOT NULL DEFAULT 0 CHECK (leased >= 0),
  reserved bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  spent bigint NOT NULL DEFAULT 0 CHECK (spent >= 0),
  -- What we served and the budget did not bear.
  absorbed bigint NOT NULL DEFAULT 0 CHECK (absorbed >= 0),
  CHECK ((unit = 'nanos') = (currency IS NOT NULL)),
  CHECK (unit = 'nanos' OR daily_budget IS NULL),
  -- All of the budget is somewhere; more than the budget only after a cut below what was out, and then nothing is free.
  CHECK (available + tranched + leased + reserved + spent >= budget),
  CHECK (available + tranched + leased + reserved + spent = budget OR available = 0)
);

-- Spend belongs to the day its tranche was opened.
CREATE TABLE account_day (
  account_id text NOT NULL REFERENCES account,
  -- YYYY-MM-DD in the account's time zone.
  day text NOT NULL,
  budget bigint,
  -- In its tranches and leases, or spent.
  committed bigint NOT NULL CHECK (committed >= 0),
  spent bigint NOT NULL CHECK (spent BETWEEN 0 AND committed),
  PRIMARY KEY (account_id, day)
);

CREATE FUNCTION refuse_spend_above_budget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.spent > OLD.spent AND NEW.spent > NEW.budget THEN
    RAISE EXCEPTION 'spend % above budget % in %', NEW.spent, NEW.budget, TG_TABLE_NAME USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER spend_within_budget BEFORE UPDATE ON account FOR EACH ROW EXECUTE FUNCTION refuse_spend_above_budget();
CREATE TRIGGER spend_within_budget BEFORE UPDATE ON account_day FOR EACH ROW EXECUTE FUNCTION refuse_spend_above_budget();

CREATE TABLE tranche (
  account_id text NOT NULL REFERENCES account,
  epoch bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'closed')),
  amount bigint NOT NULL CHECK (amount > 0),
  leased bigint NOT NULL CHECK (leased >= 0),
  returned bigint NOT NULL CHECK (returned >= 0),
  day text NOT NULL,
  not_after_ms bigint,
  opened_at_ms bigint NOT NULL,
  PRIMARY KEY (account_id, epoch),
  CHECK (leased + returned <= amount),
  CHECK (state = 'open' OR leased + returned = amount)
);
CREATE UNIQUE INDEX tranche_open ON tranche (account_id) WHERE state = 'open';
CREATE INDEX tranche_over ON tranche (not_after_ms) WHERE state = 'open';

-- Which request got which tranche; those that came while nothing of it was leased share it.
CREATE TABLE tranche_request (
  account_id text NOT NULL,
  request_id text NOT NULL,
  epoch bigint NOT NULL,
  PRIMARY KEY (account_id, request_id),
  FOREIGN KEY (account_id, epoch) REFERENCES tranche
);

-- live: its holder may spend. closing: given back, late bills are still taken. closed: gives nothing any more.
CREATE TABLE lease (
  account_id text NOT NULL,
  epoch bigint NOT NULL,
  sequence bigint NOT NULL,
  request_id text NOT NULL,
  process_id text NOT NULL,
  -- Its tranche's.
  day text NOT NULL,
  state text NOT NULL CHECK (state IN ('live', 'closing', 'closed')),
  amount bigint NOT NULL CHECK (amount > 0),
  reserved bigint NOT NULL CHECK (reserved >= 0),
  billed bigint NOT NULL CHECK (billed >= 0),
  returned bigint NOT NULL CHECK (returned >= 0),
  confirmed_at_ms bigint NOT NULL,
  -- The sweep closes it then.
  closes_at_ms bigint NOT NULL,
  PRIMARY KEY (account_id, epoch, sequence),
  FOREIGN KEY (account_id, epoch) REFERENCES tranche,
  CHECK (reserved + billed + returned <= amount),
  CHECK (state <> 'closed' OR reserved + billed + returned = amount)
);
CREATE INDEX lease_due ON lease (closes_at_ms) WHERE state <> 'closed';

-- One row per billable thing for ever: its key decides that it is billed once. A release that came before all else leaves
-- a row without account.
CREATE TABLE charge (
  key text PRIMARY KEY,
  account_id text REFERENCES account,
  epoch bigint,
  sequence bigint,
  state text NOT NULL CHECK (state IN ('reserved', 'billed', 'absorbed', 'released', 'refunded')),
  amount bigint NOT NULL CHECK (amount >= 0),
  fee bigint NOT NULL CHECK (fee BETWEEN 0 AND amount),
  publisher_id text,
  expires_at_ms bigint,
  CHECK (state = 'released' OR account_id IS NOT NULL),
  CHECK (state NOT IN ('billed', 'absorbed', 'refunded') OR publisher_id IS NOT NULL)
);
CREATE INDEX charge_due ON charge (expires_at_ms) WHERE state = 'reserved';

-- The journal. A row moves an amount from one book to another, so it sums to zero; ledger_entry shows both sides.
CREATE TABLE transfer (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  -- What it is about: with its kind, once for ever.
  key text NOT NULL,
  account_id text NOT NULL REFERENCES account,
  from_book text NOT NULL,
  to_book text NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  -- Of a bill's amount, ours; the rest is the publisher's.
  fee bigint NOT NULL CHECK (fee BETWEEN 0 AND amount),
  publisher_id text,
  epoch bigint,
  sequence bigint,
  day text,
  -- The account's, when this was written: spend up to here is within it.
  budget bigint NOT NULL,
  at_ms bigint NOT NULL,
  UNIQUE (kind, key),
  CHECK ((kind, from_book, to_book) IN (
    ('fund', 'funding', 'available'), ('defund', 'available', 'funding'),
    ('open-tranche', 'available', 'tranched'), ('close-tranche', 'tranched', 'available'),
    ('lease', 'tranched', 'leased'), ('return', 'leased', 'available'),
    ('reserve', 'leased', 'reserved'), ('release', 'reserved', 'leased'),
    ('bill', 'leased', 'spent'), ('bill', 'reserved', 'spent'), ('refund', 'spent', 'available'),
    ('absorb', 'absorbed', 'served'), ('refund-absorbed', 'served', 'absorbed')))
);
CREATE INDEX transfer_of_account ON transfer (account_id, id);

-- Signed entries: per transfer and per currency (or unit) they sum to zero. What is billed is due from the advertiser to
-- publisher and exchange; what is absorbed is due from the exchange itself.
CREATE VIEW ledger_entry AS
SELECT t.id AS transfer_id, t.kind, t.key, t.account_id, coalesce(a.currency, a.unit) AS currency,
       e.book, e.amount, t.publisher_id, t.at_ms
FROM transfer t
JOIN account a ON a.id = t.account_id
CROSS JOIN LATERAL (
  SELECT t.from_book, -t.amount UNION ALL SELECT t.to_book, t.amount
  UNION ALL
  SELECT leg.book, leg.amount * CASE WHEN t.kind LIKE 'refund%' THEN -1 ELSE 1 END
  FROM (VALUES (CASE WHEN t.kind IN ('bill', 'refund') THEN 'advertiser-due' ELSE 'served' END, -t.amount),
               ('publisher-payable', t.amount - t.fee), ('exchange-fee', t.fee)) AS leg (book, amount)
  WHERE a.unit = 'nanos' AND t.kind IN ('bill', 'refund', 'absorb', 'refund-absorbed')
) AS e (book, amount)
WHERE e.amount <> 0;

-- What a publisher earned and we kept, by account.
CREATE TABLE publisher_share (
  account_id text NOT NULL REFERENCES account,
  publisher_id text NOT NULL,
  payable bigint NOT NULL,
  fee bigint NOT NULL,
  PRIMARY KEY (account_id, publisher_id)
);

-- What happened in each quarter of an hour (UTC), for reports.
CREATE TABLE delivery_slot (
  account_id text NOT NULL REFERENCES account,
  slot_start_ms bigint NOT NULL,
  reserved bigint NOT NULL,
  billed bigint NOT NULL,
  released bigint NOT NULL,
  refunded bigint NOT NULL,
  absorbed bigint NOT NULL,
  bills bigint NOT NULL,
  PRIMARY KEY (account_id, slot_start_ms)
);

-- Who did what, when.
CREATE TABLE audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at_ms bigint NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  details jsonb NOT NULL
);
CREATE INDEX audit_of_subject ON audit (subject, id);
CREATE INDEX audit_of_action ON audit (action, id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit EXECUTE FUNCTION refuse_change();
`;
