/**
 * What has to happen in Redis in one step. All keys of an account carry its id as hash tag, so they are on one server of a
 * Redis Cluster. Moments are Redis's own (TIME), in milliseconds, so processes need not agree on the time. Amounts are
 * integers below 2^53, which a Lua number holds exactly; they are written by `%.0f`, since `tostring` keeps 14 digits.
 */
import { LEASE_PART_OF_REMAINING } from '../../engine/budget/lease-size.ts';

/** What somebody else has put in the place of our key is no tranche: it is lost, and the next one is opened. */
const HEAL = `
local function heal(key, kind)
  local found = redis.call('TYPE', key).ok
  if found ~= kind and found ~= 'none' then redis.call('DEL', key) end
end
`;

const COMMON = `${HEAL}
local function integer(number) return string.format('%.0f', number) end
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

/**
 * Grants a lease from the account's tranche; the same request id gives the same lease.
 *
 * KEYS: tranche (hash: epoch, sequence, remaining, left), demands (hash: process -> `wanted at`), answer of this request
 * ARGV: process, amount wanted, least amount, how long answers, demands and tranche are kept (ms each)
 * Gives: 'granted', epoch, sequence, amount, remaining | 'no-tranche', epoch, demand of all
 *
 * The amount is that of `leaseAmount` in `engine/budget/lease-size.ts`.
 */
export const GRANT = `${COMMON}
heal(KEYS[1], 'hash')
heal(KEYS[2], 'hash')
heal(KEYS[3], 'string')
local first = redis.call('GET', KEYS[3])
if first then
  local epoch, sequence, amount, remaining = string.match(first, '^(%d+) (%d+) (%d+) (%d+)$')
  return { 'granted', epoch, sequence, amount, remaining }
end
local at = now()
local wanted, least = tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('HSET', KEYS[2], ARGV[1], integer(wanted) .. ' ' .. integer(at))
redis.call('PEXPIRE', KEYS[2], ARGV[5])
local demand = 0
local demands = redis.call('HGETALL', KEYS[2])
for i = 1, #demands, 2 do
  local amount, since = string.match(demands[i + 1], '^(%d+) (%d+)$')
  if at < since + ARGV[5] then demand = demand + amount else redis.call('HDEL', KEYS[2], demands[i]) end
end
local tranche = redis.call('HMGET', KEYS[1], 'epoch', 'sequence', 'remaining', 'left')
local epoch, remaining, left = tranche[1] or '0', tonumber(tranche[3] or 0), tonumber(tranche[4] or 0)
if remaining < least then return { 'no-tranche', epoch, integer(demand) } end
local bound = math.floor(wanted / demand * (remaining + left) / ${LEASE_PART_OF_REMAINING})
local amount = math.min(remaining, math.max(least, math.min(wanted, bound)))
local sequence = integer(tranche[2] + 1)
remaining = remaining - amount
redis.call('HSET', KEYS[1], 'sequence', sequence, 'remaining', integer(remaining))
redis.call('PEXPIRE', KEYS[1], ARGV[6])
local words = { epoch, sequence, integer(amount), integer(remaining) }
redis.call('SET', KEYS[3], table.concat(words, ' '), 'PX', ARGV[4])
return { 'granted', unpack(words) }
`;

/**
 * Puts a tranche in place of an older one; an epoch that is not newer changes nothing.
 *
 * KEYS: tranche. ARGV: epoch, amount, what the ledger has left, how long it is kept (ms). Gives: nil
 */
export const INSTALL = `${HEAL}
heal(KEYS[1], 'hash')
if tonumber(ARGV[1]) <= tonumber(redis.call('HGET', KEYS[1], 'epoch') or 0) then return end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'sequence', '0', 'remaining', ARGV[2], 'left', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
`;

/**
 * Nothing of this epoch or an older one is granted any more; a newer tranche stays.
 *
 * KEYS: tranche. ARGV: epoch, how long it is kept (ms). Gives: nil
 */
export const FENCE = `${HEAL}
heal(KEYS[1], 'hash')
if tonumber(ARGV[1]) < tonumber(redis.call('HGET', KEYS[1], 'epoch') or 0) then return end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'sequence', '0', 'remaining', '0', 'left', '0')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;

/**
 * What each process wanted last, of those that asked lately.
 *
 * KEYS: demands. ARGV: how long a demand counts (ms). Gives: process, wanted, process, wanted, ...
 */
export const DEMANDS = `${COMMON}
heal(KEYS[1], 'hash')
local at = now()
local found = {}
local demands = redis.call('HGETALL', KEYS[1])
for i = 1, #demands, 2 do
  local amount, since = string.match(demands[i + 1], '^(%d+) (%d+)$')
  if at < since + ARGV[1] then
    found[#found + 1] = demands[i]
    found[#found + 1] = amount
  end
end
return found
`;
