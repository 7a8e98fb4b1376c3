-- What the scripts share: values, events, counters, reading a task. Each gets what it uses (scripts.ts).

local MAX_EVENTS = 1000 -- per task; older ones are cut off
local MAX_RECENT = 10000 -- per index
local PRIORITIES = { 'high', 'normal', 'low' }

local call = redis.call

-- A full Redis (maxmemory) refuses what may need memory, unless the script has written before, and it
-- lets everybody delete. With this first, what was accepted goes on to its end, which is also what
-- makes room again; only what would add tasks is refused, and all of it.
local function even_if_full()
  call('DEL', K.nothing)
end

local function clock()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The next whole number, as text: to make it from a number takes longer than all but the largest need.
local FOLLOWING = { ['0'] = '1', ['1'] = '2', ['2'] = '3', ['3'] = '4' }

local function next_of(number)
  return FOLLOWING[number] or ('%d'):format(number + 1)
end

-- Rounds milliseconds: counters and the numbers in keys are whole.
local function whole(ms)
  return math.floor(ms + 0.5)
end

-- Calls a command that takes many items, below Lua's limit for unpack. Answers what the last call did.
local function each_thousand(command, key, items)
  local reply
  for first = 1, #items, 1000 do
    reply = call(command, key, unpack(items, first, math.min(first + 999, #items)))
  end
  return reply
end

-- Adds ids to an index of the newest, and cuts it from time to time.
local function list_recent(index, ids)
  if each_thousand('LPUSH', index, ids) > MAX_RECENT + 100 then call('LTRIM', index, 0, MAX_RECENT - 1) end
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

-- Events: numbered from 1. What a task's hash says already is not stored besides: its PENDING, ever; its
-- STARTED, until something else follows that SUCCESS; its SUCCESS, until it is run again.
local announced, lines = {}, 0

-- `id` may be several, with commas between.
local function announce(id, name, seq, body)
  announced[lines + 1], announced[lines + 2] = '\n', id
  announced[lines + 3] = ' ' .. seq .. ' ' .. name .. ' ' .. body -- often the same for many, so made once
  lines = lines + 3
end

local function event(status, progress, stage, at, rest)
  return '{"status":"' .. status .. '","progress":' .. (progress or 0) .. ',"stage":' .. text(stage)
    .. (rest or '') .. ',"at":' .. at .. '}'
end

-- These two are what most tasks have, so they are made without the above.
local function started_event(worker, attempt, at)
  return '{"status":"STARTED","progress":0,"stage":null,"worker":"' .. worker .. '","attempt":' .. attempt
    .. ',"at":' .. at .. '}'
end

local function success_event(stage, runtime, at)
  return '{"status":"SUCCESS","progress":100,"stage":' .. (stage and cjson.encode(stage) or 'null')
    .. ',"runtime_ms":' .. runtime .. ',"at":' .. at .. '}'
end

local function runtime_of(task, finished)
  return math.max(0, finished - task.started)
end

-- The events at the end that the list of a task lacks, in their order. What the list ends with tells.
local function unstored(id, task)
  local status, bodies = task.status, {}
  if status ~= 'STARTED' and status ~= 'SUCCESS' then return bodies end
  local last = (call('LINDEX', K.events(id), -1) or ''):match('"status":"(%u+)"')
  if last ~= 'STARTED' and last ~= 'PROGRESS' and last ~= 'SUCCESS' then
    bodies[1] = started_event(task.worker, task.attempt or 1, task.started)
  end
  if status == 'SUCCESS' and last ~= 'SUCCESS' then
    bodies[#bodies + 1] = success_event(task.stage, runtime_of(task, task.finished), task.finished)
  end
  return bodies
end

-- Stores the next event, after those that were not. `task` is as it was before.
local function emit(id, task, seq, body)
  local bodies = unstored(id, task)
  bodies[#bodies + 1] = body
  call('RPUSH', K.events(id), unpack(bodies))
  if seq > MAX_EVENTS and seq % 100 < #bodies then call('LTRIM', K.events(id), -MAX_EVENTS, -1) end
  announce(id, task.name, seq, body)
end

-- Tells the workers: a queue has what it did not have before, or the next due time came closer.
local notices = {}

local function control(message)
  if not notices[message] then
    notices[message] = true
    call('PUBLISH', K.control_channel, message)
  end
end

-- Counters, added up here and written once.
local counts = {}

local function count(field, by)
  counts[field] = (counts[field] or 0) + (by or 1)
end

-- How many of a name ran, or waited, for how many milliseconds.
local durations = {}

local function count_duration(kind, name, ms, times)
  local of_kind = durations[kind] or {}
  local found = of_kind[name] or {}
  durations[kind], of_kind[name] = of_kind, found
  found[ms] = (found[ms] or 0) + (times or 1)
end

-- Tasks. What few have is in fields of their own, and `rare` says that there are any: 'terms' where it is
-- no more than a worker has to be told (max_retries, time_limit, soft_time_limit, on_lost), else 'all'.
-- Any task may have a priority, though, and the first run of one without 'all' leaves out what its
-- status tells: the numbers of its events and of its deliveries.
local FLOW = { 'concurrency_key', 'concurrency_limit', 'rate_limit', 'on_lost', 'unique',
  'unique_until', 'expires', 'stale' }
local PLACE = { 'status', 'name', 'queue', 'priority', 'seq', 'progress', 'stage', 'worker', 'started',
  'finished', 'attempt', 'deliveries', 'rare' }
local FIRST_SEQ = { STARTED = '2', SUCCESS = '3' }

local function read(id, fields, task)
  local values = call('HMGET', K.task(id), unpack(fields))
  for i = 1, #fields do
    if values[i] then task[fields[i]] = values[i] end
  end
  return task
end

-- Reads fields of a task, 'status' one of them, and with 'rare' those of FLOW; nothing for an unknown id.
local function load(id, fields)
  local task = read(id, fields, {})
  if not task.status then return nil end
  if task.rare then read(id, FLOW, task) end
  task.priority = task.priority or 'normal'
  task.seq = task.seq or FIRST_SEQ[task.status] or '1'
  task.deliveries = task.deliveries or (task.worker and '1' or '0')
  return task
end

local function is_running(task)
  return task.status == 'STARTED' or task.status == 'PROGRESS'
end

local function is_over(task)
  return task.status == 'SUCCESS' or task.status == 'FAILURE' or task.status == 'REVOKED'
end

-- Reads fields of a task if this claim on it holds: it runs, for this worker, under its latest token.
local function load_claimed(id, worker, token, fields)
  local task = load(id, fields)
  if task and is_running(task) and task.worker == worker and task.deliveries == token then
    return task
  end
end

-- Differences to numbers that are kept per queue, by the hash that has them.
local changes = {}

-- Answers the difference so far.
local function add(hash, queue, by)
  local of_hash = changes[hash] or {}
  changes[hash] = of_hash
  of_hash[queue] = (of_hash[queue] or 0) + by
  return of_hash[queue]
end

-- The limits that are set: `rate <queue>`, `concurrency <queue>`, `task <name>`, `time <name>` and `soft <name>`.
local known_limits, any_limit

local function has_limits()
  if not known_limits then
    known_limits = {}
    local flat = call('HGETALL', K.limits)
    for i = 1, #flat, 2 do known_limits[flat[i]] = flat[i + 1] end
    any_limit = #flat > 0
  end
  return any_limit
end

local function limit_of(kind, name)
  return has_limits() and known_limits[kind .. ' ' .. name] or nil
end

-- How long ended tasks are kept, in seconds. Scripts that end tasks are given it as one word each.
local keep = { ended = 0, dead = 0 }

local function keep_for(words)
  local ended, dead = words:match('^(%S+) (%S+)$')
  keep.ended, keep.dead = tonumber(ended), tonumber(dead)
end

-- Ids as they ended, by state.
local ended = {}

local function note_ended(id, state)
  local ids = ended[state]
  if not ids then
    ids = {}
    ended[state] = ids
  end
  ids[#ids + 1] = id
end

-- Adds to the list of a state; the dead that are too many are kept no longer than other tasks.
local function list_ended(state, ids)
  local index = K.recent_of(state)
  if each_thousand('LPUSH', index, ids) <= MAX_RECENT then return end
  for _, id in ipairs(state == 'FAILURE' and call('LRANGE', index, MAX_RECENT, -1) or {}) do
    local status, finished, unique_until =
      unpack(call('HMGET', K.task(id), 'status', 'finished', 'unique_until'))
    if status == 'FAILURE' then
      local at = math.max(finished + keep.ended * 1000, tonumber(unique_until) or 0)
      call('PEXPIREAT', K.task(id), at)
      call('PEXPIREAT', K.events(id), at)
    end
  end
  call('LTRIM', index, 0, MAX_RECENT - 1)
end

-- Every script ends with this: one message for all its events, one write per counter and index.
local function done(reply)
  for hash, by_queue in pairs(changes) do
    for queue, by in pairs(by_queue) do
      if by ~= 0 then call('HINCRBY', hash, queue, by) end
      if by < 0 and hash == K.active_in and limit_of('concurrency', queue) then
        call('PUBLISH', K.control_channel, 'ready ' .. queue)
      end
    end
  end
  if lines > 0 then call('PUBLISH', K.events_channel, table.concat(announced, '', 2)) end
  for kind, names in pairs(durations) do
    for name, found in pairs(names) do
      local sum = 0
      for ms, times in pairs(found) do
        local bucket = 1
        while BUCKETS_MS[bucket] and ms > BUCKETS_MS[bucket] do bucket = bucket + 1 end
        count(kind .. ' ' .. (BUCKETS_MS[bucket] or 'more') .. ' ' .. name, times)
        sum = sum + ms * times
      end
      if sum > 0 then count(kind .. ' ms ' .. name, sum) end
    end
  end
  for field, by in pairs(counts) do call('HINCRBY', K.stats, field, by) end
  for state, ids in pairs(ended) do list_ended(state, ids) end
  return reply
end
