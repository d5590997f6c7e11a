/** How an engine of a world calls URLs that DSPs gave it: wins, losses and bills. */
import type { GetOutcome, GuardedHttp } from '../../compose.ts';
import { DSP_DOMAIN, type HeardNotice } from './dsp-behaviour.ts';
import type { DspNode } from './dsp-node.ts';
import type { Network } from './network.ts';
import type { VirtualProcess } from './virtual-process.ts';

export interface WorldHttpOptions {
  readonly engine: VirtualProcess;
  readonly network: Network;
  readonly dsps: ReadonlyMap<string, DspNode>;
  /** When the call has reached the DSP. */
  readonly onNotice: (dspId: string, notice: HeardNotice) => void;
}

const NO_CONTENT: GetOutcome = { kind: 'answered', status: 204, text: null };
const NOT_FOUND: GetOutcome = { kind: 'answered', status: 404, text: null };

export function createWorldHttp(options: WorldHttpOptions): GuardedHttp {
  const get: GuardedHttp['get'] = (url, timeoutMs) => new Promise((resolve) => call(options, url, timeoutMs, resolve));
  return { get, getText: get, destroy: async () => {} };
}

function call(
  { engine, network, dsps, onNotice }: WorldHttpOptions,
  url: string,
  timeoutMs: number,
  onOutcome: (outcome: GetOutcome) => void,
): void {
  const { hostname, pathname } = new URL(url);
  const dsp = hostname.endsWith(DSP_DOMAIN) ? dsps.get(hostname.slice(0, -DSP_DOMAIN.length)) : undefined;
  const timer = engine.timers.schedule(timeoutMs, () => onOutcome({ kind: 'timeout' }));
  const settle = (outcome: GetOutcome): void => {
    engine.timers.cancel(timer);
    onOutcome(outcome);
  };
  if (dsp === undefined) {
    engine.timers.schedule(0, () => settle({ kind: 'unreachable' }));
    return;
  }
  const kind = KINDS.get(pathname);
  network.send({
    from: engine,
    to: dsp.process,
    onArrival: () => {
      if (kind !== undefined) {
        const notice = { kind, url };
        onNotice(dsp.behaviour.id, notice);
        dsp.behaviour.onNotice(notice, dsp.process.nowMs);
      }
      const outcome = kind === undefined ? NOT_FOUND : NO_CONTENT;
      network.send({ from: dsp.process, to: engine, onArrival: () => settle(outcome) });
    },
    onRefused: () => settle({ kind: 'unreachable' }),
  });
}

const KINDS: ReadonlyMap<string, HeardNotice['kind']> = new Map([
  ['/win', 'win'],
  ['/loss', 'loss'],
  ['/bill', 'bill'],
]);
