-- get.lua -- wrk: asks for the paths of the file PATHS, one a line, in random order, with the token of the
-- file TOKENS if it is given.
local requests = {}

function init(args)
   local headers = {}
   if os.getenv("TOKENS") then
      headers["Authorization"] = "Bearer " .. io.lines(os.getenv("TOKENS"))()
   end
   for path in io.lines(os.getenv("PATHS")) do
      requests[#requests + 1] = wrk.format("GET", path, headers)
   end
   math.randomseed(os.time())
end

function request()
   return requests[math.random(#requests)]
end

function done(summary, latency, requests)
   io.write(string.format("p95 %d us\n", latency:percentile(95)))
end
