-- How many tasks of a queue are ready to run.
local function waiting_in(queue)
  local waiting = tonumber(call('HGET', K.laned_in, queue) or 0)
    - tonumber(call('HGET', K.stale_in, queue) or 0)
  for _, priority in ipairs(PRIORITIES) do
    waiting = waiting + call('LLEN', K.queue(queue, priority))
  end
  return waiting
end
