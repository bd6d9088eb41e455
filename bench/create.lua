-- create.lua -- wrk: files reports, each with its own text and idempotency key. Environment: TOKENS, a
-- file with one token a line, used in turn; RUN, a word that makes the keys of this run unique; PAUSE_MS,
-- mean pause of a connection before each request, for a rate below the highest.
local tokens, run = {}, os.getenv("RUN") or tostring(os.time())
local pause = tonumber(os.getenv("PAUSE_MS") or "0")
local counter, threads = 0, 0

-- What is set in a thread is a global of its own copy of this file.
function setup(t)
   t:set("thread", threads)
   threads = threads + 1
end

function init(args)
   for line in io.lines(os.getenv("TOKENS")) do
      tokens[#tokens + 1] = "Bearer " .. line
   end
   math.randomseed(os.time() + thread)
   if pause > 0 then
      delay = function() return math.random(0, 2 * pause) end
   end
end

local categories = { "infrastruktur", "kebersihan", "lainnya", "kesehatan", "keamanan", "kriminalitas" }

function request()
   counter = counter + 1
   local body = string.format(
      '{"content":"The street light at the corner is out, seen %d-%d by a passer-by","category":"%s",' ..
      '"visibility":"PUBLIC","location":{"latitude":-6.2,"longitude":106.8}}',
      thread, counter, categories[counter % #categories + 1])
   return wrk.format("POST", "/reports", {
      ["Authorization"] = tokens[counter % #tokens + 1],
      ["Content-Type"] = "application/json",
      ["Idempotency-Key"] = string.format("%s-%d-%d-0123456789", run, thread, counter),
   }, body)
end

function done(summary, latency, requests)
   io.write(string.format("p95 %d us\n", latency:percentile(95)))
end
