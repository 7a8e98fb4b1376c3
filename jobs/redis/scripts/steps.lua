-- The steps of a task that several scripts make: waiting, being taken off, ending. Comes after lib.lua.

local MAX_SEARCHED = 1000 -- ids of a list, to take one of them off
local MAX_LOST = 3 -- a task whose worker was lost this often has failed

-- Notes in a sorted set when something is due, and tells the workers if nothing there is sooner.
local function note(key, member, at)
  local head = call('ZRANGE', key, 0, 0, 'WITHSCORES')
  call('ZADD', key, at, member)
  if not head[2] or at < tonumber(head[2]) then control('schedule') end
end

local function schedule(id, queue, due)
  note(K.scheduled, id, due)
  call('HINCRBY', K.scheduled_in, queue, 1)
end

local function unschedule(id, queue)
  if call('ZREM', K.scheduled, id) == 0 then return false end
  call('HINCRBY', K.scheduled_in, queue, -1)
  return true
end

-- The lane that a task waits in; nil for the plain list of its queue.
local function lane_of(task)
  if task.concurrency_key then return 'key ' .. task.concurrency_key end
  if task.rate_limit or limit_of('task', task.name) then return 'task ' .. task.name end
end

-- The lane to push a task to. After a limit was set at run time, earlier ones of that name may be in the
-- plain list: until claims have moved these to the lane, later ones go behind them.
local function lane_for(queue, priority, task)
  local is_late = not task.concurrency_key and not task.rate_limit
  local lane = lane_of(task)
  if lane and is_late and call('EXISTS', K.queue(queue, priority)) == 1 then return nil end
  return lane
end

-- A lane that is not empty is in the rotation or, while it may not go on, put aside: blocked by its key
-- or held by the rate of its first task. `to` is one of these lists.
local function put_aside(queue, priority, lane, to)
  call('RPOP', K.rotation(queue, priority)) -- it is the last
  call('RPUSH', to, queue .. ':' .. priority .. ' ' .. lane)
end

-- Brings so many of the lanes in such a list back.
local function bring_back(from, most)
  for _, place in ipairs(call('LPOP', from, most) or {}) do
    local queue, priority, lane = place:match('^(%S+):(%l+) (.+)$')
    call('RPUSH', K.rotation(queue, priority), lane)
    control('ready ' .. queue)
  end
end

-- Brings one lane back because its first task is about to be another one.
local function reconsider(queue, priority, lane)
  local first = call('LINDEX', K.lane(queue, priority, lane), 0)
  local name = first and call('HGET', K.task(first), 'name') or ''
  local place = queue .. ':' .. priority .. ' ' .. lane
  for _, list in ipairs({ K.blocked(lane:sub(5)), K.held(name) }) do
    if call('LREM', list, 1, place) == 1 then
      call('RPUSH', K.rotation(queue, priority), lane)
      return control('ready ' .. queue)
    end
  end
end

local function begin_list(queue)
  call('HSETNX', K.queues, queue, '')
  control('ready ' .. queue)
end

