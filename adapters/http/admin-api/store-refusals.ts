/** What the campaign store refuses, as answers of the admin API. */
import { CampaignStoreError } from '../../../engine/ports/campaign-store.ts';
import { Refusal } from './refusal.ts';

/** Somebody was faster. */
export class OvertakenError extends Refusal {
  constructor(message: string) {
    super(412, '', message);
  }
}

/** `placeOf` names the document that the refusal is about; any other error stays what it is. */
export function refusedBy(error: unknown, placeOf: (index: number) => string): unknown {
  if (!(error instanceof CampaignStoreError)) return error;
  if (error.code === 'invalid') return new Refusal(409, placeOf(error.index), error.message);
  return new OvertakenError(error.message);
}

/** Gives way to others in the end. */
const TRIES_MAX = 5;

/** Reads and writes anew where somebody was faster. */
export async function retryOvertaken<Result>(once: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await once();
    } catch (error) {
      if (!(error instanceof OvertakenError) || tries === TRIES_MAX) throw error;
    }
  }
}
