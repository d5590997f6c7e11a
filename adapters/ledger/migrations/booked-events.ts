/** What events of a booking have to say, such events on their way to an event log, and notices that wait for a bill. */
export const BOOKED_EVENTS = `
-- What the sale was, for events of it (engine/exchange/sale-terms.ts). Null: nobody has said it yet, or a release before this one.
ALTER TABLE charge ADD COLUMN terms text;
ALTER TABLE dsp_transfer ADD COLUMN terms text;

-- Once it has expired, whether its win_expired event is made.
ALTER TABLE charge ADD COLUMN expiry_told boolean NOT NULL DEFAULT false;
CREATE INDEX charge_expired ON charge (expires_at_ms)
  WHERE state IN ('expired', 'shared', 'uncovered') AND terms IS NOT NULL AND NOT expiry_told;

-- Events of what was booked by other means than an event, until an engine has stored them in its event log.
CREATE TABLE booked_event (
  id text PRIMARY KEY,
  payload text NOT NULL,
  -- Whoever takes it has so long to store it, then somebody else may.
  due_at_ms bigint NOT NULL
);
CREATE INDEX booked_event_due ON booked_event (due_at_ms);

-- A burl too long for tracking URLs, from its win until its bill. Null: it has gone to billing_notice.
CREATE TABLE pending_notice (
  key text PRIMARY KEY,
  dsp_id text NOT NULL,
  auction_id text NOT NULL,
  imp_id text NOT NULL,
  url text,
  kept_at_ms bigint NOT NULL,
  until_ms bigint NOT NULL
);
CREATE INDEX pending_notice_kept ON pending_notice (kept_at_ms) WHERE url IS NOT NULL;
CREATE INDEX pending_notice_until ON pending_notice (until_ms);
`;
