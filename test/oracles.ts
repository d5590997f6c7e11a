/** What must hold after every fault, whatever it was. The names are those of the list of oracles in the design. */
import { readdirSync } from 'node:fs';
import { expect, vi } from 'vitest';
import { createResponseReader } from '../openrtb/read-response.ts';

/** One ad request's answer, as its client saw it. */
export interface TimedAnswer {
  readonly requestId: string;
  readonly status: number;
  readonly body: Buffer;
  /** From the send to the last byte. */
  readonly tookMs: number;
}

const readResponse = createResponseReader();

/**
 * O5: every answer is a valid bid response, or says in a valid way that there is none; at least 99.9% came within
 * `limitMs`, and none took ten times as long.
 */
export function expectSoundAnswers(answers: readonly TimedAnswer[], limitMs: number): void {
  for (const { requestId, status, body } of answers) {
    expect([200, 204]).toContain(status);
    const reading = readResponse(body, { requestId, strictness: 'strict' });
    expect(reading.kind === 'invalid' ? reading.diagnostic : null).toBeNull();
    expect(reading.diagnostics).toEqual([]);
  }
  const late = answers.filter(({ tookMs }) => tookMs > limitMs).length;
  expect(late / answers.length).toBeLessThanOrEqual(0.001);
  expect(Math.max(...answers.map(({ tookMs }) => tookMs))).toBeLessThan(limitMs * 10);
}

/** What a process holds. */
export interface Resources {
  /** Open file descriptors; 0 where the system does not list them. */
  readonly descriptors: number;
  readonly sockets: number;
  readonly timers: number;
}

export function resourcesNow(): Resources {
  const active = process.getActiveResourcesInfo();
  const count = (name: string): number => active.filter((resource) => resource === name).length;
  return {
    descriptors: descriptorCount(),
    sockets: count('TCPSocketWrap') + count('TLSWrap') + count('TCPServerWrap'),
    timers: count('Timeout'),
  };
}

/** O7: no more is held than before, within 5%; waits for what is just being let go. */
export async function expectNoLeak(before: Resources, withinMs = 5000): Promise<void> {
  await vi.waitFor(
    () => {
      const now = resourcesNow();
      for (const name of ['descriptors', 'sockets', 'timers'] as const) {
        expect(now[name], name).toBeLessThanOrEqual(Math.ceil(before[name] * 1.05));
      }
    },
    { timeout: withinMs, interval: 20 },
  );
}

function descriptorCount(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}
