/** The built engine in a process of its own, whose memory, descriptors and event loop are nobody else's. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DspHealthSnapshot } from '../../engine/dsp/dsp-health.ts';
import type { DspEndpoint } from '../../simulator/dsp/server.ts';
import { freePort } from './free-port.ts';
import { serveGavel } from './gavel-process.ts';
import { metricOf } from './metric.ts';

const ADMIN_TOKEN = 'a-token-of-some-length';

export interface EngineAlone {
  readonly url: string;
  /** What it holds now, as it says itself. */
  readonly held: () => Promise<{
    readonly residentMib: number;
    readonly descriptors: number;
    readonly auctions: number;
  }>;
  /** As `GET /admin/dsps` shows it. */
  readonly dspState: (id: string) => Promise<DspHealthSnapshot>;
  readonly close: () => Promise<void>;
}

/** `config` is laid over the defaults, section by section. */
export async function serveAlone(endpoints: readonly DspEndpoint[], config: object): Promise<EngineAlone> {
  const folder = await mkdtemp(join(tmpdir(), 'gavel-test-'));
  const file = join(folder, 'gavel.yaml');
  const adminPort = await freePort();
  const system = {
    admin: { port: adminPort, token: ADMIN_TOKEN },
    dataDirectory: join(folder, 'data'),
    log: { level: 'error' },
    dsps: endpoints.map(({ id, url, version }) => ({ id, url, version })),
  };
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ ...system, ...config }));
  const { url, kill, ended } = await serveGavel(['--config', file]);
  return {
    url,
    held: async () => ({
      residentMib: (await metricOf(url, 'process_resident_memory_bytes')) / (1024 * 1024),
      descriptors: await metricOf(url, 'process_open_fds'),
      auctions: await metricOf(url, 'rtb_inflight_requests'),
    }),
    dspState: async (id) => {
      const answer = await fetch(`http://127.0.0.1:${adminPort}/admin/dsps`, {
        headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      });
      const dsps = (await answer.json()) as (DspHealthSnapshot & { readonly id: string })[];
      return dsps.find((dsp) => dsp.id === id)!;
    },
    close: async () => {
      kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}
