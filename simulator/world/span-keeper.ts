/** A state that something was in for a while. */
export interface Span {
  readonly kind: string;
  readonly subject: string;
  readonly state: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Keeps what is in which state since when, and what was. */
export class SpanKeeper {
  readonly #open = new Map<string, Omit<Span, 'untilMs'>>();
  readonly #closed: Span[] = [];

  begin(kind: string, subject: string, state: string, atMs: number): void {
    const key = keyOf(kind, subject, state);
    if (!this.#open.has(key)) this.#open.set(key, { kind, subject, state, fromMs: atMs });
  }

  /** Does nothing when it was not in that state. */
  end(kind: string, subject: string, state: string, atMs: number): void {
    const key = keyOf(kind, subject, state);
    const span = this.#open.get(key);
    if (span === undefined) return;
    this.#open.delete(key);
    this.#closed.push({ ...span, untilMs: atMs });
  }

  /** The one state of this kind that the subject is in from now on; null: none worth a span. */
  become(kind: string, subject: string, state: string | null, atMs: number): void {
    for (const span of this.#open.values()) {
      if (span.kind === kind && span.subject === subject && span.state !== state) {
        this.end(kind, subject, span.state, atMs);
      }
    }
    if (state !== null) this.begin(kind, subject, state, atMs);
  }

  /** Those that began before then, by their beginning; what goes on ends then. */
  spans(untilMs: number): Span[] {
    const open = [...this.#open.values()].map((span) => ({ ...span, untilMs }));
    return [...this.#closed, ...open]
      .filter(({ fromMs }) => fromMs < untilMs)
      .map((span) => ({ ...span, untilMs: Math.min(span.untilMs, untilMs) }))
      .sort((a, b) => a.fromMs - b.fromMs);
  }
}

function keyOf(...parts: readonly string[]): string {
  return parts.join('\0');
}
