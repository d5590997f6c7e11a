import { pathToFileURL } from 'node:url';

/** A module of the build: rigs are processes that node starts from compiled files. `path` without extension. */
export async function built<T>(path: string): Promise<T> {
  return await import(pathToFileURL(new URL(`../../dist/${path}.js`, import.meta.url).pathname).href);
}