-- Pushes ready ids. Workers claim until a list is empty or may not go on, so only the first of a list
-- must wake them.
local function push(command, queue, priority, ids, lane)
  local list = lane and K.lane(queue, priority, lane) or K.queue(queue, priority)
  if lane then
    if command == 'LPUSH' then reconsider(queue, priority, lane) end
    add(K.laned_in, queue, #ids)
    if call('HINCRBY', K.lanes(queue, priority), lane, #ids) == #ids then
      call('RPUSH', K.rotation(queue, priority), lane)
      begin_list(queue)
    end
  end
  if each_thousand(command, list, ids) == #ids and not lane then begin_list(queue) end
end

-- Counts ids that were taken off a lane, and forgets the lane when it is empty.
local function shrink_lane(queue, priority, lane, by)
  add(K.laned_in, queue, -by)
  if call('HINCRBY', K.lanes(queue, priority), lane, -by) > 0 then return end
  call('HDEL', K.lanes(queue, priority), lane)
  call('LREM', K.rotation(queue, priority), -1, lane)
end

-- Takes a ready id off the list that it is in: its lane, or the plain one if it came before its limit.
local function take_off(id, task)
  local queue, priority, lane = task.queue, task.priority, lane_of(task) or 'task ' .. task.name
  reconsider(queue, priority, lane)
  if call('LREM', K.lane(queue, priority, lane), 1, id) == 1 then
    shrink_lane(queue, priority, lane, 1)
  else
    call('LREM', K.queue(queue, priority), 1, id)
  end
end

-- Looking for an id in a long list takes long. One that ends by itself stays there, until a claim comes
-- to it, or its task is to wait again or to be forgotten.
local function make_stale(id, task)
  add(K.stale_in, task.queue, 1)
  call('HSET', K.task(id), 'stale', 1, 'rare', 'all')
  local lane = lane_of(task)
  if lane then reconsider(task.queue, task.priority, lane) end
end

-- Whether an id is found soon in its list; then how long that is.
local function is_near(id, task)
  local lane = lane_of(task)
  local list = lane and K.lane(task.queue, task.priority, lane) or K.queue(task.queue, task.priority)
  local length = call('LLEN', list)
  return length <= MAX_SEARCHED or call('LPOS', list, id, 'MAXLEN', MAX_SEARCHED), length
end

-- Takes a ready id off its list if it is found soon. Else it stays there as above, unless these are half
-- of the list by now.
local function take_off_soon(id, task)
  local near, length = is_near(id, task)
  if near then return take_off(id, task) end
  local stale = tonumber(call('HGET', K.stale_in, task.queue) or 0)
  if stale * 2 >= length then return take_off(id, task) end
  make_stale(id, task)
end

local function count_stale(id, queue)
  add(K.stale_in, queue, -1)
  call('HDEL', K.task(id), 'stale')
end

local function take_off_stale(id, task)
  if not task.stale then return end
  take_off(id, task)
  count_stale(id, task.queue)
end

-- Whether a task waits for its time, although its id, which has come again, is in a list from before.
local function is_early(id, task)
  return task.eta and call('ZSCORE', K.scheduled, id)
end

-- A running task stops to run, whatever comes next: its place is free for another.
local function leave_place(task)
  add(K.active_in, task.queue, -1)
  local key = task.concurrency_key
  if not key then return end
  if call('HINCRBY', K.running, key, -1) <= 0 then call('HDEL', K.running, key) end
  bring_back(K.blocked(key), call('LLEN', K.blocked(key))) -- one for each queue and priority at most
end

-- Takes ids off those that a worker holds, of which they mostly are the first.
local function let_go(worker, ids)
  local held = K.active(worker)
  if #ids <= 1 then return ids[1] and call('LREM', held, 1, ids[1]) end
  local leaving, stay = {}, {}
  for _, id in ipairs(ids) do leaving[id] = true end
  local first = call('LPOP', held, #ids) or {}
  for i = #first, 1, -1 do
    if leaving[first[i]] then leaving[first[i]] = nil else stay[#stay + 1] = first[i] end
  end
  each_thousand('LPUSH', held, stay)
  for id in pairs(leaving) do call('LREM', held, 1, id) end
end

-- Lets the next task with this one's key in.
local function release_unique(id, task)
  if task.unique and call('GET', K.unique(task.unique)) == id then
    call('DEL', K.unique(task.unique))
  end
end

-- Ends a task with this event. `task` is a table of its present fields; `field` is what to set besides.
local function finish(id, task, state, at, body, field, value)
  local seq = next_of(task.seq)
  local ttl = state == 'FAILURE' and math.max(keep.ended, keep.dead) or keep.ended
  local unique_ms = tonumber(task.unique_until)
  if unique_ms and state ~= 'REVOKED' then
    -- Who is answered with this task can look at it as long as its key keeps others out.
    ttl = math.max(ttl, math.ceil((unique_ms - at) / 1000))
  else
    release_unique(id, task)
  end
  if task.expires then call('ZREM', K.expiring, id) end
  count('outcome ' .. state .. ' ' .. task.queue .. ' ' .. task.name)
  if ttl == 0 then
    call('DEL', K.task(id), K.events(id))
    return announce(id, task.name, seq, body)
  end
  if state == 'SUCCESS' then announce(id, task.name, seq, body) else emit(id, task, tonumber(seq), body) end
  call('HSET', K.task(id), 'status', state, 'finished', at, 'seq', seq, field, value)
  call('EXPIRE', K.task(id), ttl)
  if state ~= 'SUCCESS' or seq ~= '3' then call('EXPIRE', K.events(id), ttl) end -- else nothing is stored
  note_ended(id, state)
end

local function finish_with_error(id, task, state, at, kind, message)
  local encoded = cjson.encode({ type = kind, message = message, stack = cjson.null })
  local body = event(state, task.progress, task.stage, at, ',"error":' .. encoded)
  finish(id, task, state, at, body, 'error', encoded)
end

local function finish_revoked(id, task, at, why)
  finish_with_error(id, task, 'REVOKED', at, 'TaskRevokedError', why)
end

-- Says of a task that it is ready again.
local function mark_ready(id, task, at)
  local seq = task.seq + 1
  call('HSET', K.task(id), 'status', 'PENDING', 'ready', at, 'seq', seq, 'deliveries', task.deliveries,
    'rare', 'all')
  call('HDEL', K.task(id), 'worker', 'started', 'progress', 'stage', 'meta')
  emit(id, task, seq, event('PENDING', 0, nil, at))
end

-- Makes a task that is not running ready again. `task` as above.
local function make_ready(id, task, at, command)
  mark_ready(id, task, at)
  local queue, priority = task.queue, task.priority
  -- In front there is nothing that it could overtake.
  local lane = command == 'LPUSH' and lane_of(task) or lane_for(queue, priority, task)
  push(command, queue, priority, { id }, lane)
  if task.expires then note(K.expiring, id, tonumber(task.expires)) end
end

-- A worker was lost while it ran this task.
local function lose(id, task, at)
  local worker = task.worker
  if task.on_lost == 'fail' then
    local message = 'its worker ' .. worker .. ' was lost, and it may not run twice'
    return finish_with_error(id, task, 'FAILURE', at, 'WorkerLostError', message)
  end
  local losses = call('HINCRBY', K.task(id), 'lost', 1)
  if losses < MAX_LOST then return make_ready(id, task, at, 'LPUSH') end
  local message = 'its worker was lost ' .. losses .. ' times, last ' .. worker
  finish_with_error(id, task, 'FAILURE', at, 'WorkerLostError', message)
end

-- Gives back all that a worker holds, to the front of their queues and in their order.
local function give_back_all(worker, at, is_lost)
  local ids = call('LRANGE', K.active(worker), 0, -1)
  for i = #ids, 1, -1 do
    local id = ids[i]
    local task = load(id, PLACE)
    if task and is_running(task) and task.worker == worker then
      leave_place(task)
      if is_lost then
        lose(id, task, at)
      else
        make_ready(id, task, at, 'LPUSH')
      end
    end
  end
  call('DEL', K.active(worker), K.worker(worker))
  call('ZREM', K.workers, worker)
  return #ids
end
