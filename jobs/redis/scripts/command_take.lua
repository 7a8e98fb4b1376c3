-- Takes the commands that wait for a worker, without those that are too old.
-- ARGV  worker, how long they may wait in ms.
-- Returns each as JSON.
local key, since = K.commands(ARGV[1]), clock() - tonumber(ARGV[2])
local reply = {}
for _, entry in ipairs(call('LRANGE', key, 0, -1)) do
  local at, body = entry:match('^(%d+) (.+)$')
  if tonumber(at) >= since then reply[#reply + 1] = body end
end
call('DEL', key)
return done(reply)
