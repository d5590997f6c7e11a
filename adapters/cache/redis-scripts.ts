/**
 * What has to happen in Redis in one step. Moments are Redis's own, in microseconds, so processes need not agree on the
 * time. An entry is the text `value born campaignTag userTag`; an invalidation is the moment it was made.
 *
 * Entries and invalidations are looked up together, so all keys must be on one server: one Redis, replicated or not, no
 * Redis Cluster. A cache that fits in one machine needs none.
 */

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
`;

/** KEYS: entries. ARGV: prefix of invalidations. Gives `value age` (microseconds) or nil each. */
export const FETCH = `${NOW}
local invalidated = {}
local function invalidatedAt(tag)
  if invalidated[tag] == nil then invalidated[tag] = tonumber(redis.call('GET', ARGV[1] .. tag) or -1) end
  return invalidated[tag]
end
local found = {}
for i, key in ipairs(KEYS) do
  found[i] = false
  local text = redis.call('GET', key)
  if text then
    local value, born, campaign, user = string.match(text, '^(%S+) (%S+) (%S+) (%S+)$')
    local at = tonumber(born)
    if at > invalidatedAt('0') and at > invalidatedAt(campaign) and at > invalidatedAt(user) then
      found[i] = value .. ' ' .. string.format('%.0f', now - at)
    end
  end
end
return found
`;

/** KEYS: entry and lock, of each. ARGV: value, age and life left (microseconds, milliseconds), tags, of each. */
export const STORE = `${NOW}
for i = 1, #KEYS, 2 do
  local at = (i - 1) / 2 * 5
  local born = now - tonumber(ARGV[at + 2])
  local present = redis.call('GET', KEYS[i])
  local isOlder = present and tonumber(string.match(present, '^%S+ (%S+)')) > born
  if not isOlder then
    local text = ARGV[at + 1] .. ' ' .. string.format('%.0f', born) .. ' ' .. ARGV[at + 4] .. ' ' .. ARGV[at + 5]
    redis.call('SET', KEYS[i], text, 'PX', ARGV[at + 3])
  end
  redis.call('DEL', KEYS[i + 1])
end
`;

/** KEYS: lock. ARGV: who holds it. */
export const UNLOCK = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
`;

/** KEYS: invalidation. ARGV: how long it matters, channel, tag. */
export const INVALIDATE = `${NOW}
redis.call('SET', KEYS[1], string.format('%.0f', now), 'PX', ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
`;
