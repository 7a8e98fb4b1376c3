-- Returns per worker: name, tasks that it holds, then a list of fields and values.
local reply = {}
for _, worker in ipairs(call('ZRANGE', K.workers, 0, -1)) do
  local fields = call('HGETALL', K.worker(worker))
  if #fields > 0 then reply[#reply + 1] = { worker, call('LLEN', K.active(worker)), fields } end
end
return reply
