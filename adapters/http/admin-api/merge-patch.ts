/**
 * JSON Merge Patch (RFC 7396) for one document: null removes a field, which then has its default. Keys named like
 * `__proto__` stay data. Deeper than any document it is taken as it is, to be refused with it.
 */
export function mergePatch(document: object, patch: object, depthMax = 16): object {
  const merged = new Map<string, unknown>(Object.entries(document));
  for (const [key, change] of Object.entries(patch)) {
    const before = merged.get(key);
    if (change === null) merged.delete(key);
    else if (depthMax === 0 || !isObject(change)) merged.set(key, change);
    else merged.set(key, mergePatch(isObject(before) ? before : {}, change, depthMax - 1));
  }
  return Object.fromEntries(merged);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
