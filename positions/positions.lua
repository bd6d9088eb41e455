-- Takes fixes in the order given: moves a unit's live position if the fix is newer than its last one, and keeps
-- every new fix for the read database.
-- KEYS 1 {city}:positions (GEO)  2 {city}:fixes (stream)  3 {city}:fixes:count (hash: life, n)
--      4.. {city}:unit:<id>:last, one per fix
-- ARGV 1 put|refill  2 about how many entries the stream keeps  3 ms until a last fix is forgotten,
--      then 5 per fix: unit, its text (positions/fix.h), longitude, latitude, received
-- Returns per fix: 1 the unit moved, 0 it is older than the last one, -1 it is the last one.
-- An entry carries n, counted from 1 within one life of the stream: a reader sees what it missed. `refill` puts
-- back what the read database knows, and writes no entries. A life begins with the first call of either kind: who
-- meets another one than before knows that positions were lost.
-- Texts of one time are compared byte by byte: Lua's own comparison goes by the server's locale.
local byte, GEO_LATITUDE_MAX, TIME_DIGITS = string.byte, 85.05, 16
local function compare(a, b)
  local at, other = tonumber(string.sub(a, 1, TIME_DIGITS)), tonumber(string.sub(b, 1, TIME_DIGITS)) or -1
  if at ~= other then return at > other and 1 or 0 end
  for i = TIME_DIGITS + 1, math.max(#a, #b) do
    local x, y = byte(a, i) or -1, byte(b, i) or -1
    if x ~= y then return x > y and 1 or 0 end
  end
  return -1
end

local put, answers = ARGV[1] == 'put', {}
local count = redis.call('HMGET', KEYS[3], 'n', 'life')
local first = tonumber(count[1] or 0)
local n = first
for i = 4, #KEYS do
  local a = 4 + 5 * (i - 4)
  local unit, fix, longitude, latitude = ARGV[a], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3]
  local last = redis.call('GET', KEYS[i])
  local answer = last and compare(fix, last) or 1
  if answer == 1 then
    if math.abs(tonumber(latitude)) <= GEO_LATITUDE_MAX then
      redis.call('GEOADD', KEYS[1], longitude, latitude, unit)
    else
      redis.call('ZREM', KEYS[1], unit) -- beyond what a GEO set can hold
    end
    redis.call('SET', KEYS[i], fix, 'PX', ARGV[3])
  end
  if put and answer >= 0 then
    n = n + 1
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'n', string.format('%d', n), 'unit', unit,
      'fix', fix, 'received', ARGV[a + 4])
  end
  answers[#answers + 1] = answer
end
if not count[2] then
  local now = redis.call('TIME')
  redis.call('HSET', KEYS[3], 'life', now[1] .. '.' .. now[2])
end
if n > first then
  redis.call('HSET', KEYS[3], 'n', string.format('%d', n))
end
return answers
