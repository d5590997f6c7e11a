/** When a notice counts as delivered, and when it is tried again (docs/notices.md). */
import type { Notice } from '../../engine/ports/notice-sender.ts';
import type { GetOutcome } from './guarded-http.ts';

export type NoticeKind = Notice['kind'];

/** Closed list, the `result` label of `rtb_notices_total`. All but `retried` are final: exactly one per notice. */
export const NOTICE_RESULTS = [
  'delivered',
  /** The status says it was not taken, in the last try. */
  'rejected',
  'redirected',
  /** The URL or its address is not allowed. */
  'refused',
  'timeout',
  'unreachable',
  'dropped-queue-full',
  'dropped-closing',
  /** One try failed and another one follows. */
  'retried',
] as const;

export type NoticeResult = (typeof NOTICE_RESULTS)[number];

/**
 * Waits before the tries after the first. Money hangs on a bill, so it is tried every 10 s for a minute (the habit
 * OpenRTB suggests for burl); a win matters to the DSP's pacing for seconds; a loss is statistics.
 */
export const RETRY_DELAYS_MS: Readonly<Record<NoticeKind, readonly number[]>> = {
  win: [1_000, 4_000],
  bill: [10_000, 10_000, 10_000, 10_000, 10_000, 10_000],
  loss: [],
};

export interface AttemptJudgement {
  readonly result: NoticeResult;
  readonly mayRetry: boolean;
}

const DELIVERED: AttemptJudgement = { result: 'delivered', mayRetry: false };
const REJECTED: AttemptJudgement = { result: 'rejected', mayRetry: true };
const REDIRECTED: AttemptJudgement = { result: 'redirected', mayRetry: false };
const REFUSED: AttemptJudgement = { result: 'refused', mayRetry: false };
const TIMEOUT: AttemptJudgement = { result: 'timeout', mayRetry: true };
const UNREACHABLE: AttemptJudgement = { result: 'unreachable', mayRetry: true };

export function judgeAttempt(kind: NoticeKind, outcome: GetOutcome): AttemptJudgement {
  switch (outcome.kind) {
    case 'answered':
      return judgeStatus(kind, outcome.status);
    case 'refused':
      return REFUSED;
    case 'timeout':
      return TIMEOUT;
    case 'unreachable':
      return UNREACHABLE;
  }
}

function judgeStatus(kind: NoticeKind, status: number): AttemptJudgement {
  const isTaken = kind === 'bill' ? status === 200 || status === 204 : status >= 200 && status <= 299;
  if (isTaken) return DELIVERED;
  return status >= 300 && status <= 399 ? REDIRECTED : REJECTED;
}
