/**
 * What has to happen in Redis in one step. Moments are Redis's own, in microseconds, so processes need not agree on the
 * time. An entry is the text `value born campaignTag userTag deviceTag`; an invalidation is the moment it was made. What is
 * no such text is no entry, and keeps no other key from being answered; an invalidation that cannot be read is of now.
 *
 * Entries and invalidations are looked up together, so all keys must be on one server: one Redis, replicated or not, no
 * Redis Cluster. A cache that fits in one machine needs none.
 */

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
`;

const READ_ENTRY = `
local function readEntry(key)
  local text = redis.pcall('GET', key)
  if type(text) ~= 'string' then return nil end
  local value, born, campaign, user, device = string.match(text, '^(%S+) (%d+) (%-?%d+) (%-?%d+) (%-?%d+)$')
  return value, tonumber(born), campaign, user, device
end
`;

/** KEYS: entries. ARGV: prefix of invalidations. Gives `value age` (microseconds) or nil each. */
export const FETCH = `${NOW}${READ_ENTRY}
local invalidated = {}
local function invalidatedAt(tag)
  if invalidated[tag] == nil then
    local at = redis.pcall('GET', ARGV[1] .. tag)
    invalidated[tag] = at == false and -1 or tonumber(type(at) == 'string' and at or now) or now
  end
  return invalidated[tag]
end
local found = {}
for i, key in ipairs(KEYS) do
  found[i] = false
  local value, at, campaign, user, device = readEntry(key)
  if at and at > invalidatedAt('0') and at > invalidatedAt(campaign) and at > invalidatedAt(user)
    and at > invalidatedAt(device) then
    found[i] = value .. ' ' .. string.format('%.0f', now - at)
  end
end
return found
`;

/** KEYS: entry and lock, of each. ARGV: value, age and life left (microseconds, milliseconds), tags, of each. */
export const STORE = `${NOW}${READ_ENTRY}
for i = 1, #KEYS, 2 do
  local at = (i - 1) / 2 * 6
  local born = now - tonumber(ARGV[at + 2])
  local _, presentBorn = readEntry(KEYS[i])
  local isOlder = presentBorn and presentBorn <= now and presentBorn > born
  if not isOlder then
    local tags = ARGV[at + 4] .. ' ' .. ARGV[at + 5] .. ' ' .. ARGV[at + 6]
    redis.call('SET', KEYS[i], ARGV[at + 1] .. ' ' .. string.format('%.0f', born) .. ' ' .. tags, 'PX', ARGV[at + 3])
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
