/**
 * What has to happen in Redis in one step. All of a user is one hash, `frequency:{USER}`, so each script has one key and
 * runs in a Redis Cluster too. Time is Redis's own, ms.
 *
 * A field is a scope, its value JSON: `n` impressions, `l` moment of the last, `k` and `r` for how long moments and
 * count are kept, `m` and `i` moments and request ids, oldest first.
 */

const SCOPE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function read(scope)
  local text = redis.call('HGET', KEYS[1], scope)
  if not text then return nil end
  local record = cjson.decode(text)
  if now - record.l >= record.r then
    redis.call('HDEL', KEYS[1], scope)
    return nil
  end
  while #record.m > 0 and now - record.m[1] >= record.k do
    table.remove(record.m, 1)
    table.remove(record.i, 1)
  end
  return record
end
`;

/**
 * KEYS: user. Gives the time, then scope and record in turn. Records may be too old: the caller sees by the time.
 */
export const FETCH_HISTORY = `${SCOPE}
local found = redis.call('HGETALL', KEYS[1])
table.insert(found, 1, tostring(now))
return found
`;

/**
 * KEYS: user. ARGV: request id, most scopes, most moments, number of scopes counted in, then of each its name, how long
 * moments are kept and how long the count; then of each rule its scope, count and window (-1: all that is remembered).
 * Gives `taken`, `full`, or `capped` and the scope.
 */
export const TAKE_IMPRESSION = `${SCOPE}
local id, scopesMax, momentsMax, countedCount = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local records, added = {}, 0
for c = 0, countedCount - 1 do
  local scope = ARGV[5 + c * 3]
  local record = read(scope)
  records[scope] = record
  if record then
    for _, taken in ipairs(record.i) do if taken == id then return {'taken'} end end
  else
    added = added + 1
  end
end
for at = 5 + countedCount * 3, #ARGV, 3 do
  local record, count, window = records[ARGV[at]], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local seen = 0
  if record and window < 0 then
    seen = record.n
  elseif record then
    for _, moment in ipairs(record.m) do if now - moment < window then seen = seen + 1 end end
  end
  if seen >= count then return {'capped', ARGV[at]} end
end
if redis.call('HLEN', KEYS[1]) + added > scopesMax then
  for _, scope in ipairs(redis.call('HKEYS', KEYS[1])) do read(scope) end
  if redis.call('HLEN', KEYS[1]) + added > scopesMax then return {'full'} end
end
local keptMs = redis.call('PTTL', KEYS[1])
for c = 0, countedCount - 1 do
  local scope = ARGV[5 + c * 3]
  local record = records[scope] or {n = 0, m = {}, i = {}}
  record.n, record.l = record.n + 1, now
  record.k, record.r = tonumber(ARGV[6 + c * 3]), tonumber(ARGV[7 + c * 3])
  table.insert(record.m, now)
  table.insert(record.i, id)
  if #record.m > momentsMax then
    table.remove(record.m, 1)
    table.remove(record.i, 1)
  end
  redis.call('HSET', KEYS[1], scope, cjson.encode(record))
  keptMs = math.max(keptMs, record.r)
end
if countedCount > 0 then redis.call('PEXPIRE', KEYS[1], keptMs) end
return {'taken'}
`;

/** KEYS: user. ARGV: request id, scopes. */
export const GIVE_BACK_IMPRESSION = `${SCOPE}
for s = 2, #ARGV do
  local record = read(ARGV[s])
  if record then
    for at, id in ipairs(record.i) do
      if id == ARGV[1] then
        table.remove(record.m, at)
        table.remove(record.i, at)
        record.n = record.n - 1
        if record.n == 0 then
          redis.call('HDEL', KEYS[1], ARGV[s])
        else
          redis.call('HSET', KEYS[1], ARGV[s], cjson.encode(record))
        end
        break
      end
    end
  end
end
`;
