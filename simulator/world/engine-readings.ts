import type { Gavel } from '../../compose.ts';
import type { EngineNode } from './engine-node.ts';

export interface EngineReading {
  /** Refused since the last reading, by cause. */
  readonly shed: ReadonlyMap<string, number>;
  /** Click estimates without the model since the last reading. */
  readonly fallbacks: number;
}

const NOTHING: EngineReading = { shed: new Map(), fallbacks: 0 };

/** Reads what engines count themselves. What one has counted since the last reading dies with it. */
export class EngineReadings {
  /** By engine, life and series. */
  readonly #before = new Map<string, number>();

  async since(engine: EngineNode): Promise<EngineReading> {
    if (engine.gavel === null) return NOTHING;
    const shed = new Map<string, number>();
    for (const [labels, refused] of await this.#growth(engine, engine.gavel, 'rtb_shed_total')) {
      const cause = String(labels.cause);
      shed.set(cause, (shed.get(cause) ?? 0) + refused);
    }
    let fallbacks = 0;
    for (const [, count] of await this.#growth(engine, engine.gavel, 'rtb_ctr_fallback_total')) fallbacks += count;
    return { shed, fallbacks };
  }

  /** Of each series of a counter that has grown, by its labels. */
  async #growth({ process }: EngineNode, gavel: Gavel, name: string): Promise<(readonly [Labels, number])[]> {
    const growth: (readonly [Labels, number])[] = [];
    for (const { labels, value } of (await gavel.metric(name))?.values ?? []) {
      const key = `${process.name}/${process.life}/${name}/${JSON.stringify(labels)}`;
      const grown = value - (this.#before.get(key) ?? 0);
      this.#before.set(key, value);
      if (grown > 0) growth.push([labels, grown]);
    }
    return growth;
  }
}

type Labels = Readonly<Record<string, string | number>>;

/** Of admission, now; `open` while there is none. */
export async function zoneOf({ gavel }: EngineNode): Promise<string> {
  const zones = await gavel?.metric('rtb_admission_zone');
  return String(zones?.values.find(({ value }) => value === 1)?.labels.zone ?? 'open');
}
