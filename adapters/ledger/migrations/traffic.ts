/** What pacing has learned of traffic (`engine/budget/pacing/traffic-curve.ts`): one row per account, 8 KB. */
export const TRAFFIC = `
CREATE TABLE traffic_memory (
  account_id text PRIMARY KEY REFERENCES account,
  -- Seen in it, for comparison.
  events double precision NOT NULL,
  -- Four arrays of single precision behind each other, little endian, in base64.
  memory text NOT NULL,
  kept_at_ms bigint NOT NULL
);
`;
