/** Where a simulated DSP hears what has become of its bids, and what it reads there. */
import type { Bid } from '../../openrtb/types.ts';

const NOTICE_QUERY =
  'auction=${AUCTION_ID}&bid=${AUCTION_BID_ID}&imp=${AUCTION_IMP_ID}&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}';

/** URLs of a bid, macros for the exchange to fill in. `origin` is `http://127.0.0.1:9001`. */
export function noticeUrls(origin: string): Required<Pick<Bid, 'nurl' | 'lurl' | 'burl'>> {
  return {
    nurl: `${origin}/win?${NOTICE_QUERY}&mbr=\${AUCTION_MBR}&min=\${AUCTION_MIN_TO_WIN}`,
    lurl: `${origin}/loss?${NOTICE_QUERY}&reason=\${AUCTION_LOSS}&min=\${AUCTION_MIN_TO_WIN}`,
    burl: `${origin}/bill?${NOTICE_QUERY}`,
  };
}

/** What a called notice URL says; prices in the unit of the bid. */
export interface NoticeFacts {
  readonly bidId: string;
  /** Null: not filled in. */
  readonly price: number | null;
  /** Least price that would have won; null: the exchange does not tell. */
  readonly minimumToWin: number | null;
  /** Of a loss, as in OpenRTB "Loss Reason Codes"; null: none. */
  readonly lossReason: number | null;
}

export function readNoticeUrl(url: string): NoticeFacts {
  const query = new URLSearchParams(url.slice(url.indexOf('?') + 1));
  return {
    bidId: query.get('bid') ?? '',
    price: numberIn(query.get('price')),
    minimumToWin: numberIn(query.get('min')),
    lossReason: numberIn(query.get('reason')),
  };
}

function numberIn(text: string | null): number | null {
  const value = Number(text);
  return text === null || text === '' || !Number.isFinite(value) ? null : value;
}
