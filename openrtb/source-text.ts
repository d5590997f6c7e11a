/** Finds out how numbers were written, after JSON.parse has rounded them: a second parse that keeps their text. */

const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** The same value as JSON.parse gives, but for every number in it, which is the string of its source text. */
export function parseKeepingNumberText(json: string): unknown {
  return JSON.parse(json.replace(STRING_OR_NUMBER, (token) => (token.startsWith('"') ? token : `"${token}"`)));
}

/** The text at `path`, or null when there is none. */
export function textAt(root: unknown, path: readonly (string | number)[]): string | null {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return null;
    value = (value as Record<string | number, unknown>)[key];
  }
  return typeof value === 'string' ? value : null;
}
