-- Leaves a command for a worker and tells it; a second time under the same id changes nothing.
-- ARGV  worker, id, command as JSON, how long it may wait in ms, how many may.
-- Returns 1, or 0 where no such worker is alive.
even_if_full()
local worker, id, body, ms, most = unpack(ARGV)
local now = clock()
local lease = call('ZSCORE', K.workers, worker)
if not lease or tonumber(lease) <= now then return done(0) end
if call('SET', K.command(id), worker, 'NX', 'PX', ms) then
  local key = K.commands(worker)
  call('RPUSH', key, now .. ' ' .. body)
  call('LTRIM', key, -most, -1)
  call('PEXPIRE', key, ms)
  control('command ' .. worker)
end
return done(1)
