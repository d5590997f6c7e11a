/** Banner markup of a given length with the macros that buyers put into it. */
export function creative(bytes: number): string {
  const filler = bytes - START.length - END.length;
  return START + STYLE.repeat(Math.max(0, Math.ceil(filler / STYLE.length))).slice(0, Math.max(0, filler)) + END;
}

const START =
  '<a href="https://click.buyer.example/c?a=${AUCTION_ID}&b=${AUCTION_BID_ID}&to=https%3A%2F%2Fshop.example%2F" target="_blank">' +
  '<img src="https://cdn.buyer.example/c/300x250.jpg" width="300" height="250" alt="">';
const STYLE = '<span style="position:absolute;left:0;bottom:0;font:10px sans-serif">Ad</span>';
const END =
  '</a><img src="https://px.buyer.example/i?p=${AUCTION_PRICE:B64}&cur=${AUCTION_CURRENCY}&imp=${AUCTION_IMP_ID}' +
  '&seat=${AUCTION_SEAT_ID}&ad=${AUCTION_AD_ID}" width="1" height="1" alt="">';
