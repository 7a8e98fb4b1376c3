-- What the scripts share. Prepended to each of them, after the keys.

local MAX_EVENTS = 1000 -- per task; older ones are cut off
local MAX_RECENT = 10000 -- per index
local MAX_LOST = 3 -- a task whose worker was lost this often has failed
local BUCKETS_MS = { 5, 10, 50, 100, 500, 1000, 5000, 10000, 60000, 300000 }

local call = redis.call

-- A full Redis (maxmemory) refuses what may need memory, unless the script has written before, and it
-- lets everybody delete. With this first, what was accepted goes on to its end, which is also what
-- makes room again; only what would add tasks is refused, and all of it.
local function even_if_full()
  call('DEL', P) -- a key that nothing has
end

local function clock()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Rounds milliseconds: counters and the numbers in keys are whole.
local function whole(ms)
  return math.floor(ms + 0.5)
end

-- Calls a command that takes many items, below Lua's limit for unpack.
local function each_thousand(command, key, items)
  for first = 1, #items, 1000 do
    call(command, key, unpack(items, first, math.min(first + 999, #items)))
  end
end

-- Reads a list from ARGV that begins with its length; answers it and where what follows begins.
local function list_at(first)
  local size, items = tonumber(ARGV[first]), {}
  for i = 1, size do items[i] = ARGV[first + i] end
  return items, first + size + 1
end

local function text(value)
  return value and cjson.encode(value) or 'null'
end

-- Events: numbered from 1. The first, PENDING, is not stored: the task's `created` says it all.
local announced = {}

local function announce(id, name, seq, body)
  announced[#announced + 1] = id .. ' ' .. seq .. ' ' .. name .. ' ' .. body
end

local function event(status, progress, stage, at, rest)
  return '{"status":"' .. status .. '","progress":' .. (progress or 0) .. ',"stage":' .. text(stage)
    .. (rest or '') .. ',"at":' .. at .. '}'
end

local function emit(id, name, seq, body)
  call('RPUSH', K.events(id), body)
  if seq > MAX_EVENTS and seq % 100 == 0 then call('LTRIM', K.events(id), -MAX_EVENTS, -1) end
  announce(id, name, seq, body)
end

-- Tells the workers: a queue's list went from empty to not empty, or the next due time came closer.
local notices = {}

local function control(message)
  if not notices[message] then
    notices[message] = true
    call('PUBLISH', K.control_channel, message)
  end
end

-- Pushes ready ids. Workers claim until a queue is empty, so only its first task must wake them.
local function push(command, queue, priority, ids)
  local key = K.queue(queue, priority)
  if call('EXISTS', key) == 0 then control('ready ' .. queue) end
  each_thousand(command, key, ids)
end

local function schedule(id, queue, due)
  local head = call('ZRANGE', K.scheduled, 0, 0, 'WITHSCORES')
  call('ZADD', K.scheduled, due, id)
  call('HINCRBY', K.scheduled_in, queue, 1)
  if not head[2] or due < tonumber(head[2]) then control('schedule') end
end

local function unschedule(id, queue)
  if call('ZREM', K.scheduled, id) == 0 then return false end
  if call('HINCRBY', K.scheduled_in, queue, -1) <= 0 then call('HDEL', K.scheduled_in, queue) end
  return true
end

-- Counters, added up here and written once.
local counts = {}

local function count(field, by)
  counts[field] = (counts[field] or 0) + (by or 1)
end

local function count_duration(kind, name, ms)
  local bucket = 1
  while BUCKETS_MS[bucket] and ms > BUCKETS_MS[bucket] do bucket = bucket + 1 end
  count(kind .. ' ' .. bucket .. ' ' .. name)
  count(kind .. ' ms ' .. name, ms)
end

-- Ends a task. `task` is a table of its present fields; `more` are fields to set besides.
local ended = {}

local function finish(id, task, state, at, ttl, rest, more)
  local seq = (tonumber(task.seq) or 1) + 1
  local progress = state == 'SUCCESS' and 100 or task.progress
  local body = event(state, progress, task.stage, at, rest)
  count('outcome ' .. state .. ' ' .. task.queue .. ' ' .. task.name)
  if ttl == 0 then
    call('DEL', K.task(id), K.events(id))
    announce(id, task.name, seq, body)
    return
  end
  call('HSET', K.task(id), 'status', state, 'finished', at, 'seq', seq, unpack(more))
  emit(id, task.name, seq, body)
  call('EXPIRE', K.task(id), ttl)
  call('EXPIRE', K.events(id), ttl)
  ended[state] = ended[state] or {}
  table.insert(ended[state], id)
end

local function finish_with_error(id, task, state, at, ttl, kind, message)
  local encoded = cjson.encode({ type = kind, message = message, stack = cjson.null })
  finish(id, task, state, at, ttl, ',"error":' .. encoded, { 'error', encoded })
end

-- Makes a task that is not running ready again. `task` as above.
local function make_ready(id, task, at, command)
  local seq = (tonumber(task.seq) or 1) + 1
  call('HSET', K.task(id), 'status', 'PENDING', 'ready', at, 'seq', seq)
  call('HDEL', K.task(id), 'worker', 'started', 'progress', 'stage', 'meta')
  emit(id, task.name, seq, event('PENDING', 0, nil, at))
  push(command, task.queue, task.priority, { id })
end

-- Reads fields of a task, 'status' the first of them; nothing for an unknown id.
local function load(id, fields)
  local values = call('HMGET', K.task(id), unpack(fields))
  if not values[1] then return nil end
  local task = {}
  for i = 1, #fields do task[fields[i]] = values[i] or nil end
  return task
end

local function is_running(task)
  return task.status == 'STARTED' or task.status == 'PROGRESS'
end

-- Reads fields of a task if this claim on it holds: it runs, for this worker, under its latest token.
local function load_claimed(id, worker, token, fields)
  local task = load(id, fields)
  if task and is_running(task) and task.worker == worker and task.deliveries == token then
    return task
  end
end

-- Gives back all that a worker holds, to the front of their queues and in their order.
local function give_back_all(worker, at, ttl, lost)
  local ids = call('LRANGE', K.active(worker), 0, -1)
  for i = #ids, 1, -1 do
    local id = ids[i]
    local task = load(id, { 'status', 'name', 'queue', 'priority', 'seq', 'progress', 'stage', 'worker' })
    if task and is_running(task) and task.worker == worker then
      local losses = lost and call('HINCRBY', K.task(id), 'lost', 1) or 0
      if losses >= MAX_LOST then
        finish_with_error(id, task, 'FAILURE', at, ttl, 'WorkerLostError',
          'its worker was lost ' .. losses .. ' times, last ' .. worker)
      else
        make_ready(id, task, at, 'LPUSH')
      end
    end
  end
  call('DEL', K.active(worker), K.worker(worker))
  call('ZREM', K.workers, worker)
  return #ids
end

-- Every script ends with this: one message for all its events, one write per counter and index.
local function done(reply)
  if #announced > 0 then call('PUBLISH', K.events_channel, table.concat(announced, '\n')) end
  for field, by in pairs(counts) do call('HINCRBY', K.stats, field, by) end
  for state, ids in pairs(ended) do
    each_thousand('LPUSH', K.recent_of(state), ids)
    call('LTRIM', K.recent_of(state), 0, MAX_RECENT - 1)
  end
  return reply
end
