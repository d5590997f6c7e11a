/** An experiment that cannot be run as described: which setting, and what would be right. */
export class BiddingError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BiddingError';
  }
}
