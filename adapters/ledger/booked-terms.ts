/** Which terms the accounts of campaigns and guaranteed line items have, by what is booked. */
import {
  campaignAccountId,
  campaignStanding,
  lineItemAccountId,
  lineItemStanding,
} from '../../engine/campaign/accounts.ts';
import type { Campaign } from '../../engine/campaign/campaign.ts';
import type { Booking } from '../../engine/ports/campaign-store.ts';
import type { AccountTerms } from './accounts.ts';
import type { Queryable } from './database.ts';

interface CampaignTerms {
  readonly id: string;
  readonly currency: string;
  readonly time_zone: string;
  readonly is_paused: boolean;
  readonly status: Campaign['status'];
  readonly end_at_ms: bigint | null;
  readonly budget_nanos: bigint;
  readonly daily_budget_nanos: bigint | null;
  readonly [column: string]: unknown;
}

interface QuotaTerms {
  readonly id: string;
  readonly campaign_id: string;
  readonly is_paused: boolean;
  readonly goal_impressions: bigint;
  readonly [column: string]: unknown;
}

export const BOOKED_TERMS_SQL = {
  campaigns: `SELECT c.id, a.currency, a.time_zone, a.is_paused, c.status, c.end_at_ms, c.budget_nanos, c.daily_budget_nanos
    FROM campaign c JOIN advertiser a ON a.id = c.advertiser_id
    WHERE c.id = ANY ($1::text[]) OR c.advertiser_id = ANY ($2::text[])`,
  quotas: `SELECT id, campaign_id, is_paused, goal_impressions FROM line_item
    WHERE campaign_id = ANY ($1::text[]) AND goal_impressions IS NOT NULL`,
} as const;

/** Of all accounts that the bookings, just written, may have changed. */
export async function bookedTerms(tx: Queryable, written: readonly Booking[]): Promise<readonly AccountTerms[]> {
  const campaigns = await tx.query<CampaignTerms>(BOOKED_TERMS_SQL.campaigns, [
    written.flatMap(({ kind, value }) =>
      kind === 'campaign' ? value.id : kind === 'line-item' ? value.campaignId : [],
    ),
    written.flatMap(({ kind, value }) => (kind === 'advertiser' ? value.id : [])),
  ]);
  const byId = new Map(campaigns.map((campaign) => [campaign.id, termsOfCampaign(campaign)]));
  const quotas = await tx.query<QuotaTerms>(BOOKED_TERMS_SQL.quotas, [[...byId.keys()]]);
  return [...byId.values(), ...quotas.map((quota) => termsOfQuota(quota, byId.get(quota.campaign_id)!))];
}

function termsOfCampaign(campaign: CampaignTerms): AccountTerms {
  return {
    accountId: campaignAccountId(campaign.id),
    unit: 'nanos',
    currency: campaign.currency,
    timeZone: campaign.time_zone,
    status: campaignStanding(campaign, { isPaused: campaign.is_paused }),
    endAtMs: campaign.end_at_ms === null ? null : Number(campaign.end_at_ms),
    budget: campaign.budget_nanos,
    dailyBudget: campaign.daily_budget_nanos,
  };
}

function termsOfQuota(
  { id, campaign_id, is_paused, goal_impressions }: QuotaTerms,
  campaign: AccountTerms,
): AccountTerms {
  return {
    accountId: lineItemAccountId({ campaignId: campaign_id, id }),
    unit: 'impressions',
    currency: null,
    timeZone: campaign.timeZone,
    status: lineItemStanding({ isPaused: is_paused }, campaign.status),
    endAtMs: campaign.endAtMs,
    budget: goal_impressions,
    dailyBudget: null,
  };
}
