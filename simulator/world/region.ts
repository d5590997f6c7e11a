import type { EngineNode } from './engine-node.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** Engines that stand together, and the publishers near them. */
export class Region {
  readonly name: string;
  /** Of the traffic, relative to other regions. */
  readonly share: number;
  readonly publishers: VirtualProcess;
  readonly engines: readonly EngineNode[];
  #turn = 0;

  constructor(name: string, share: number, publishers: VirtualProcess, engines: readonly EngineNode[]) {
    this.name = name;
    this.share = share;
    this.publishers = publishers;
    this.engines = engines;
  }

  /** Whose turn it is, whether it is up or not: a balancer that knows more stands in front of several regions. */
  nextEngine(): EngineNode {
    const engine = this.engines[this.#turn]!;
    this.#turn = (this.#turn + 1) % this.engines.length;
    return engine;
  }
}
