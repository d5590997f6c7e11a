import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DspEndpoint } from '../simulator/dsp/server.ts';
import { systemConfig } from './system-config.ts';
import { UsageError } from './usage-error.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-command-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function file(text: string): string {
  const path = join(folder, 'gavel.yaml');
  writeFileSync(path, text);
  return path;
}

test('the command line beats the environment, which beats the file', () => {
  const config = file('server:\n  port: 1\n  host: 10.0.0.1\ndataDirectory: from-file\n');
  vi.stubEnv('GAVEL_SERVER_PORT', '2');
  vi.stubEnv('GAVEL_SERVER_HOST', '10.0.0.2');
  const { server, dataDirectory } = systemConfig({ config, port: '3' }, []);
  expect(server).toMatchObject({ port: 3, host: '10.0.0.2' });
  expect(dataDirectory).toBe('from-file');
  expect(systemConfig({ config, data: 'from-option' }, [])).toMatchObject({
    dataDirectory: 'from-option',
    server: { port: 2 },
  });
});

test.each(['65536', '-1', 'http', ''])('port %j is a usage error', (port) => {
  expect(() => systemConfig({ port }, [])).toThrow(UsageError);
});

test('a bad configuration is a usage error that names the place', () => {
  expect(() => systemConfig({ config: file('server:\n  prot: 1\n') }, [])).toThrow(UsageError);
  expect(() => systemConfig({ config: file('server:\n  prot: 1\n') }, [])).toThrow('gavel.yaml:2: server.prot');
});

test('simulated DSPs join the configured ones, with the defaults of any DSP, and may be called on loopback', () => {
  const config = file(
    'dsps:\n  - id: real\n    url: https://dsp.example/bid\nnotices:\n  allowedHosts: [local.example]\n',
  );
  const simulated = [
    { id: 'simulated', url: 'http://127.0.0.1:9000/bid', version: '2.5', pricing: 'cpa' },
  ] as const satisfies DspEndpoint[];
  const { dsps, notices } = systemConfig({ config }, simulated);
  const [real, joined] = dsps;
  expect(joined).toEqual({ ...real, ...simulated[0] });
  expect(notices.allowedHosts).toEqual(['local.example', '127.0.0.1:9000']);
});
