/** What every creative of a bid is made from. */
export interface CreativeBrief {
  readonly dspId: string;
  readonly advertiserDomain: string;
  /** `bid.crid`. */
  readonly creativeId: string;
  /** Length the markup is filled up to; markup that is longer by nature stays as it is. */
  readonly targetBytes: number;
}

/**
 * Impression pixel with the price for the engine to fill in. Always https and never one of the DSP's own ports: markup
 * that loads over plain http may not win a secure imp.
 */
export function impressionUrl(brief: CreativeBrief): string {
  return (
    `https://track.${brief.advertiserDomain}/imp?dsp=${brief.dspId}&crid=${brief.creativeId}` +
    '&auction=${AUCTION_ID}&imp=${AUCTION_IMP_ID}&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}'
  );
}

export function clickUrl(brief: CreativeBrief): string {
  return `https://${brief.advertiserDomain}/landing?utm_source=${brief.dspId}&utm_content=${brief.creativeId}`;
}

export function assetUrl(brief: CreativeBrief, name: string): string {
  return `https://cdn.${brief.advertiserDomain}/${brief.creativeId}/${name}`;
}
