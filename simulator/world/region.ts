import type { EngineNode } from './engine-node.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** Engines that stand together, and the publishers near them. */
export class Region {
  readonly name: string;
  /** Of the traffic, relative to other regions. */
  readonly share: number;
  readonly publishers: VirtualProcess;
  /** Also those that stand by. */
  readonly engines: readonly EngineNode[];
  readonly #outOfRotation = new Set<EngineNode>();
  #turn = 0;

  constructor(name: string, share: number, publishers: VirtualProcess, engines: readonly EngineNode[]) {
    this.name = name;
    this.share = share;
    this.publishers = publishers;
    this.engines = engines;
  }

  /** By what is known of its engines: one of them is in rotation. */
  get isAlive(): boolean {
    return this.#outOfRotation.size < this.engines.length;
  }

  /** All are, where nobody looks after their health. */
  setInRotation(engine: EngineNode, isIn: boolean): void {
    if (isIn) this.#outOfRotation.delete(engine);
    else this.#outOfRotation.add(engine);
  }

  /** Whose turn it is among those in rotation, whether it is up or not; while none is, among all. */
  nextEngine(): EngineNode {
    const { isAlive } = this;
    for (;;) {
      const engine = this.engines[this.#turn]!;
      this.#turn = (this.#turn + 1) % this.engines.length;
      if (!isAlive || !this.#outOfRotation.has(engine)) return engine;
    }
  }
}
