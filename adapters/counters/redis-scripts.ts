/**
 * What has to happen in Redis in one step. All keys carry the same hash tag, also those that scripts make of a prefix: on a Redis Cluster all
 * counters are on one server. Moments are Redis's own (TIME), so processes need not agree on the time; amounts in one call are integers
 * below 2^53, which a Lua number holds exactly.
 */

import { WINDOW_MS } from '../../engine/counters/counts.ts';
import { COUNTED_TYPES } from '../../engine/counters/dimensions.ts';
import { ID_MEMORY } from '../redis-id-memory.ts';
import { AHEAD_MS_MAX } from './retention.ts';

/** What somebody else has put in the place of our key is none of ours: it is lost. */
const HEAL = `
local function heal(key)
  local found = redis.call('TYPE', key).ok
  if found ~= 'hash' and found ~= 'none' then redis.call('DEL', key) end
end
`;

/**
 * Takes a partition over. Epochs rise with the time, so that one that was given before Redis lost it is never given again.
 *
 * KEYS: places (hash: partition -> `epoch next`), meta. ARGV: partition, how long both are kept (ms). Gives: epoch, next or ''
 */
export const CLAIM = `${HEAL}
heal(KEYS[1])
heal(KEYS[2])
local time = redis.call('TIME')
local epoch, next = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^(%d+) (%d*)$')
epoch = math.max(time[1] * 1000000 + time[2], (tonumber(epoch) or 0) + 1)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f ', epoch) .. (next or ''))
redis.call('HSETNX', KEYS[2], 'started', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return { string.format('%.0f', epoch), next or '' }
`;

/**
 * Counts a part of a batch, and moves the place of its partition. A row is what was counted of a thing in a window, as JSON, which Lua reads
 * and writes fastest: a number per type, then each currency and its nanos, \`[1,0,0,2,0,"EUR","500"]\`; nanos as text, since Redis would
 * write them with 14 digits.
 *
 * KEYS: places, meta
 * ARGV: partition, epoch, from or '', to, prefix of windows, prefix of ids, how long windows are kept (ms), things per dimension and window,
 *   ids per generation, how long ids and places are kept (ms each), events as JSON:
 *   [[id, window, index of its type, currency or '', nanos, [dimension, id, ...]], ...]
 * Gives: 'moved', what is there | 'counted', repeated, outside, overflowed, then a number per type
 */
export const COUNT = `${HEAL}${ID_MEMORY}
heal(KEYS[1])
heal(KEYS[2])
local place = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if place ~= ARGV[2] .. ' ' .. ARGV[3] then return { 'moved', place } end
local keptMs, thingsMax = tonumber(ARGV[7]), tonumber(ARGV[8])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ids = openIds(KEYS[2], ARGV[6])
local TYPES = ${COUNTED_TYPES.length}
local counted, added = {}, {}
for type = 1, TYPES do counted[type] = 0 end
local repeated, outside, overflowed = 0, 0, 0

local function madeIn(parent, key)
  if not parent[key] then parent[key] = {} end
  return parent[key]
end
local function newRow()
  local row = {}
  for type = 1, TYPES do row[type] = 0 end
  return row
end
local function addMoney(row, currency, nanos)
  for at = TYPES + 1, #row, 2 do
    if row[at] == currency then
      row[at + 1] = row[at + 1] + nanos
      return
    end
  end
  row[#row + 1] = currency
  row[#row + 1] = nanos
end
local function merge(row, other)
  for type = 1, TYPES do row[type] = row[type] + other[type] end
  for at = TYPES + 1, #other, 2 do addMoney(row, other[at], tonumber(other[at + 1])) end
end
local function encode(row)
  for at = TYPES + 2, #row, 2 do row[at] = string.format('%.0f', row[at]) end
  return cjson.encode(row)
end

for _, event in ipairs(cjson.decode(ARGV[12])) do
  local id, window, type, currency, nanos, things = unpack(event)
  if window + ${WINDOW_MS} + keptMs <= now or window > now + ${AHEAD_MS_MAX} then outside = outside + 1
  elseif not remember(ids, id, ARGV[10]) then repeated = repeated + 1
  else
    counted[type] = counted[type] + 1
    for at = 1, #things, 2 do
      local rows = madeIn(madeIn(added, window), things[at])
      local row = rows[things[at + 1]]
      if not row then
        row = newRow()
        rows[things[at + 1]] = row
      end
      row[type] = row[type] + 1
      if currency ~= '' then addMoney(row, currency, nanos) end
    end
  end
end

local written = {}
for window, dimensions in pairs(added) do
  for dimension, rows in pairs(dimensions) do
    local key = ARGV[5] .. string.format('%.0f:', window) .. dimension
    heal(key)
    local room = thingsMax - redis.call('HLEN', key)
    local names, fields, other = {}, {}, nil
    for name in pairs(rows) do names[#names + 1] = name end
    for first = 1, #names, 1000 do
      local last = math.min(first + 999, #names)
      local stored = redis.call('HMGET', key, unpack(names, first, last))
      for at = first, last do
        local name, old = names[at], stored[at - first + 1]
        local row = rows[name]
        if not old and name ~= '' and room <= 0 then
          for type = 1, TYPES do overflowed = overflowed + row[type] end
          other = other or newRow()
          merge(other, row)
        else
          if old then merge(row, cjson.decode(old)) else room = room - 1 end
          fields[#fields + 1] = name
          fields[#fields + 1] = row
        end
      end
    end
    if other then
      local own = rows['']
      if not own then
        own = newRow()
        local old = redis.call('HGET', key, '')
        if old then merge(own, cjson.decode(old)) end
        fields[#fields + 1] = ''
        fields[#fields + 1] = own
      end
      merge(own, other)
    end
    written[#written + 1] = { key = key, fields = fields, untilMs = window + ${WINDOW_MS} + keptMs }
  end
end

for _, hash in ipairs(written) do
  local fields = hash.fields
  for at = 2, #fields, 2 do fields[at] = encode(fields[at]) end
  for first = 1, #fields, 2000 do
    redis.call('HSET', hash.key, unpack(fields, first, math.min(first + 1999, #fields)))
  end
  redis.call('PEXPIREAT', hash.key, string.format('%.0f', hash.untilMs))
end
closeIds(ids, ARGV[9])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[11])
redis.call('PEXPIRE', KEYS[2], ARGV[11])
local answer = { 'counted', repeated, outside, overflowed }
for type = 1, TYPES do answer[#answer + 1] = counted[type] end
return answer
`;
