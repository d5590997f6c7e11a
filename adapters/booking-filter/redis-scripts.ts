/**
 * What has to happen in Redis in one step. All keys carry one hash tag, so that what is remembered and how far the books were then get lost
 * together or not at all.
 *
 * Books that stand before where they were when something was remembered have lost it: an older copy, another database, or an operator
 * who wants all to be judged again. Then everything is forgotten.
 */
import { ID_MEMORY } from '../redis-id-memory.ts';

const COMMON = `${ID_MEMORY}
local function forgetLost(ids, places, partition, epoch, next)
  local knownEpoch, known = string.match(redis.call('HGET', places, partition) or '', '^(%d+) (%d+)$')
  if not known then return end
  if tonumber(epoch) >= tonumber(knownEpoch) and next ~= '' and tonumber(next) >= tonumber(known) then return end
  ids.generation = ids.generation + 2
  redis.call('HSET', ids.meta, 'generation', string.format('%d', ids.generation), 'count', '0')
  redis.call('DEL', places)
end
`;

/**
 * KEYS: meta, places (hash: partition -> \`epoch next\`), flights (hash: id -> \`owner until\`)
 * ARGV: prefix of ids, partition, epoch, next or '', owner, how long a flight lasts (ms), flights at most, ids...
 * Gives: a letter for each id: a(bsent), f(light of another), d(one)
 */
export const BEGIN = `${COMMON}
local ids = openIds(KEYS[1], ARGV[1])
forgetLost(ids, KEYS[2], ARGV[2], ARGV[3], ARGV[4])
local owner, lastsMs = ARGV[5], ARGV[6]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('HLEN', KEYS[3]) > tonumber(ARGV[7]) then redis.call('DEL', KEYS[3]) end
local states, own = {}, {}
for first = 8, #ARGV, 1000 do
  local last = math.min(first + 999, #ARGV)
  local flights = redis.call('HMGET', KEYS[3], unpack(ARGV, first, last))
  for at = first, last do
    local other, untilMs = string.match(flights[at - first + 1] or '', '^(%S+) (%d+)$')
    if isKnown(ids, ARGV[at]) then states[#states + 1] = 'd'
    elseif other and other ~= owner and tonumber(untilMs) > now then states[#states + 1] = 'f'
    else
      states[#states + 1] = 'a'
      own[#own + 1] = ARGV[at]
      own[#own + 1] = owner .. string.format(' %.0f', now + lastsMs)
    end
  end
end
for first = 1, #own, 2000 do redis.call('HSET', KEYS[3], unpack(own, first, math.min(first + 1999, #own))) end
redis.call('PEXPIRE', KEYS[3], lastsMs)
return table.concat(states)
`;

/**
 * KEYS: as above. ARGV: prefix of ids, partition, epoch, next before or '', next, ids per generation, how long ids are kept (ms), ids...
 */
export const DONE = `${COMMON}
local ids = openIds(KEYS[1], ARGV[1])
forgetLost(ids, KEYS[2], ARGV[2], ARGV[3], ARGV[4])
for at = 8, #ARGV do remember(ids, ARGV[at], ARGV[7]) end
for first = 8, #ARGV, 1000 do redis.call('HDEL', KEYS[3], unpack(ARGV, first, math.min(first + 999, #ARGV))) end
closeIds(ids, ARGV[6])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3] .. ' ' .. ARGV[5])
redis.call('PEXPIRE', KEYS[1], 2 * ARGV[7])
redis.call('PEXPIRE', KEYS[2], 2 * ARGV[7])
`;
