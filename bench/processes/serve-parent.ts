/** The child's side of `child.ts`: answers the parent's questions, and ends when the parent has gone. */

export type Handlers = Readonly<Record<string, (...parameters: never[]) => unknown>>;

export interface Question {
  readonly id: number;
  readonly kind: string;
  readonly parameters: readonly unknown[];
}

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  /** What went wrong; null when nothing did. */
  readonly problem: string | null;
}

export function serveParent(handlers: Handlers): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', async ({ id, kind, parameters }: Question) => {
    const handler = handlers[kind] as (...parameters: readonly unknown[]) => unknown;
    try {
      send({ id, value: await handler(...parameters), problem: null });
    } catch (error) {
      send({ id, problem: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
}

function send(answer: Answer): void {
  if (process.connected) process.send!(answer);
}
