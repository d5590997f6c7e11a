/** Auction events for tests, decided by the product from inputs by exception, and a log that holds them. */
import { clearAuction } from '../../../engine/auction/clear.ts';
import { buildInput, type InputParts } from '../../../engine/auction/testing/build-input.ts';
import type { AuctionInput } from '../../../engine/auction/types.ts';
import { encodeEvent, type GavelEvent } from '../../../engine/events/read-event.ts';
import type { AuctionEvent, DspRecord } from '../../../engine/exchange/auction-event.ts';
import { buildAuctionEvent } from '../../../engine/exchange/testing/build-auction-event.ts';
import type { LostRecords, RecordedEvents } from '../../../engine/ports/recorded-events.ts';

/** As an engine would have written it: all DSPs have replied in 10 ms. */
export function recordedAuction(parts: InputParts, event: Partial<AuctionEvent> = {}): AuctionEvent {
  const input = buildInput(parts);
  const outcome = clearAuction(input);
  return buildAuctionEvent({
    auctionId: input.auctionId,
    requestId: `request of ${input.auctionId}`,
    ending: outcome.wins.length > 0 ? 'won' : 'no-bid',
    closing: 'all-replied',
    features: { ...buildAuctionEvent().features, publisherId: 'pub', imps: input.imps.map(impFeatures) },
    input,
    outcome,
    dsps: dspRecords(input),
    ...event,
  });
}

function impFeatures({ id, placementId }: AuctionInput['imps'][number]): AuctionEvent['features']['imps'][number] {
  return { impId: id, placementId, media: ['banner'], width: 300, height: 250, dealCount: 0 };
}

function dspRecords({ bids }: AuctionInput): DspRecord[] {
  const dspIds = [...new Set(bids.map(({ dspId }) => dspId))].filter((dspId) => dspId !== 'house');
  return dspIds.map((dspId) => dspRecord({ dspId }));
}

export function dspRecord(parts: Partial<DspRecord>): DspRecord {
  return { dspId: 'dsp-a', result: 'bid', detail: '', latencyMs: 10, nbr: null, dropped: [], ...parts };
}

/** Of one log, or of several. Strings are stored as they are. */
export function recordedIn(
  logs: readonly (readonly (GavelEvent | string)[])[],
  lost: readonly LostRecords[] = [],
): RecordedEvents {
  return {
    name: 'the log of a test',
    logs: logs.map((events, number) => ({
      async *read({ onLost }) {
        for (const each of lost) onLost(each);
        for (const [position, event] of events.entries()) {
          const payload = typeof event === 'string' ? Buffer.from(event) : encodeEvent(event);
          yield { source: `log-${number}`, position, payload };
        }
      },
    })),
  };
}

export const ALL_TIME = { fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER };
