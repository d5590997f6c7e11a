/** A verification as people read it. Ids are those of strangers: who prints shows them as such. */
import type { FieldDifference } from './outcome-difference.ts';
import { countsOf, formatReading, percent, type ReplayReading } from './replay-text.ts';
import type { AuctionDifference, VerificationReport } from './verify.ts';

/** `2026-11-21T19:02:03.004Z`, its auction, and a line for each field. */
export function formatDifference(difference: AuctionDifference): string {
  const { auctionId, atMs, source, position, storedVersion, cause, fields } = difference;
  const head = `auction ${JSON.stringify(auctionId).slice(1, -1)} at ${new Date(atMs).toISOString()} (${source}, ${position}, version ${storedVersion}): ${cause}`;
  return `${[head, ...fields.map((field) => `  ${formatField(field)}`)].join('\n')}\n\n`;
}

function formatField({ part, impId, bidIndex, dspId, bidId, field, recorded, now }: FieldDifference): string {
  const imp = impId === null ? '' : ` imp ${JSON.stringify(impId)}`;
  const bid = bidIndex === null ? '' : ` bid ${bidIndex} (${dspId} ${JSON.stringify(bidId)})`;
  const what = field === '' ? part : `${part}.${field}`;
  return `${what}${imp}${bid}: recorded ${JSON.stringify(recorded)}, now ${JSON.stringify(now)}`;
}

export function formatVerification(report: VerificationReport, reading: ReplayReading): string {
  const { read, decided, undecided, identical, different, causes, differentOfOlderVersion, bids, wins } = report;
  const ended =
    Object.keys(undecided).length === 0 ? '' : `; before a decision ended: ${countsOf(undecided, (how) => how)}`;
  const older = differentOfOlderVersion === 0 ? '' : `; ${differentOfOlderVersion} of an older version`;
  return `${[
    ...formatReading(read, reading),
    `Decided:     ${decided} auctions with ${bids} bids and ${wins} wins${ended}`,
    `Identical:   ${identical} (${percent(identical, decided)})`,
    `Different:   ${different}${different === 0 ? '' : ` (${countsOf(causes, (cause) => `by ${cause}`)}${older})`}`,
  ].join('\n')}\n`;
}
