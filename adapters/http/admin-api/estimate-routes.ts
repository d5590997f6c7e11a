/** How good estimates were, what became of impressions, and which predictions are not to be used any more. */
import type { FastifyInstance } from 'fastify';
import type { OutcomesTaken } from '../../../engine/desk/outcome-billing.ts';
import { tagOf } from '../../../engine/estimation/cache/invalidations.ts';
import type { Outcome } from '../../../engine/estimation/quality/awaited-outcomes.ts';
import { INVALIDATION_BODIES, readInvalidation } from '../invalidation-body.ts';
import { readOutcomes } from '../outcome-report.ts';
import { needs } from './access.ts';
import { Refusal } from './refusal.ts';

export interface EstimateApiOptions {
  /** Body of `GET /admin/estimates`. */
  readonly estimates: () => object | Promise<object>;
  /** Takes the body of `POST /admin/outcomes`. Rejects when it cannot tell what came of all of them: they may be sent again. */
  readonly reportOutcomes: (outcomes: readonly Outcome[]) => OutcomesTaken | Promise<OutcomesTaken>;
  /** Of predictions with a tag, in all processes; rejects when not all may know it. Null: no predictions are kept. */
  readonly invalidateEstimates: ((tag: number) => Promise<void>) | null;
  /** Something was changed through this listener: for the log, which gets no ids of users. */
  readonly onChange: (what: object) => void;
}

export function estimateApi(app: FastifyInstance, options: EstimateApiOptions): void {
  app.get('/admin/estimates', { onRequest: needs('read') }, async () => options.estimates());
  app.post('/admin/estimates/invalidate', { onRequest: needs('ops') }, async ({ body, caller }, reply) => {
    await invalidate(body, caller.name, options);
    return reply.code(204).send();
  });
  // A scope of its own: elsewhere bodies are parsed by their content type.
  app.register(async (scope) => outcomeRoute(scope, options));
}

/** The body tells its form by itself: tools send logs under all kinds of content types. */
function outcomeRoute(scope: FastifyInstance, { reportOutcomes }: EstimateApiOptions): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  scope.post('/admin/outcomes', { onRequest: needs('ops') }, async ({ body }) => {
    const outcomes = readOutcomes(String(body ?? ''));
    try {
      return await reportOutcomes(outcomes);
    } catch (error) {
      throw new Refusal(503, '', (error as Error).message);
    }
  });
}

async function invalidate(
  body: unknown,
  by: string,
  { invalidateEstimates, onChange }: EstimateApiOptions,
): Promise<void> {
  const event = readInvalidation(body);
  if (event === null) throw new Refusal(400, '', `the body must be ${INVALIDATION_BODIES}`);
  if (invalidateEstimates === null) {
    throw new Refusal(409, '', 'no predictions are kept: estimation.model.source is not remote');
  }
  onChange({ invalidated: event.kind, by });
  try {
    await invalidateEstimates(tagOf(event));
  } catch (error) {
    throw new Refusal(503, '', `not in all processes, ask again: ${(error as Error).message}`);
  }
}
