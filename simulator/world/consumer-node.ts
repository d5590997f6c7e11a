/** One process of a world that makes something of events and runs no auction: the product's, as `gavel consume` starts it. */
import { type OutsideParts, type RunningConsumer, startEventConsumer } from '../../compose.ts';
import type { Config } from '../../config/types.ts';
import { ProductNode, type ProductNodeOptions } from './product-node.ts';
import type { VirtualProcess } from './virtual-process.ts';

export interface ConsumerNodeOptions extends ProductNodeOptions {
  readonly config: Config;
  /** What it meets outside, made anew for each life of its process. */
  readonly openOutside: (process: VirtualProcess) => Partial<OutsideParts>;
}

/** What the archive is made of is a file system's. */
const CONSUMERS = ['billing', 'counters'] as const;

export class ConsumerNode extends ProductNode<RunningConsumer> {
  readonly #options: ConsumerNodeOptions;

  constructor(options: ConsumerNodeOptions) {
    super(options);
    this.#options = options;
  }

  protected override open(): Promise<RunningConsumer> {
    return startEventConsumer(this.#options.config, {
      consumers: CONSUMERS,
      fromStart: false,
      ...this.outside(),
      ...this.#options.openOutside(this.process),
    });
  }

  /** As `gavel consume`. */
  protected override uncaught(): 'drain' {
    return 'drain';
  }

  protected override leave(): void {}
}
