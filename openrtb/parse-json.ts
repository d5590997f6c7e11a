/** The value, or undefined for what is not JSON (JSON itself cannot spell undefined). Guard the bytes first. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
