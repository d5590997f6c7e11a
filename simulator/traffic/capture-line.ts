/** One line of a capture: a request as it is, or wrapped (`{"atMs": …, "request": {…}}`). */

export interface CapturedRequest {
  /** When it was captured, epoch ms; null: the line does not say. */
  readonly atMs: number | null;
  /** As it stands in the line, to the letter. */
  readonly body: string;
}

/** `atMs`: epoch ms; `at`: the same, or ISO 8601. (In a request itself, `at` is the auction type.) Never throws: broken requests are worth replaying. */
export function readCapture(line: string): CapturedRequest {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { atMs: null, body: line };
  }
  const wrapper = value as { readonly request?: unknown; readonly at?: unknown; readonly atMs?: unknown } | null;
  if (typeof wrapper?.request !== 'object' || wrapper.request === null) return { atMs: null, body: line };
  return { atMs: timeOf(wrapper.atMs ?? wrapper.at), body: memberText(line, 'request') };
}

function timeOf(time: unknown): number | null {
  const atMs = typeof time === 'string' ? Date.parse(time) : time;
  return typeof atMs === 'number' && Number.isFinite(atMs) ? atMs : null;
}

/** A string, or what opens, closes or parts members. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** Text of the value of a member of a JSON object, which has it; of several the last one, which counts. */
function memberText(json: string, name: string): string {
  let depth = 0;
  let key: string | null = null;
  let [from, found] = [-1, ''];
  for (const { 0: token, index } of json.matchAll(TOKEN)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    const isOver = (token === ',' && depth === 1) || depth === 0;
    if (isOver && from >= 0) {
      found = json.slice(from, index).trim();
      from = -1;
    }
    if (depth !== 1) continue;
    if (token === ':') {
      if (key === name) from = index + 1;
      key = null;
    } else if (token.startsWith('"')) key = JSON.parse(token) as string;
  }
  return found;
}
