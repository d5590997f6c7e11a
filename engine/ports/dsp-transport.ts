/** One HTTP call to one DSP; its deadlines cover connect, headers and body together. */
export interface DspCall {
  readonly dspId: string;
  /** Serialised bid request, shared by all calls of one variant. */
  readonly body: Uint8Array;
  /** OpenRTB version of the body, for `x-openrtb-version`. */
  readonly version: '2.5' | '2.6';
  /** Monotonic milliseconds; the result is `timeout` when no answer has come by then. */
  readonly deadlineAtMs: number;
  /**
   * When the call is aborted, not before `deadlineAtMs`: nobody waits for the answer in between, but one that comes is
   * measured and its connection stays open. With HTTP/1.1 an abort costs the connection.
   */
  readonly abortAtMs: number;
  /** An answer came between deadline and abort; at most once, after `onResult`. */
  readonly onLateAnswer?: (latencyMs: number) => void;
}

export type DspTransportResult =
  | { readonly kind: 'answered'; readonly status: number; readonly body: Uint8Array; readonly latencyMs: number }
  /** The deadline passed first. `phase` says how far the call came. */
  | { readonly kind: 'timeout'; readonly phase: 'connect' | 'headers' | 'body'; readonly latencyMs: number }
  /** Over the response size limit, compressed or inflated, or an encoding that was not asked for. */
  | {
      readonly kind: 'unreadable';
      readonly reason: 'too-large' | 'unknown-encoding' | 'bad-encoding';
      readonly latencyMs: number;
    }
  /** Refused, reset, TLS, DNS, protocol error. `code` is the system or undici code. */
  | { readonly kind: 'unreachable'; readonly code: string; readonly latencyMs: number }
  /** Not sent: connections and the pool's queue are full, or the caller aborted. */
  | { readonly kind: 'not-sent'; readonly reason: 'pool-full' | 'aborted'; readonly latencyMs: number };

export interface DspTransport {
  /** Calls `onResult` exactly once, not before returning. The returned function abandons the call (result `not-sent/aborted`, at once). */
  readonly call: (call: DspCall, onResult: (result: DspTransportResult) => void) => () => void;
  readonly close: () => Promise<void>;
}
