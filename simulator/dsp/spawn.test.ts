import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { parseScenario } from './scenario.ts';

const built = new URL('../../dist/simulator/dsp/spawn.js', import.meta.url);

const SCENARIO = parseScenario(
  'name: t\ngroups: [{ id: a, count: 2, latency: { medianMs: 1 }, bidRate: { default: 1 }, price: { medianCpm: 1 } }]',
  't.yaml',
);

// Forks the compiled entry: not every supported runtime reads TypeScript.
describe.skipIf(!existsSync(built))('the DSP process (after npm run build)', () => {
  async function start(options: { basePort?: number } = {}) {
    const module: typeof import('./spawn.ts') = await import(pathToFileURL(built.pathname).href);
    return module.startDspProcess({ scenario: SCENARIO, ...options });
  }

  it('listens, bids, counts notices and ends when closed', async () => {
    const dsps = await start();
    expect(dsps.pid).not.toBe(process.pid);
    expect(dsps.endpoints.map(({ id }) => id)).toEqual(['a-01', 'a-02']);
    const { url } = dsps.endpoints[1]!;
    const body = JSON.stringify({ id: 'r', imp: [{ id: '1', banner: { w: 320, h: 50 } }] });
    const answer = await request(url, { method: 'POST', body });
    expect(await answer.body.json()).toMatchObject({ id: 'r', cur: 'USD' });
    await (await request(url.replace('/bid', '/win'))).body.dump();
    expect(await dsps.notices()).toMatchObject({ 'a-01': { wins: 0 }, 'a-02': { wins: 1 } });
    await dsps.setFaults({ 'a-02': { 'http-500': 1 } });
    expect((await request(url, { method: 'POST', body })).statusCode).toBe(500);
    await expect(dsps.setFaults({ nobody: {} })).rejects.toThrow(RangeError);
    await dsps.close();
    expect(await dsps.exited).toEqual({ code: 0, signal: null });
    await expect(dsps.notices()).rejects.toThrow('process ended');
  });

  it('says which port it could not have, and ends', async () => {
    const first = await start();
    const basePort = Number(new URL(first.endpoints[0]!.url).port);
    await expect(start({ basePort })).rejects.toThrow(/EADDRINUSE.*\d+/);
    await first.close();
  });
});
