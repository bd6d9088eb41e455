-- Compare and append: publishes events only behind the position the caller names. An XADD error alone
-- would not tell a duplicate from a hole.
-- KEYS 1 {events}:meta  2 {events}:all  3.. every category key
-- ARGV 1 append|seed  2 epoch  3 position before the first event, then 18 per event: index of its
--      category in KEYS, prev in the category, the 16 values in the order of NAMES without prev
-- Returns {'OK', last} | {'GAP', last} | {'EPOCH', theirs} | {'AHEAD', key}.
-- A script that fails half-way is not rolled back: every check stands before the first write.
local NAMES = {'specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema',
  'sequence', 'prev', 'streamversion', 'correlationid', 'causationid', 'traceparent', 'tenant', 'epoch', 'data'}

local function last(key)
  local info = redis.pcall('XINFO', 'STREAM', key)
  if info.err then return string.find(info.err, 'no such key', 1, true) and 0 or -1 end
  for j = 1, #info, 2 do
    if info[j] == 'last-generated-id' then
      return tonumber(string.match(info[j + 1], '^(%d+)-0$') or -1)
    end
  end
  return -1
end

-- One table for all events: the names stay, the values change.
local PREV, fields = 20, {}
for f = 1, 17 do fields[2 * f - 1] = NAMES[f] end
local function fill(n)
  for f = 1, 9 do fields[2 * f] = ARGV[n + 1 + f] end
  for f = 10, 16 do fields[2 * f + 2] = ARGV[n + 1 + f] end
end

local p, epoch = tonumber(ARGV[3]), redis.call('HGET', KEYS[1], 'epoch')
if ARGV[1] == 'seed' and epoch ~= ARGV[2] then
  redis.call('UNLINK', unpack(KEYS))
  redis.call('HSET', KEYS[1], 'epoch', ARGV[2])
else
  if epoch ~= ARGV[2] then return {'EPOCH', epoch or ''} end
  for k = 2, #KEYS do
    local at = last(KEYS[k])
    if at < 0 or (k > 2 and at > p) then return {'AHEAD', KEYS[k]} end
    if k == 2 and at ~= p then return {'GAP', string.format('%d', at)} end
  end
end
for n = 4, #ARGV, 18 do
  local prev = string.format('%d', p) -- never p .. '': Lua prints 1e15 as 1e+15
  p = p + 1
  local id = string.format('%d-0', p)
  fill(n)
  fields[PREV] = prev
  redis.call('XADD', KEYS[2], id, unpack(fields, 1, 34))
  fields[PREV] = ARGV[n + 1]
  redis.call('XADD', KEYS[tonumber(ARGV[n])], id, unpack(fields, 1, 34))
end
return {'OK', string.format('%d', p)}
