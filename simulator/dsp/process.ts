/**
 * Entry of the child process that plays the DSPs. The parent (spawn.ts) sends the options, then asks for notice counts;
 * this process ends when the parent does, however that came about.
 */
import type { DspEndpoint, DspServerOptions, FaultsByDsp, NoticeCounts, RunningDsps } from './server.ts';
import { startDspServers } from './server.ts';
import { warmUpDsps } from './warm-up.ts';

export type ParentMessage =
  | { readonly kind: 'start'; readonly options: DspServerOptions }
  | { readonly kind: 'count-notices' }
  | { readonly kind: 'set-faults'; readonly faultsByDsp: FaultsByDsp };

export type ChildMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'listening'; readonly endpoints: readonly DspEndpoint[] }
  | { readonly kind: 'failed'; readonly problem: string }
  | { readonly kind: 'notices'; readonly notices: Readonly<Record<string, NoticeCounts>> }
  | { readonly kind: 'faults-set' };

let running: RunningDsps | null = null;

process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole process group: the parent still drains, and its DSPs must answer until it is done.
process.on('SIGINT', () => {});
process.on('message', (message: ParentMessage) => {
  switch (message.kind) {
    case 'start':
      void start(message.options);
      return;
    case 'count-notices':
      void countNotices();
      return;
    case 'set-faults':
      void setFaults(message.faultsByDsp);
      return;
  }
});
send({ kind: 'ready' });

async function start(options: DspServerOptions): Promise<void> {
  try {
    running = await startDspServers(options);
    await warmUpDsps(running.endpoints);
    send({ kind: 'listening', endpoints: running.endpoints });
  } catch (error) {
    send({ kind: 'failed', problem: error instanceof Error ? error.message : String(error) });
  }
}

async function countNotices(): Promise<void> {
  send({ kind: 'notices', notices: running === null ? {} : await running.notices() });
}

/** The parent has checked that the DSPs run. */
async function setFaults(faultsByDsp: FaultsByDsp): Promise<void> {
  await running?.setFaults(faultsByDsp);
  send({ kind: 'faults-set' });
}

/** A parent that has gone needs no answer; `disconnect` ends this process then. */
function send(message: ChildMessage): void {
  if (process.connected) process.send!(message);
}
