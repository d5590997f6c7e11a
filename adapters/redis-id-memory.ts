/**
 * Lua: ids that are remembered, as sets of 64-bit integers, which Redis keeps at 8 bytes a member as long as a set has no more than 512 of
 * them. Overflow policy `forget-oldest`: two generations; when the younger is full, the older is forgotten, set by set as the next one fills.
 * A generation has 65,536 sets, so one of 16 million ids has 244 in each.
 */
import { createHash } from 'node:crypto';

/**
 * `SET:MEMBER`. Of 128 bits of SHA-1 80 are used, 64 of them as the member: among 10 million ids two are the same with a chance of 1 in 10^10.
 */
export function rememberedId(id: string): string {
  const digest = createHash('sha1').update(id).digest();
  return `${digest.readUInt16LE(0)}:${digest.readBigInt64LE(2)}`;
}

/**
 * `openIds(meta, prefix)` gives a memory; `isKnown(memory, id)`; `remember(memory, id, keptMs)`; `closeIds(memory, generationMax)` once at
 * the end of a script that has remembered any. The sets carry the hash tag of `prefix`.
 */
export const ID_MEMORY = `
local function openIds(meta, prefix)
  local generation = tonumber(redis.call('HGET', meta, 'generation') or 0)
  return { meta = meta, prefix = prefix, generation = generation, added = 0 }
end
local function setOf(ids, generation, id)
  local set, member = string.match(id, '^(%d+):(-?%d+)$')
  return ids.prefix .. string.format('%d:', generation) .. set, member
end
local function isKnown(ids, id)
  for generation = ids.generation, math.max(0, ids.generation - 1), -1 do
    local key, member = setOf(ids, generation, id)
    if redis.call('SISMEMBER', key, member) == 1 then return true end
  end
  return false
end
local function remember(ids, id, keptMs)
  local key, member = setOf(ids, ids.generation, id)
  ids.added = ids.added + redis.call('SADD', key, member)
  redis.call('PEXPIRE', key, keptMs)
  if ids.generation > 1 then redis.call('UNLINK', (setOf(ids, ids.generation - 2, id))) end
end
local function closeIds(ids, generationMax)
  local count = redis.call('HINCRBY', ids.meta, 'count', string.format('%d', ids.added))
  if count < tonumber(generationMax) then return end
  redis.call('HSET', ids.meta, 'generation', string.format('%d', ids.generation + 1), 'count', '0')
end
`;
