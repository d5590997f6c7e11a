/** Win, loss and billing notices to DSPs: off the path, bounded, best effort with retries. */
/** The ad that a notice is about. */
export interface NoticeSubject {
  readonly auctionId: string;
  /** With its position, as in events. */
  readonly impId: string;
  readonly userKey: string | null;
  readonly isTest: boolean;
}

export interface Notice {
  readonly kind: 'win' | 'loss' | 'bill';
  readonly dspId: string;
  /** Null: of a loss, of which there are many; what becomes of it is counted, and is no event. */
  readonly about: NoticeSubject | null;
  /** With all macros resolved. Hostile until proven otherwise: it came from a DSP. */
  readonly url: string;
}

export interface NoticeSender {
  /** Never throws, never blocks. A full queue drops by the policy named in `docs/notices.md` and counts it. */
  readonly send: (notice: Notice) => void;
  /** Lets what is queued go out until `deadlineMs` from now, then drops the rest (counted). */
  readonly close: (deadlineMs: number) => Promise<void>;
}
