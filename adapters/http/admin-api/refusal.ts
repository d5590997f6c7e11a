/** How the admin listener refuses: one class to throw, one place that answers it. */
import type { FastifyInstance } from 'fastify';
import { BudgetLedgerError } from '../../../engine/ports/budget-ledger.ts';
import { OutcomeReportError } from '../outcome-report.ts';

/** On purpose: a status, and what was wrong for whoever sent it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  /** In the document; empty when it is not about a part of it. */
  readonly path: string;

  constructor(status: number, path: string, message: string) {
    super(message);
    this.status = status;
    this.path = path;
  }
}

/** `paths`: those there are. `onFault`: what nobody foresaw; the caller learns no more than that it happened. */
export function answerErrors(app: FastifyInstance, paths: string, onFault: (error: unknown) => void): void {
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: `no such path; there is ${paths}` }));
  app.setErrorHandler((error: Error & { readonly statusCode?: number }, _request, reply) => {
    const { message } = error;
    if (error instanceof Refusal) {
      return reply
        .code(error.status)
        .send(error.path === '' ? { error: message } : { error: message, path: error.path });
    }
    if (error instanceof OutcomeReportError) return reply.code(400).send({ error: message, path: error.path });
    const { statusCode = 500 } = error;
    if (statusCode < 500) return reply.code(statusCode).send({ error: message });
    onFault(error);
    if (error instanceof BudgetLedgerError) {
      return reply.code(503).send({ error: 'the database of campaigns cannot be reached or is late; try again' });
    }
    return reply.code(500).send({ error: 'a fault of ours; it is in the log' });
  });
}
