/**
 * What validation found in one message. A diagnostic names the place by its JSON path (`imp[2].banner.w`),
 * so that a partner can mend the message without asking.
 */

/** How much a deviation costs: `notice` nothing, `warn` the value was mended or left out, `drop` an imp, bid or deal was left out, `reject` the whole message. */
export type Severity = 'notice' | 'warn' | 'drop' | 'reject';

/** How strict a partner's messages are judged (see `docs/openrtb.md`). */
export type Strictness = 'strict' | 'default' | 'lenient';

export interface Diagnostic {
  /** JSON path without a leading `$`, e.g. `imp[2].banner.w`; empty for the root. */
  readonly path: string;
  /** Stable kebab-case code from a closed list, e.g. `wrong-type`, `missing-field`, `duplicate-id`. */
  readonly code: string;
  readonly severity: Severity;
  /** One sentence: what is wrong and what would be right. Holds no value from the message longer than 64 characters. */
  readonly message: string;
}
