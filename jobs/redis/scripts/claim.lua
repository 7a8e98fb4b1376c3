-- Hands ready tasks to a worker: takes them off their queues, marks them started under a new token
-- and renews the worker's lease, all in one step, so that no task is ever held by nobody.
-- ARGV  worker, lease ms, limit, how long to keep, then the queues in the order of their importance.
-- Returns runs of tasks that are alike: token, name, queue, and '' or, in words, what is not as it is for
--         most (attempt, retries, max_retries, time_limit, soft_time_limit ('-' for none), on_lost); then
--         the id and the arguments of each.
-- It has three parts, because what it does not come to costs it nothing: nothing to do, which is every other
-- call; tasks without limits from one list; and all else.
local queues = { unpack(ARGV, 5) }
local paused = call('HMGET', K.queues, unpack(queues))

-- How many lists of a queue have anything.
local function lists_of(queue)
  return call('EXISTS', K.queue(queue, 'normal'), K.queue(queue, 'high'), K.queue(queue, 'low'),
    K.rotation(queue, 'normal'), K.rotation(queue, 'high'), K.rotation(queue, 'low'))
end

local ready = {} -- queues that have any, each followed by how many lists have
for i, queue in ipairs(queues) do
  local lists = paused[i] ~= 'paused' and lists_of(queue) or 0
  if lists > 0 then ready[#ready + 1], ready[#ready + 2] = queue, lists end
end
if #ready == 0 then return {} end

local worker, lease, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now = clock()
local at = ('%.0f'):format(now) -- numbers take long to become text
local reply, run, held, taken = {}, {}, {}, 0
local started = {} -- by name: ids of tasks that run for the first time

-- Notes what is to be told of a task that the worker has now.
local function hand_out(id, token, name, args, queue, created, terms)
  count_duration('waited', name, math.max(0, now - created))
  add(K.active_in, queue, 1)
  if run[2] ~= name or run[3] ~= queue or run[1] ~= token or run[4] ~= terms then
    run = { token, name, queue, terms }
    reply[#reply + 1] = run
  end
  local n = #run
  run[n + 1], run[n + 2] = id, args
  taken = taken + 1
  held[taken] = id
end

local function hold()
  if taken > 0 then
    call('ZADD', K.workers, now + lease, worker)
    each_thousand('RPUSH', K.active(worker), held)
  end
  for name, ids in pairs(started) do
    announce(table.concat(ids, ','), name, '2', started_event(worker, '1', at))
  end
  return done(reply)
end

-- In words what a worker has to know of a task, where it is not as for most.
local function terms_of(attempt, retries, max_retries, time_limit, soft_time_limit, on_lost)
  local is_first = attempt == '1' and retries == '0'
  if is_first and not (max_retries or time_limit or soft_time_limit or on_lost) then return '' end
  return table.concat({ attempt, retries, max_retries or '3', time_limit or '-', soft_time_limit or '-',
    on_lost or 'requeue' }, ' ')
end

-- Starts a task for the first time that has no more than terms, and answers true; of any other it answers
-- what it has read, or nil if there is none.
local function start_common(id, queue)
  local key, terms = K.task(id), ''
  local status, name, args, its_queue, created, rare =
    unpack(call('HMGET', key, 'status', 'name', 'args', 'queue', 'created', 'rare'))
  if not status then return nil end
  if rare == 'all' or status ~= 'PENDING' or its_queue ~= queue then
    return { status = status, name = name, args = args, queue = its_queue, created = created, rare = rare }
  end
  if rare then
    terms = terms_of('1', '0',
      unpack(call('HMGET', key, 'max_retries', 'time_limit', 'soft_time_limit', 'on_lost')))
  end
  call('HSET', key, 'status', 'STARTED', 'worker', worker, 'started', at)
  local ids = started[name] or {}
  started[name] = ids
  ids[#ids + 1] = id
  hand_out(id, '1', name, args, queue, created, terms)
  return true
end

-- Ids that were taken off a list and of which the first is not common; where they begin, and the priority.
local left, first_left, left_priority

-- Takes tasks from the only list of a queue that has anything; answers whether all of them were common.
local function take_common(queue)
  for _, priority in ipairs({ 'normal', 'high', 'low' }) do -- mostly it is the first of them
    local ids = call('LPOP', K.queue(queue, priority), limit - taken) -- a full Redis lets it go on from here
    if ids then
      local i = 1
      while ids[i] and start_common(ids[i], queue) == true do i = i + 1 end
      if ids[i] then left, first_left, left_priority = ids, i, priority end
      return not left
    end
  end
  return false
end

local at_queue = 1 -- where the third part goes on
if not has_limits() then
  while ready[at_queue + 1] == 1 and taken < limit and take_common(ready[at_queue]) do
    at_queue = at_queue + 2
  end
end
if not ready[at_queue] or taken >= limit then return hold() end

even_if_full()
keep_for(ARGV[4])
local MAX_ENDED = 1000 -- tasks that do not wait any more which one call takes off, so that none takes long
local MAX_ASIDE = 1000 -- lanes that one call puts aside, for the same reason,
local MAX_MOVED = 1000 -- and tasks that it moves to a lane
local LOW_TURN = 10 -- every tenth task taken is the lowest that waits, so that none starves
local PERIODS_MS = { s = 1000, m = 60000, h = 3600000, d = 86400000 }
local BURST_MS = 100 -- what falls into this time may start at once, because timers are no finer

local ended_here, aside, moved = 0, 0, 0
local FIELDS = { 'status', 'name', 'args', 'queue', 'created', 'rare' }
local RARE = { 'deliveries', 'seq', 'ready', 'eta', 'attempt', 'retries', 'max_retries', 'time_limit',
  'soft_time_limit', unpack(FLOW) }

-- Reads a task that is about to start, or what is missing of it.
local function load_waiting(id, task)
  task = task or read(id, FIELDS, {})
  if not task.status then return nil end
  if task.rare then read(id, RARE, task) end
  task.deliveries, task.seq = task.deliveries or '0', task.seq or '1'
  task.attempt, task.retries = task.attempt or '1', task.retries or '0'
  return task
end

-- Rates, as the generic cell rate algorithm has them: for each scope, when the next may start.
local starts, changed = {}, {}

local function rate_of(scope, rate)
  local number, period = rate:match('^(.+)/(.)$')
  local interval = PERIODS_MS[period] / tonumber(number)
  starts[scope] = starts[scope] or tonumber(call('HGET', K.rates, scope) or 0)
  if starts[scope] > now + interval then -- an earlier task had another rate, or the clock was set back
    starts[scope], changed[scope] = now + interval, true
  end
  local at = math.max(starts[scope], now - math.max(0, BURST_MS - interval))
  return { scope = scope, at = at, interval = interval }
end

local function spend(rate)
  starts[rate.scope], changed[rate.scope] = rate.at + rate.interval, true
end

local function task_rate(task)
  local rate = limit_of('task', task.name) or task.rate_limit
  return rate and rate_of('task ' .. task.name, rate)
end

local function queue_rate(queue)
  local rate = limit_of('rate', queue)
  return rate and rate_of('queue ' .. queue, rate)
end

-- Notes when what a rate holds back may go on, for `promote` to see to it.
local function gate(rate)
  local known = call('ZSCORE', K.gates, rate.scope)
  if not known or rate.at < tonumber(known) then note(K.gates, rate.scope, math.ceil(rate.at)) end
end

-- Deals with an id whose task is not to be started; answers whether it was one.
local function dispose(id, task, queue)
  if not task or task.status ~= 'PENDING' or task.queue ~= queue or is_early(id, task) then
    count_stale(id, queue)
  elseif task.expires and tonumber(task.expires) <= now then
    finish_revoked(id, task, now, 'expired')
  else
    return false
  end
  ended_here = ended_here + 1
  return true
end

-- Whether the next task of a lane may start now. If not, the lane, which is the last of the rotation,
-- is put aside until it may.
local function may_start(queue, priority, lane, task)
  local key = task.concurrency_key
  if key then
    local running = tonumber(call('HGET', K.running, key) or 0)
    if running >= tonumber(task.concurrency_limit or 1) then
      put_aside(queue, priority, lane, K.blocked(key))
      return false
    end
  end
  local rate = task_rate(task)
  if rate and rate.at > now then
    put_aside(queue, priority, lane, K.held(task.name))
    gate(rate)
    return false
  end
  return true
end

-- Takes the next task of the lanes whose turn it is; nothing if none may start.
local function take_from_lanes(queue, priority)
  local rotation = K.rotation(queue, priority)
  while ended_here < MAX_ENDED and aside < MAX_ASIDE do
    local lane = call('LMOVE', rotation, rotation, 'LEFT', 'RIGHT')
    if not lane then return end
    local list = K.lane(queue, priority, lane)
    local id = call('LINDEX', list, 0)
    local task = load_waiting(id)
    local is_disposed = dispose(id, task, queue)
    if is_disposed or may_start(queue, priority, lane, task) then
      call('LPOP', list)
      shrink_lane(queue, priority, lane, 1)
      if not is_disposed then return id, task end
    else
      aside = aside + 1
    end
  end
end

local function start(id, task)
  local token, seq, name = next_of(task.deliveries), next_of(task.seq), task.name
  if task.rare == 'all' then
    call('HSET', K.task(id), 'status', 'STARTED', 'worker', worker, 'started', at, 'deliveries', token,
      'seq', seq)
  else
    call('HSET', K.task(id), 'status', 'STARTED', 'worker', worker, 'started', at)
  end
  announce(id, name, seq, started_event(worker, task.attempt, at))
  hand_out(id, token, name, task.args, task.queue, task.ready or task.created,
    terms_of(task.attempt, task.retries, task.max_retries, limit_of('time', name) or task.time_limit,
      limit_of('soft', name) or task.soft_time_limit, task.on_lost))
  if task.concurrency_key then call('HINCRBY', K.running, task.concurrency_key, 1) end
  if task.unique_until == 'start' then release_unique(id, task) end
  local own, whole_queue = task_rate(task), queue_rate(task.queue)
  if own then spend(own) end
  if whole_queue then spend(whole_queue) end
end

-- Starts a task from a plain list, if it is still one for that.
local function start_plain(id, queue, priority)
  local found = not has_limits() and start_common(id, queue)
  if found == true then return end
  local task = load_waiting(id, found or nil)
  if dispose(id, task, queue) then return end
  local lane = lane_of(task)
  if lane then -- its name was given a limit after it was pushed
    push('RPUSH', queue, priority, { id }, lane)
    moved = moved + 1
  else
    start(id, task)
  end
end

-- Takes as many from the only list of a queue that has anything; answers whether that is a plain one.
local function take_plain(queue, most)
  for _, priority in ipairs(PRIORITIES) do
    local ids = call('LPOP', K.queue(queue, priority), most)
    if ids then
      for _, id in ipairs(ids) do start_plain(id, queue, priority) end
      return true
    end
  end
  return false
end

-- Takes one task from several lists: of the highest priority, and of that from its plain list and its
-- lanes by turns. Answers whether there was one.
local function take_turn(queue, turn)
  local is_low_turn = turn % LOW_TURN == 0
  local half = is_low_turn and turn / LOW_TURN or turn
  for level = 1, #PRIORITIES do
    local priority = PRIORITIES[is_low_turn and #PRIORITIES + 1 - level or level]
    for side = 0, 1 do
      if (half + side) % 2 == 1 then
        local id = call('LPOP', K.queue(queue, priority))
        if id then
          start_plain(id, queue, priority)
          return true
        end
      else
        local id, task = take_from_lanes(queue, priority)
        if id then
          start(id, task)
          return true
        end
      end
    end
  end
  return false
end

-- How many tasks of a queue may start.
local function places(queue)
  local room = limit - taken
  local concurrency = limit_of('concurrency', queue)
  if concurrency then
    local running = tonumber(call('HGET', K.active_in, queue) or 0) + add(K.active_in, queue, 0)
    room = math.min(room, tonumber(concurrency) - running)
  end
  local rate = queue_rate(queue)
  if rate then
    if rate.at > now then
      gate(rate)
      return 0
    end
    room = math.min(room, math.floor((now - rate.at) / rate.interval) + 1)
  end
  return room
end

local function take(queue)
  while taken < limit do
    local lists = lists_of(queue)
    local room = lists > 0 and places(queue) or 0
    if room <= 0 then return end
    local went_on = true
    if lists > 1 or not take_plain(queue, room) then
      local turn = call('HINCRBY', K.turns, queue, room) - room
      for i = 1, room do
        went_on = went_on and take_turn(queue, turn + i)
      end
    end
    if ended_here >= MAX_ENDED or aside >= MAX_ASIDE or moved >= MAX_MOVED then
      return control('ready ' .. queue) -- fewer than asked for, and yet there may be more
    end
    if not went_on then return end
  end
end

if left then
  for i = first_left, #left do start_plain(left[i], ready[at_queue], left_priority) end
end
for i = at_queue, #ready, 2 do take(ready[i]) end
for scope in pairs(changed) do
  call('HSET', K.rates, scope, string.format('%.3f', starts[scope]))
end
return hold()
