/**
 * Lua: ids that are remembered, as sets of 64-bit integers, which Redis keeps at 8 bytes a member as long as a set has no more than 512 of
 * them. Overflow policy `forget-oldest`: two generations; when the younger is full, the older is forgotten, set by set as the next one fills.
 */
import { hash } from 'node:crypto';

/** Per generation: of 4 million ids some 488 are in each. */
const SETS = 8192;

/**
 * `SET:MEMBER`. Of the 160 bits of SHA-1 77 are used: that among 10 million ids any two are taken for the same has a chance of one in
 * a billion.
 */
export function rememberedId(id: string): string {
  const digest = hash('sha1', id, 'buffer');
  return `${digest.readUInt16LE(0) % SETS}:${digest.readBigInt64LE(2)}`;
}

/**
 * `openIds(meta, prefix)` gives a memory; `isKnown(memory, id)`; `remember(memory, id, keptMs)` says whether it was new;
 * `closeIds(memory, generationMax)` once at the end of a script that has remembered any. The sets carry the hash tag of `prefix`.
 */
export const ID_MEMORY = `
local function openIds(meta, prefix)
  local generation = tonumber(redis.call('HGET', meta, 'generation') or 0)
  return { meta = meta, prefix = prefix, generation = generation, added = 0 }
end
local function isIn(ids, generation, set, member)
  return generation >= 0 and redis.call('SISMEMBER', ids.prefix .. generation .. ':' .. set, member) == 1
end
local function isKnown(ids, id)
  local set, member = string.match(id, '^(%d+):(-?%d+)$')
  return isIn(ids, ids.generation, set, member) or isIn(ids, ids.generation - 1, set, member)
end
local function remember(ids, id, keptMs)
  local set, member = string.match(id, '^(%d+):(-?%d+)$')
  if isIn(ids, ids.generation - 1, set, member) then return false end
  local key = ids.prefix .. ids.generation .. ':' .. set
  if redis.call('SADD', key, member) == 0 then return false end
  redis.call('PEXPIRE', key, keptMs)
  if ids.generation > 1 then redis.call('UNLINK', ids.prefix .. (ids.generation - 2) .. ':' .. set) end
  ids.added = ids.added + 1
  return true
end
local function closeIds(ids, generationMax)
  local count = redis.call('HINCRBY', ids.meta, 'count', string.format('%d', ids.added))
  if count < tonumber(generationMax) then return end
  redis.call('HSET', ids.meta, 'generation', string.format('%d', ids.generation + 1), 'count', '0')
end
`;
