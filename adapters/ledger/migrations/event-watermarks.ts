/** How far events are booked: what may still be billed by one that waits somewhere keeps its money. */
export const EVENT_WATERMARKS = `
-- All events that were stored in this log or topic before then are booked. A table of its own: its writers wait for no booking.
CREATE TABLE event_watermark (
  source text NOT NULL,
  partition integer NOT NULL,
  booked_until_ms bigint NOT NULL,
  PRIMARY KEY (source, partition)
);

-- An engine whose events could not be handed on to their topic: those from since_ms on are not there, or came until until_ms; null: they still wait.
CREATE TABLE event_backlog (
  outbox text PRIMARY KEY,
  since_ms bigint NOT NULL,
  until_ms bigint
);
`;
