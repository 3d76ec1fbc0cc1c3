-- Reserves one storage after the other, in an order that looks random, each thread its own:
-- wrk -t2 -cN -d10s -s reserve.lua URL -- STORAGES
-- Prints a line of JSON at the end. When the storages are used up it begins anew, and is refused: do not let it run for so long.
local step = 2 -- the number of threads
local threads = 0

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
  assert(threads <= step, "no more than " .. step .. " threads")
end

function init(args)
  storages = tonumber(args[1])
  n = id
end

function request()
  n = n + step
  -- It has no divisor in common with a power of ten.
  local storage = (n * 618033) % storages + 1
  return wrk.format("POST", "/reservations", { ["Content-Type"] = "application/json" }, '{"storageId":' .. storage .. '}')
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"seconds":%.3f,"answers":%d,"notOk":%d,"broken":%d,"late":%d,"p50Ms":%.1f,"p99Ms":%.1f}\n',
    summary.duration / 1e6, summary.requests, errors.status, errors.connect + errors.read + errors.write, errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
