/** Traffic that theory speaks of: one placement, sold as it comes, without floors, deals or anything that a bidder could object to. */
import type { BidRequest } from '../../openrtb/types.ts';

/** `imp.tagid` of all of it. */
export const SINGLE_PLACEMENT_ID = 'box';

const SITE = {
  id: 'site-of-one',
  domain: 'one.example.com',
  page: 'https://one.example.com/',
  publisher: { id: 'publisher-of-one' },
} as const;
const DEVICE = { devicetype: 4, os: 'Android', osv: '15', lmt: 0, geo: { country: 'DEU', type: 2 } } as const;

/** The n-th of them: all alike, but for the id. */
export function singlePlacementRequest(index: number): BidRequest {
  return {
    id: `single-${index}`,
    imp: [{ id: '1', tagid: SINGLE_PLACEMENT_ID, banner: { format: [{ w: 300, h: 250 }] }, secure: 1 }],
    site: SITE,
    device: DEVICE,
    cur: ['USD'],
    regs: { coppa: 0, gdpr: 0 },
  };
}
