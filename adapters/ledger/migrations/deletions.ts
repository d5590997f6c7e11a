/** Requests to delete what is known of a user: who takes part in each, what they found, and what came of it. */
export const DELETIONS = `
-- Each change takes the next value and waits for the one before, so a reader that asks from a value on misses none.
CREATE TABLE deletion_sequence (one boolean PRIMARY KEY DEFAULT true CHECK (one), value bigint NOT NULL);
INSERT INTO deletion_sequence (value) VALUES (0);

CREATE TABLE deletion (
  id text PRIMARY KEY,
  -- The caller's: the same again is the same request.
  idempotency_key text UNIQUE,
  kind text NOT NULL CHECK (kind IN ('device', 'user')),
  state text NOT NULL CHECK (state IN ('open', 'certified')),
  -- SHA-256 of the keys that events know the user by.
  subjects text[] NOT NULL,
  -- The ids, encrypted; gone with the certificate.
  sealed bytea,
  sequence bigint NOT NULL UNIQUE,
  requested_by text NOT NULL,
  requested_at_ms bigint NOT NULL,
  certified_at_ms bigint,
  -- Who looks after what all share, and until when nobody else does.
  claimed_by text,
  claimed_until_ms bigint,
  -- Until then nobody makes an event of this user; null: until it is certified and longer.
  unlinked_until_ms bigint,
  certificate jsonb,
  CHECK ((state = 'open') = (sealed IS NOT NULL)),
  CHECK ((state = 'certified') = (certificate IS NOT NULL))
);
CREATE INDEX deletion_open ON deletion (requested_at_ms) WHERE state = 'open';

-- Who keeps data of users outside this database: an engine and its data folder. Without its word no certificate is given.
CREATE TABLE data_keeper (
  id text PRIMARY KEY,
  name text NOT NULL,
  stores text[] NOT NULL,
  seen_at_ms bigint NOT NULL,
  retired_at_ms bigint,
  retired_by text,
  CHECK ((retired_at_ms IS NULL) = (retired_by IS NULL))
);

-- What a keeper, or whoever looks after what all share (keeper: shared), has found in one of its stores.
CREATE TABLE deletion_part (
  deletion_id text NOT NULL REFERENCES deletion ON DELETE CASCADE,
  keeper_id text NOT NULL,
  store text NOT NULL,
  -- Records that held something, so far.
  removed bigint NOT NULL,
  -- Places that still did at the last search; null: it could not be searched yet.
  remaining bigint,
  searched_at_ms bigint NOT NULL,
  -- Why it could not be searched.
  waits_for text,
  PRIMARY KEY (deletion_id, keeper_id, store),
  CHECK ((remaining IS NULL) = (waits_for IS NOT NULL))
);
`;
