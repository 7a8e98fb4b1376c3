-- Begins a check for workers that are gone, for one caller at a time.
-- ARGV  how long it is the only one, in ms; its server and client id.
-- Returns nil where another has begun; else of each other worker on that server: name, client id.
even_if_full()
local server, own = ARGV[2], ARGV[3]
if not call('SET', K.reaping, '1', 'PX', ARGV[1], 'NX') then return false end
local reply = {}
for _, worker in ipairs(server == '' and {} or call('ZRANGE', K.workers, 0, -1)) do
  local at, client = unpack(call('HMGET', K.worker(worker), 'server', 'client'))
  if at == server and client and client ~= '' and client ~= own then
    reply[#reply + 1] = worker
    reply[#reply + 1] = client
  end
end
return reply
