import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where the data of published results lie. */
export interface PublishedPlaces {
  /** Has `ipinyou/`, the training figures of campaigns. */
  readonly datasets: string;
  /** The log at this path of the file of results. */
  log(path: string): string;
}

/**
 * Logs lie beside the file of results; those that do not, in the folder of data sets or its `replay/`. That folder is the
 * one above the file's, unless named.
 */
export function publishedPlaces(expectedPath: string, datasets = join(dirname(expectedPath), '..')): PublishedPlaces {
  const folders = [dirname(expectedPath), join(datasets, 'replay'), datasets];
  return {
    datasets,
    log: (path) => {
      const places = folders.map((folder) => join(folder, path));
      return places.find((place) => existsSync(place)) ?? places[0]!;
    },
  };
}
