-- Sends the pool (query, tab, ciphertext, tab, openid) in turn, each line once; POOL names the file.
local requests, count, at = {}, 0, 0
function init(args)
  for line in io.lines(os.getenv("POOL")) do
    local query, sealed = line:match("^([^\t]*)\t([^\t]*)")
    local body = "<xml>\n    <ToUserName><![CDATA[gh_bench0000001]]></ToUserName>\n    <Encrypt><![CDATA[" .. sealed .. "]]></Encrypt>\n</xml>"
    count = count + 1
    requests[count] = wrk.format("POST", "/wechat/callback?" .. query, {["Content-Type"] = "text/xml"}, body)
  end
end
function request()
  at = at % count + 1
  return requests[at]
end
local pause = tonumber(os.getenv("PAUSE_MS") or "0")
if pause > 0 then
  function delay()
    return math.random(0, math.floor(2 * pause))
  end
end
function done(summary, latency, all)
  local errors = summary.errors
  io.write(string.format('RESULT {"requests":%d,"us":%d,"p50":%.1f,"p99":%.1f,"errors":%d}\n', summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
