-- What the scripts share that change a schedule.

local MAX_RUNS = 100 -- per schedule

-- Sets when a schedule is due, '' for never, and wakes who waits for a later one.
local function set_next(name, next)
  if next == '' then
    call('HDEL', K.schedule(name), 'next')
    call('ZREM', K.schedules_due, name)
    return
  end
  local head = call('ZRANGE', K.schedules_due, 0, 0, 'WITHSCORES')
  call('HSET', K.schedule(name), 'next', next)
  call('ZADD', K.schedules_due, next, name)
  if not head[2] or tonumber(next) < tonumber(head[2]) then control('schedule') end
end

-- Keeps what became of ticks; the newest last.
local function keep_runs(name, runs)
  if #runs == 0 then return end
  each_thousand('LPUSH', K.schedule_runs(name), runs)
  call('LTRIM', K.schedule_runs(name), 0, MAX_RUNS - 1)
end
