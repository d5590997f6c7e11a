import { Agent, request } from 'undici';
import { seededRandom } from '../random.ts';
import { generateRequest } from '../traffic/request-generator.ts';
import type { DspEndpoint } from './server.ts';

const REQUESTS_PER_DSP = 20;
/** A DSP that is slow or silent by its scenario is not waited for. */
const ASK_MS_MAX = 1000;

/**
 * Asks every DSP a few times before anybody else does. A cold process needs milliseconds per answer, and an engine would
 * see 50 DSPs time out at once. The ids of these requests are their own, so no later decision changes.
 */
export async function warmUpDsps(endpoints: readonly DspEndpoint[]): Promise<void> {
  const dispatcher = new Agent({ connections: 1 });
  const random = seededRandom(0).fork('warm-up');
  const bodies = Array.from({ length: REQUESTS_PER_DSP }, (_, index) =>
    JSON.stringify({ ...generateRequest(random, index), id: `warm-up-${index}` }),
  );
  const ask = async ({ url }: DspEndpoint): Promise<void> => {
    const answers = bodies.map((body) =>
      request(url, { method: 'POST', body, dispatcher }).then((answer) => answer.body.dump()),
    );
    await Promise.race([
      Promise.allSettled(answers),
      new Promise((resolve) => setTimeout(resolve, ASK_MS_MAX).unref()),
    ]);
  };
  await Promise.all(endpoints.map(ask));
  await dispatcher.destroy();
}
