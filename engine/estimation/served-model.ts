/** Where estimates come from: a model that is scored in this process, at once (`adapters/model/bundle-loader.ts`). */
import type { RateTables } from './features/rate-tables.ts';
import type { Model } from './models/model.ts';

/** A model that may be served. */
export interface ServedModel extends Model {
  /** Of the past, which its rows hold. */
  readonly rates: RateTables;
  /** Rises with every model of one line. */
  readonly version: number;
  /** Of the features it was trained on, hex SHA-256. */
  readonly schemaHash: string;
}

/** The model in this process. What `current` gives stays usable for as long as its caller keeps it. */
export interface LocalModel {
  /** Null while none could be loaded. */
  readonly current: () => ServedModel | null;
}
