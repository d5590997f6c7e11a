/** The state of reading one message: where we are in it, how strict we are, what was found. */
import type { Diagnostic, Severity, Strictness } from './diagnostics.ts';
import { type RuleCode, severityOf } from './policy.ts';
import { parseKeepingNumberText, textAt } from './source-text.ts';

/** A hostile message may be wrong in every value; a partner needs the first ones only. Rejections are always kept. */
const DIAGNOSTICS_MAX = 100;

/** Parsing again takes 5 ms for as many characters of digits; a message with one such number may cost no more. */
const REPARSED_LENGTH_MAX = 65_536;

export type PathKey = string | number;

export class MessageReading {
  readonly diagnostics: Diagnostic[] = [];
  /** The first finding that refuses the message. Reading goes on (the work is bounded); the reader asks at the end. */
  rejection: Diagnostic | null = null;
  readonly #strictness: Strictness;
  readonly #text: string;
  #numberTexts: unknown;
  readonly #path: PathKey[] = [];
  /** Position in the message of list items that moved up because an earlier one was left out; null while none has. */
  #sourceIndexes: Map<unknown, number> | null = null;

  constructor(strictness: Strictness, text: string) {
    this.#strictness = strictness;
    this.#text = text;
  }

  enter(key: PathKey): void {
    this.#path.push(key);
  }

  leave(): void {
    this.#path.pop();
  }

  /** Enters an item of a list by its index in the message. */
  enterItem(item: unknown, index: number): void {
    this.#path.push(this.#sourceIndexes?.get(item) ?? index);
  }

  rememberSourceIndex(item: object, index: number): void {
    this.#sourceIndexes ??= new Map();
    this.#sourceIndexes.set(item, index);
  }

  /** Records a finding at the current place (or a key below it) and returns what the policy makes of it. */
  report(code: RuleCode, message: string, ...below: readonly PathKey[]): Severity {
    const severity = severityOf(code, this.#strictness);
    const isKept = severity === 'reject' ? this.rejection === null : this.diagnostics.length < DIAGNOSTICS_MAX;
    if (isKept) this.find(code, message, ...below);
    return severity;
  }

  /** As `report`, for whoever passes the finding on. */
  find(code: RuleCode, message: string, ...below: readonly PathKey[]): Diagnostic {
    const severity = severityOf(code, this.#strictness);
    const diagnostic: Diagnostic = { path: renderPath(this.#path, below), code, severity, message };
    if (severity === 'reject') this.reject(diagnostic);
    else if (this.diagnostics.length < DIAGNOSTICS_MAX) this.diagnostics.push(diagnostic);
    return diagnostic;
  }

  /** Refuses the message for a reason found elsewhere. The first rejection counts. */
  reject(diagnostic: Diagnostic): void {
    if (this.rejection === null) this.diagnostics.push(diagnostic);
    this.rejection ??= diagnostic;
  }

  /**
   * The number at the current place as the sender wrote it: identifiers beyond 2^53 keep their digits. Null when they
   * are lost, since the message is too long to be parsed again.
   */
  numberAsWritten(value: number): string | null {
    if (Number.isSafeInteger(value)) return String(value);
    if (this.#text.length > REPARSED_LENGTH_MAX) return null;
    // Once per message: a hostile one may hold thousands of such numbers.
    this.#numberTexts ??= parseKeepingNumberText(this.#text);
    return textAt(this.#numberTexts, this.#path) ?? String(value);
  }
}

function renderPath(path: readonly PathKey[], below: readonly PathKey[]): string {
  let text = '';
  for (const key of [...path, ...below]) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += text === '' ? key : `.${key}`;
  }
  return text;
}
