/** What a consumer of the event log makes of events: its place in the log, the money of DSPs, and what it has set aside. */
export const EVENT_BILLING = `
-- Moves in the transaction that books the events before it. The epoch rises with each process that takes the partition over:
-- one that does not know it any more books nothing.
CREATE TABLE consumer_offset (
  source text NOT NULL,
  partition integer NOT NULL,
  epoch bigint NOT NULL,
  -- Of the next event; null: the oldest there is.
  next_offset bigint,
  PRIMARY KEY (source, partition)
);

-- What DSPs owe. bill: an event that they pay by; refund: it is undone; void: it is undone before it came, so it never will be.
CREATE TABLE dsp_transfer (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('bill', 'refund', 'void')),
  -- Of the event that is paid: billed or void once for ever, refunded once.
  key text NOT NULL,
  dsp_id text NOT NULL,
  seat text NOT NULL,
  publisher_id text NOT NULL,
  currency text NOT NULL,
  amount bigint NOT NULL CHECK (amount >= 0),
  fee bigint NOT NULL CHECK (fee BETWEEN 0 AND amount),
  -- When it was told to have happened.
  happened_at_ms bigint NOT NULL,
  -- When it was booked: past days do not change.
  at_ms bigint NOT NULL,
  CHECK (kind <> 'void' OR amount = 0)
);
CREATE UNIQUE INDEX dsp_transfer_decided ON dsp_transfer (key) WHERE kind IN ('bill', 'void');
CREATE UNIQUE INDEX dsp_transfer_refunded ON dsp_transfer (key) WHERE kind = 'refund';
CREATE INDEX dsp_transfer_at ON dsp_transfer USING brin (at_ms);
CREATE INDEX transfer_at ON transfer USING brin (at_ms);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dsp_transfer EXECUTE FUNCTION refuse_change();

-- Signed entries: per transfer they sum to zero.
CREATE VIEW dsp_ledger_entry AS
SELECT t.id AS transfer_id, t.kind, t.key, t.dsp_id, t.seat, t.currency, e.book,
       e.amount * CASE t.kind WHEN 'refund' THEN -1 ELSE 1 END AS amount, t.publisher_id, t.at_ms
FROM dsp_transfer t
CROSS JOIN LATERAL (VALUES ('dsp-due', -t.amount), ('publisher-payable', t.amount - t.fee), ('exchange-fee', t.fee))
  AS e (book, amount)
WHERE e.amount <> 0;

-- The burl of what has been billed, until somebody takes it to call it.
CREATE TABLE billing_notice (
  key text PRIMARY KEY,
  dsp_id text NOT NULL,
  auction_id text NOT NULL,
  imp_id text NOT NULL,
  user_key text,
  url text NOT NULL,
  at_ms bigint NOT NULL
);

-- Events that could not be booked, as they were.
CREATE TABLE dead_letter (
  source text NOT NULL,
  partition integer NOT NULL,
  log_offset bigint NOT NULL,
  type text NOT NULL,
  reason text NOT NULL,
  message text NOT NULL,
  tries integer NOT NULL,
  at_ms bigint NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (source, partition, log_offset)
);
`;
