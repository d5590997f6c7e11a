import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { loadPayloads } from './payloads.ts';
import { generateRequest, TRAFFIC_MIX } from './request-generator.ts';

describe('generated requests', () => {
  const traffic = seededRandom(1).fork('traffic');
  const requests = Array.from({ length: 1_000 }, (_, index) => generateRequest(traffic, index));

  it('repeat for the same seed and have ids of their own', () => {
    expect(generateRequest(seededRandom(1).fork('traffic'), 17)).toEqual(requests[17]);
    expect(new Set(requests.map(({ id }) => id)).size).toBe(1_000);
  });

  it('vary: app and site, all media, several imps, deals, interstitials', () => {
    const share = (test: (request: (typeof requests)[number]) => boolean) => requests.filter(test).length / 1_000;
    expect(share(({ app }) => app !== undefined)).toBeGreaterThan(0.4);
    expect(share(({ site }) => site !== undefined)).toBeGreaterThan(0.4);
    for (const media of ['banner', 'video', 'audio', 'native'] as const) {
      expect(share(({ imp }) => imp.some((each) => each[media] !== undefined))).toBeGreaterThan(0.01);
    }
    expect(share(({ imp }) => imp.length > 1)).toBeGreaterThan(0.02);
    expect(share(({ imp }) => imp.some(({ pmp }) => pmp !== undefined))).toBeGreaterThan(0.02);
    expect(share(({ imp }) => imp.some(({ instl }) => instl === 1))).toBeGreaterThan(0.1);
    expect(TRAFFIC_MIX.reduce((sum, { weight }) => sum + weight, 0)).toBe(100);
  });

  it('are of a real size and use addresses reserved for documentation only', () => {
    const sizes = requests.map((request) => JSON.stringify(request).length).sort((a, b) => a - b);
    expect(sizes[0]).toBeGreaterThan(900);
    expect(sizes.at(-1)).toBeLessThan(3_000);
    for (const { device } of requests) expect(device!.ip).toMatch(/^(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$/);
    expect(JSON.stringify(requests)).not.toMatch(/https?:\/\/(?![a-z.]*example\.com)/);
  });
});

describe('payload files', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gavel-payloads-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('come from single files, lines, compressed lines and sub-folders, in name order', () => {
    writeFileSync(join(folder, 'a.json'), '{ "id": "a" }');
    writeFileSync(join(folder, 'b.jsonl'), '{"id":"b1"}\n\n{"path":"x","request":{"id":"b2"}}\n');
    mkdirSync(join(folder, 'c'));
    writeFileSync(join(folder, 'c', 'd.ndjson.gz'), gzipSync('{"id":"d"}\n{broken\n'));
    writeFileSync(join(folder, 'notes.txt'), 'left alone');
    expect(loadPayloads(folder)).toEqual(['{ "id": "a" }', '{"id":"b1"}', '{"id":"b2"}', '{"id":"d"}', '{broken']);
    expect(loadPayloads(join(folder, 'a.json'))).toEqual(['{ "id": "a" }']);
  });

  it('name the path that cannot be used', () => {
    expect(() => loadPayloads(join(folder, 'none'))).toThrow(/none: does not exist$/);
    expect(() => loadPayloads(folder)).toThrow(/holds no request payloads$/);
    writeFileSync(join(folder, 'x.csv'), '1');
    expect(() => loadPayloads(join(folder, 'x.csv'))).toThrow(/x\.csv: is not a \.json/);
  });

  const corpus = fileURLToPath(new URL('../../../shared/corpora/openrtb/requests', import.meta.url));
  describe.skipIf(!existsSync(corpus))('of the shared corpus (../shared/corpora/openrtb)', () => {
    it('load', () => {
      expect(loadPayloads(corpus).length).toBeGreaterThan(20);
    });
  });
});
