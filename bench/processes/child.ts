/** A process of a benchmark, asked from the parent: each question is one IPC message and has one answer. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Handlers, Question } from './serve-parent.ts';

type AnswerOf<F> = F extends (...parameters: never[]) => infer R ? Awaited<R> : never;

export interface Child<H extends Handlers> {
  /** Rejects with the child's error, or when it ends before it answers. */
  readonly ask: <K extends keyof H & string>(kind: K, ...parameters: Parameters<H[K]>) => Promise<AnswerOf<H[K]>>;
  /** The child ends at once: ask it to tidy up before. */
  readonly close: () => Promise<void>;
}

/** `entry` is a file of this folder without extension, whose handlers have type H. */
export function startChild<H extends Handlers>(entry: string, nodeOptions: readonly string[] = []): Child<H> {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  const child = fork(fileURLToPath(new URL(`./${entry}${extension}`, import.meta.url)), { execArgv: [...nodeOptions] });
  const exited = once(child, 'exit');
  const waiting = waitingQuestions(child, entry);
  let count = 0;
  return {
    ask: (kind, ...parameters) =>
      new Promise((resolve, reject) => {
        if (!child.connected) {
          reject(new Error(`${entry}: the process has ended`));
          return;
        }
        const id = count++;
        waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
        const question: Question = { id, kind, parameters };
        child.send(question);
      }),
    close: async () => {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

function waitingQuestions(child: ChildProcess, entry: string): Map<number, Waiting> {
  const waiting = new Map<number, Waiting>();
  child.on('message', (answer: Answer) => {
    const question = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.problem === null) question?.resolve(answer.value);
    else question?.reject(new Error(`${entry}: ${answer.problem}`));
  });
  child.once('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`${entry}: the process ended (${signal ?? code})`));
    waiting.clear();
  });
  return waiting;
}
