import { type DspActor, type DspActorOptions, spawnDspActor } from '../actors/dsp-actor.ts';
import type { ActorParent } from '../actors/mailbox.ts';
import type { TeachingRules } from '../actors/request-actor.ts';
import { type ShapingActor, spawnShapingActor } from '../actors/shaping-actor.ts';
import type { HostResolvers } from '../adapters/dns/host-resolvers.ts';
import { createUndiciTransport } from '../adapters/dsp/undici-transport.ts';
import type { DspState } from '../adapters/workers/messages.ts';
import { connectionsTo, healthOptions, shaperOptions, thresholdOptions } from '../config/engine-options.ts';
import type { Config } from '../config/types.ts';
import { dialect } from '../engine/dsp/solicitation.ts';
import type { DspTransport } from '../engine/ports/dsp-transport.ts';
import { createResponseReader } from '../openrtb/read-response.ts';
import { type Parts, supervisorOf } from './parts.ts';

/** Limit of the wire (docs/openrtb.md). */
const RESPONSE_BYTES_MAX = 1024 * 1024;

export async function openTransport(parts: Parts, resolvers: HostResolvers): Promise<DspTransport> {
  const { config, clock, timers, metrics, onProcessFault } = parts;
  const { dspDefaults } = config;
  const transport = createUndiciTransport({
    clock,
    timers,
    endpoints: config.dsps.map((dsp) => ({
      id: dsp.id,
      url: dsp.url,
      headers: dsp.headers,
      gzipRequests: dsp.gzipRequests,
      connections: connectionsTo(dsp, config),
      waitingMax: dspDefaults.waitingMax,
    })),
    resolveHost: resolvers.configured,
    responseBytesMax: RESPONSE_BYTES_MAX,
    connectTimeoutMs: dspDefaults.connectTimeoutMs,
    keepAliveMs: dspDefaults.keepAliveMs,
    onFault: (error) => onProcessFault('deadline', error),
  });
  metrics.dspConnections(transport.connections);
  await transport.preconnect();
  return transport;
}

export function openDsps(
  parts: Parts,
  parent: ActorParent,
  around: Pick<DspActorOptions, 'transport' | 'loop'>,
): DspActor[] {
  const { config, clock, random, metrics, onProcessFault } = parts;
  const readResponse = createResponseReader();
  const dsps = config.dsps.map((dsp) =>
    spawnDspActor(parent, {
      ...around,
      clock,
      random,
      definition: {
        id: dsp.id,
        health: healthOptions(dsp, config),
        shaping: config.shaping.enabled ? shaperOptions(config) : null,
        dialect: dialect(dsp),
        wakesForBids: config.estimation.model.source === 'remote' && dsp.pricing !== 'cpm',
        reply: { strictness: dsp.strictness, readResponse },
      },
      supervisor: supervisorOf(parts),
      observer: { ...metrics.dsp(dsp.id), onReplyFault: (error) => onProcessFault('reply', error) },
      onOverflow: () => metrics.mailboxDropped('dsp', 'refuse-newest'),
    }),
  );
  metrics.dspHealth(dsps);
  return dsps;
}

/** Null: every DSP is worth calling. */
export function openShaping(parts: Parts, parent: ActorParent): ShapingActor | null {
  const { config, clock, random, metrics } = parts;
  if (!config.shaping.enabled) return null;
  return spawnShapingActor(parent, {
    clock,
    random,
    threshold: thresholdOptions(config),
    supervisor: supervisorOf(parts),
    onOverflow: () => metrics.mailboxDropped('shaping', 'drop-oldest'),
  });
}

/** Null: nobody learns from what became of bids. */
export function teachingRules({ auction, exchange, shaping }: Config, dsps: readonly DspActor[]): TeachingRules | null {
  if (!auction.progressive && !shaping.enabled) return null;
  return { currency: exchange.currency, dsps: new Map(dsps.map(({ id, mailbox }) => [id, mailbox])) };
}

/** Of a DSP's URL only the origin: its path may be a secret between it and us. */
export function readDspStates(config: Config, dsps: readonly DspActor[]): () => DspState[] {
  const origins = new Map(config.dsps.map(({ id, url }) => [id, new URL(url).origin]));
  return () =>
    dsps.map(({ id, snapshot, shapingSnapshot }) => ({
      id,
      origin: origins.get(id),
      ...snapshot(),
      shaping: shapingSnapshot(),
    }));
}
