-- Renews a worker's lease on all its tasks and stores what it says of itself.
-- ARGV  worker, lease ms, then fields and values.
-- Returns per task that it holds: id, token.
even_if_full()
local worker, lease = ARGV[1], tonumber(ARGV[2])
local now = clock()
call('ZADD', K.workers, now + lease, worker)
call('HSET', K.worker(worker), 'heartbeat', now, unpack(ARGV, 3))
call('HDEL', K.worker(worker), 'gone')
local reply = {}
for _, id in ipairs(call('LRANGE', K.active(worker), 0, -1)) do
  local task = load(id, { 'status', 'worker', 'deliveries' })
  reply[#reply + 1] = id
  reply[#reply + 1] = task and task.deliveries or '0'
end
return done(reply)
