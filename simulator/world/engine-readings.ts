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
    let fallbacks = 0;
    for (const { name, values } of await engine.gavel.metrics()) {
      for (const { labels, value } of values) {
        if (name === 'rtb_shed_total') {
          const cause = String(labels.cause);
          const refused = this.#grown(engine, `${name}/${cause}/${labels.class}`, value);
          if (refused > 0) shed.set(cause, (shed.get(cause) ?? 0) + refused);
        } else if (name === 'rtb_ctr_fallback_total') {
          fallbacks += this.#grown(engine, `${name}/${labels.cause}`, value);
        }
      }
    }
    return { shed, fallbacks };
  }

  #grown({ process }: EngineNode, series: string, value: number): number {
    const key = `${process.name}/${process.life}/${series}`;
    const before = this.#before.get(key) ?? 0;
    this.#before.set(key, value);
    return value - before;
  }
}

/** Of admission, now; `open` while there is none. */
export async function zoneOf({ gavel }: EngineNode): Promise<string> {
  const zones = (await gavel?.metrics())?.find(({ name }) => name === 'rtb_admission_zone');
  return String(zones?.values.find(({ value }) => value === 1)?.labels.zone ?? 'open');
}
