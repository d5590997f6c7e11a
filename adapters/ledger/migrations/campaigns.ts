/** What advertisers booked (`engine/campaign/campaign.ts`). */
export const CAMPAIGNS = `
-- One row: the last change. Its lock puts writers one after the other, so sequences become visible in their order.
CREATE TABLE booking_sequence (value bigint NOT NULL);
INSERT INTO booking_sequence VALUES (0);

CREATE TABLE advertiser (
  id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
  name text NOT NULL,
  currency text NOT NULL,
  time_zone text NOT NULL,
  domains jsonb NOT NULL,
  is_paused boolean NOT NULL,
  version bigint NOT NULL,
  sequence bigint NOT NULL UNIQUE,
  updated_at_ms bigint NOT NULL
);

CREATE TABLE campaign (
  id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
  advertiser_id text NOT NULL REFERENCES advertiser,
  name text NOT NULL,
  status text NOT NULL CHECK (status IN ('active', 'paused', 'ended')),
  start_at_ms bigint NOT NULL,
  end_at_ms bigint CHECK (end_at_ms > start_at_ms),
  budget_nanos bigint NOT NULL CHECK (budget_nanos >= 0),
  daily_budget_nanos bigint CHECK (daily_budget_nanos >= 0),
  delivery text NOT NULL CHECK (delivery IN ('even', 'asap')),
  frequency_caps jsonb NOT NULL,
  version bigint NOT NULL,
  sequence bigint NOT NULL UNIQUE,
  updated_at_ms bigint NOT NULL
);
CREATE INDEX campaign_of_advertiser ON campaign (advertiser_id, id);

CREATE TABLE creative (
  id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
  advertiser_id text NOT NULL REFERENCES advertiser,
  name text NOT NULL,
  media text NOT NULL CHECK (media IN ('banner', 'video', 'native')),
  markup text NOT NULL,
  size jsonb,
  duration_sec double precision,
  protocol integer,
  domains jsonb NOT NULL,
  categories jsonb NOT NULL,
  attributes jsonb NOT NULL,
  language text,
  approval text NOT NULL CHECK (approval IN ('pending', 'approved', 'rejected')),
  version bigint NOT NULL,
  sequence bigint NOT NULL UNIQUE,
  updated_at_ms bigint NOT NULL
);
CREATE INDEX creative_of_advertiser ON creative (advertiser_id, id);

CREATE TABLE line_item (
  id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
  campaign_id text NOT NULL REFERENCES campaign,
  name text NOT NULL,
  is_paused boolean NOT NULL,
  pricing text NOT NULL CHECK (pricing IN ('cpm', 'cpc', 'cpa')),
  bid_micros bigint NOT NULL CHECK (bid_micros >= 0),
  goal_impressions bigint CHECK (goal_impressions >= 0),
  targeting jsonb NOT NULL,
  creative_ids jsonb NOT NULL,
  version bigint NOT NULL,
  sequence bigint NOT NULL UNIQUE,
  updated_at_ms bigint NOT NULL
);
CREATE INDEX line_item_of_campaign ON line_item (campaign_id, id);
`;
