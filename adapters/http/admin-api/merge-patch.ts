/**
 * JSON Merge Patch (RFC 7396) for one document: null removes a field, which then has its default. Keys named like
 * `__proto__` stay data.
 */
export function mergePatch(document: object, patch: object): object {
  const merged = new Map<string, unknown>(Object.entries(document));
  for (const [key, change] of Object.entries(patch)) {
    const before = merged.get(key);
    if (change === null) merged.delete(key);
    else merged.set(key, isObject(change) ? mergePatch(isObject(before) ? before : {}, change) : change);
  }
  return Object.fromEntries(merged);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
