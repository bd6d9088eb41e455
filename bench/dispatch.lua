-- dispatch.lua -- wrk: sends a patrol to a crime, each request another one, of those that fill-dispatch.sql makes. Environment:
-- TOKENS, a file whose first line is the token of a dispatcher or admin; FROM, number of the first patrol, and of the
-- crime it goes to, unless CRIMES is that; NAMED: 0 to name no patrol; RUN, a word that makes the keys of this run
-- unique; PAUSE_MS, mean pause of a connection before each request.
local token, threads, counter = nil, 0, 0
local from, run, named = tonumber(os.getenv("FROM")), os.getenv("RUN"), os.getenv("NAMED") ~= "0"
local crimes, pause = tonumber(os.getenv("CRIMES") or from), tonumber(os.getenv("PAUSE_MS") or "0")
local crime, patrol = '{"report_id":"00000000-0000-7000-8000-3%011d"', ',"patrol_id":"00000000-0000-7000-8000-2%011d"'

-- What is set in a thread is a global of its own copy of this file.
function setup(t)
   t:set("thread", threads)
   threads = threads + 1
end

function init(args)
   token = "Bearer " .. io.lines(os.getenv("TOKENS"))()
   math.randomseed(os.time() + thread)
   if pause > 0 then
      delay = function() return math.random(0, 2 * pause) end
   end
end

-- Of two threads, which is the most there are, one has the even and one the odd numbers.
function request()
   local n = 2 * counter + thread
   counter = counter + 1
   return wrk.format("POST", "/dispatch", {
      ["Authorization"] = token,
      ["Content-Type"] = "application/json",
      ["Idempotency-Key"] = string.format("%s-%d-0123456789", run, n),
   }, crime:format(crimes + n) .. (named and patrol:format(from + n) or "") .. "}")
end
