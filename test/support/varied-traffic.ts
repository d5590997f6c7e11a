/** An engine with all kinds of DSPs, and generated requests that make auctions of all kinds; what replays are proved on. */
import type { BidRequest } from '../../openrtb/types.ts';
import { defaultScenarioPath, loadScenario } from '../../simulator/dsp/scenario.ts';
import { startDspServers } from '../../simulator/dsp/server.ts';
import { seededRandom } from '../../simulator/random.ts';
import { generateRequest } from '../../simulator/traffic/request-generator.ts';
import { bidding, originOf, type Script } from './scripted-dsp.ts';
import { type AdAnswer, startTestGavel, type TestGavel } from './test-gavel.ts';

export interface VariedTraffic {
  readonly gavel: TestGavel;
  readonly ask: (index: number) => Promise<AdAnswer>;
  readonly close: () => Promise<void>;
}

/** Now and then a bid without markup, whose forfeit clears the auction a second time. */
const forfeiting: Script = (request, response) => {
  const parts = { price: 50, adm: undefined, nurl: `${originOf(response)}/win`, w: undefined, h: undefined };
  bidding(request.id.endsWith('7') ? parts : { ...parts, nurl: undefined })(request, response);
};

/** Now and then a bid by click or by conversion, which the models rank. */
function biddingNowAndThen(lastDigit: string, price: number): Script {
  return (request, response) => {
    if (request.id.endsWith(lastDigit)) bidding({ price, w: undefined, h: undefined })(request, response);
    else response.writeHead(204).end();
  };
}

/** The generator's second-price requests, and now and then first price or euros only. */
export function variedRequest(index: number): BidRequest {
  const request = generateRequest(seededRandom(7).fork('replay'), index);
  // The win notice URLs of this test are plain http.
  if (index % 10 === 7) return { ...request, tmax: 2000, imp: request.imp.map((imp) => ({ ...imp, secure: 0 })) };
  return { ...request, at: index % 5 === 0 ? 1 : 2, cur: index % 7 === 0 ? ['EUR'] : request.cur!, tmax: 2000 };
}

const SIMULATED_DSPS = 20;

/** `config`: what is to differ, path in dots to value. `dataDirectory`: one that stays behind the end. */
export async function startVariedTraffic(
  config: Readonly<Record<string, unknown>>,
  dataDirectory?: string,
): Promise<VariedTraffic> {
  const dsps = await startDspServers({ scenario: loadScenario(defaultScenarioPath()), count: SIMULATED_DSPS });
  const gavel = await startTestGavel({
    dsps: {
      forfeiting,
      clicks: { bid: biddingNowAndThen('3', 5), config: { pricing: 'cpc' } },
      conversions: { bid: biddingNowAndThen('8', 50), config: { pricing: 'cpa' } },
    },
    otherDsps: dsps.endpoints,
    ...(dataDirectory === undefined ? {} : { dataDirectory }),
    config: {
      // Every request is to be auctioned, however slow the machine is.
      'admission.enabled': false,
      'dspDefaults.timeoutMs': 1000,
      'dspDefaults.callsPerSecond': 100,
      'currencies.rates': { EUR: 0.9 },
      'estimation.model.source': 'bundle',
      'estimation.conversionModel.source': 'bundle',
      'learnedReserve.observationsMin': 30,
      'learnedReserve.stepIntervalMs': 100,
      floors: [{ country: 'DEU', floorCpmMicros: 1_111_111 }],
      ...config,
    },
  });
  return {
    gavel,
    ask: (index) => gavel.post(variedRequest(index)),
    close: async () => {
      await gavel.close();
      await dsps.close();
    },
  };
}
