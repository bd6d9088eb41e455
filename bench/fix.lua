-- fix.lua -- wrk: pushes positions, one a request, of UNITS units in turn. Environment: TOKENS, a file whose first line
-- is the token of an admin; UNITS; SERIES, first digit of the numbers in their ids, 1 for those of fill-units.sql, 2 for those
-- of fill-dispatch.sql; PAUSE_MS, mean pause of a connection before each request.
local units, token, threads, counter = tonumber(os.getenv("UNITS")), nil, 0, 0
local pause = tonumber(os.getenv("PAUSE_MS") or "0")
local path = "/patrols/00000000-0000-7000-8000-" .. (os.getenv("SERIES") or "1") .. "%011d/location"
local body = '{"location":{"latitude":%.6f,"longitude":%.6f},"accuracy_m":5.5,"speed_mps":12.3,"heading_deg":271.5}'

-- What is set in a thread is a global of its own copy of this file.
function setup(t)
   t:set("thread", threads)
   threads = threads + 1
end

function init(args)
   token = "Bearer " .. io.lines(os.getenv("TOKENS"))()
   counter = thread * 7919
   math.randomseed(os.time() + thread)
   if pause > 0 then
      delay = function() return math.random(0, 2 * pause) end
   end
end

function request()
   counter = counter + 1
   return wrk.format("PUT", path:format(counter * 48271 % units),
      { ["Authorization"] = token, ["Content-Type"] = "application/json" },
      body:format(-6.2 + counter % 1000 * 0.0003, 106.8 + counter % 773 * 0.0004))
end
