import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { type DspEndpoint, startDspServers } from './dsp/server.ts';
import { progressPrinter } from './report/progress.ts';
import { runSimulation, type SimulatedEngine, type SimulationOptions } from './simulate.ts';

/** Stands in for the engine: asks every DSP, answers with the dearest bid and tells its DSP of the win. */
async function startStandIn(dsps: readonly DspEndpoint[]): Promise<SimulatedEngine> {
  const counts: Record<string, Record<string, number>> = {};
  const count = (dsp: string, result: string) => {
    counts[dsp] ??= {};
    counts[dsp][result] = (counts[dsp][result] ?? 0) + 1;
  };
  const ask = async ({ id, url }: DspEndpoint, body: string) => {
    try {
      const answer = await request(url, { method: 'POST', body, headersTimeout: 500 });
      const text = await answer.body.text();
      count(id, answer.statusCode === 200 ? 'bid' : 'no-bid');
      const seats: { bid: { price: number; nurl: string }[] }[] = text === '' ? [] : JSON.parse(text).seatbid;
      return seats.flatMap(({ bid }) => bid).map((bid) => ({ ...bid, dsp: id }));
    } catch {
      count(id, 'error');
      return [];
    }
  };
  const server = createServer(async (incoming, response) => {
    const body = (await incoming.setEncoding('utf8').toArray()).join('');
    const bids = (await Promise.all(dsps.map((dsp) => ask(dsp, body)))).flat();
    const winner = bids.filter(({ price }) => Number.isFinite(price)).sort((a, b) => b.price - a.price)[0];
    if (winner === undefined) {
      response.end('{"seatbid":[]}');
      return;
    }
    count(winner.dsp, 'wins');
    await (await request(winner.nurl.replaceAll(/\$\{[A-Z_]+\}/g, 'x'))).body.dump();
    response.end(JSON.stringify({ cur: 'USD', seatbid: [{ bid: [winner] }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/openrtb2/auction`,
    dspCounts: async () => counts,
    cpuMs: async () => process.cpuUsage().user / 1000,
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const OPTIONS: SimulationOptions = {
  version: '0.0.0-test',
  dsps: 12,
  rate: 40,
  seconds: 1.2,
  seed: 5,
  startEngine: startStandIn,
  startDsps: startDspServers,
};

describe('a simulation', () => {
  it('reports requests, fill, revenue and every DSP, with what repeats it first and last', async () => {
    const lines: string[] = [];
    const progress: number[] = [];
    const report = await runSimulation({
      ...OPTIONS,
      out: (text) => lines.push(...text.split('\n')),
      onProgress: ({ sent }) => progress.push(sent),
    });
    expect(report.requests.answered).toBe(report.requests.due);
    expect(report.requests.due).toBeGreaterThan(20);
    expect(report.fillRatio).toBeGreaterThan(0.9);
    // The stand-in counts wins as results too.
    expect(report.callsPerAuction).toBeGreaterThanOrEqual(12);
    expect(report.callsPerAuction).toBeLessThanOrEqual(13);
    expect(report.cpuUsPerAuction).toBeGreaterThan(0);
    expect(report.revenueNanos.USD).toBeGreaterThan(0);
    expect(report.ecpmMicros.USD).toBe(Math.round(report.revenueNanos.USD! / report.impressions.USD!));
    expect(Object.keys(report.dsps)).toHaveLength(12);
    for (const { results, notices } of Object.values(report.dsps)) expect(notices.wins).toBe(results.wins ?? 0);
    expect(progress[0]).toBeGreaterThan(10);
    expect(lines[0]).toBe('gavel 0.0.0-test, scenario default, seed 5');
    expect(lines.at(-1)).toBe(lines[0]);
    expect(lines.filter((line) => /^[a-z]+-\d\d +\d/.test(line))).toHaveLength(12);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('gives the same requests and the same bids for the same seed', async () => {
    const [first, again] = [await runSimulation(OPTIONS), await runSimulation(OPTIONS)];
    expect(again.requests).toEqual(first.requests);
    expect(again.revenueNanos).toEqual(first.revenueNanos);
    expect(again.dsps).toEqual(first.dsps);
    const other = await runSimulation({ ...OPTIONS, seed: 6 });
    expect(other.revenueNanos).not.toEqual(first.revenueNanos);
  });

  it('closes the DSPs when the engine does not start', async () => {
    const closed: string[] = [];
    const options: SimulationOptions = {
      ...OPTIONS,
      startDsps: async () => ({
        endpoints: [],
        notices: async () => ({}),
        setFaults: async () => {},
        close: async () => void closed.push('dsps'),
      }),
      startEngine: () => Promise.reject(new Error('no engine')),
    };
    await expect(runSimulation(options)).rejects.toThrow('no engine');
    expect(closed).toEqual(['dsps']);
  });

  it('refuses a bad scenario or payload path before it starts anything', async () => {
    const startDsps = () => Promise.reject(new Error('started'));
    await expect(runSimulation({ ...OPTIONS, startDsps, scenarioPath: '/none.yaml' })).rejects.toThrow('/none.yaml');
    await expect(runSimulation({ ...OPTIONS, startDsps, payloadsPath: '/none' })).rejects.toThrow(
      '/none: does not exist',
    );
  });
});

describe('the progress line', () => {
  const progress = {
    elapsedSec: 2,
    sent: 10,
    answered: 8,
    filled: 6,
    latency: { count: 8, meanMs: 1, p50Ms: 1, p95Ms: 2, p99Ms: 3, maxMs: 4 },
  };
  const written = (isTTY: boolean) => {
    let text = '';
    const printer = progressPrinter({ isTTY, write: (part) => (text += part) });
    printer.print(progress);
    printer.end();
    return text;
  };

  it('writes over itself on a terminal only', () => {
    const line = '2 s: 10 sent, 8 answered, 75.0 % filled, p50 1.0 ms, p99 3.0 ms';
    expect(written(true)).toBe(`\r${line}\u001b[K\n`);
    expect(written(false)).toBe(`${line}\n`);
  });
});
