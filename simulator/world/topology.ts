import type { LinkTraits, NetworkOptions } from './network.ts';
import type { NetworkScenario } from './scenario.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** What lies between any two processes: by what they are, and where they stand. */
export function linkTraits(network: NetworkScenario): NetworkOptions['traitsOf'] {
  return (from, to) => {
    const near = nearTraits(network, from, to);
    const isFar = from.region !== null && to.region !== null && from.region !== to.region;
    return isFar ? inSeries(near, network.betweenRegions) : near;
  };
}

function nearTraits(network: NetworkScenario, from: VirtualProcess, to: VirtualProcess): LinkTraits {
  if (isOnInternet(from) || isOnInternet(to)) return network.publishers;
  if (from.role === 'dsp' || to.role === 'dsp') return network.dsps;
  return network.stores;
}

function isOnInternet({ role }: VirtualProcess): boolean {
  return role === 'publishers' || role === 'balancer';
}

/** The longer way decides how much it varies. */
function inSeries(near: LinkTraits, far: LinkTraits): LinkTraits {
  return {
    medianMs: near.medianMs + far.medianMs,
    sigma: near.medianMs > far.medianMs ? near.sigma : far.sigma,
    loss: 1 - (1 - near.loss) * (1 - far.loss),
  };
}
