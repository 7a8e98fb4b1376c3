-- Accepts tasks, for the scripts that do. Comes after steps.lua.

local DAY = 86400

local function instant(value, now)
  if not value then return nil end
  return whole(value:sub(1, 1) == '+' and now + tonumber(value) or tonumber(value))
end

-- Who keeps a new task with this key out, and its state.
local function keeper_of(key, id)
  local keeper = call('GET', K.unique(key))
  if not keeper or call('EXISTS', K.task(id)) == 1 then return nil end
  local status = call('HGET', K.task(keeper), 'status')
  return status and keeper, status
end

-- Keeps others out; answers until when, as it is stored.
local function keep_unique(task, now)
  local ms = task.unique_until:match('^%+(.+)$')
  if not ms then
    call('SET', K.unique(task.unique), task.id)
    return task.unique_until
  end
  call('SET', K.unique(task.unique), task.id, 'PX', math.max(1, whole(tonumber(ms))))
  return whole(now + tonumber(ms))
end

-- What a task may have without a word in `flow` about it.
local COMMON = { priority = true, max_retries = true, time_limit = true, soft_time_limit = true, eta = true }

-- Understands a task in ARGV. `more` are its fields and values besides those that each has.
local function task_at(i, now)
  local task = { id = ARGV[i], name = ARGV[i + 1], args = ARGV[i + 2], queue = ARGV[i + 3],
    priority = 'normal', more = list_at(i + 4) }
  for k = 1, #task.more, 2 do task[task.more[k]] = task.more[k + 1] end
  task.eta, task.expires = instant(task.eta, now), instant(task.expires, now)
  return task
end

local function remember(key, id)
  if key then call('SET', K.idempotency(key), id, 'EX', DAY) end
end

-- Stores a task that is not known yet.
local function store(task, now)
  local key = task.idempotency_key
  remember(key, task.id)
  if task.expires then note(K.expiring, task.id, task.expires) end
  if task.unique then task.unique_until = keep_unique(task, now) end
  local fields, has_flow = {}, false
  for k = 1, #task.more, 2 do
    local field = task.more[k]
    if field ~= 'idempotency_key' then
      fields[#fields + 1], fields[#fields + 2] = field, task[field]
      has_flow = has_flow or not COMMON[field]
    end
  end
  if has_flow then fields[#fields + 1], fields[#fields + 2] = 'flow', 1 end
  call('HSET', K.task(task.id), 'status', 'PENDING', 'name', task.name, 'args', task.args,
    'queue', task.queue, 'created', now, unpack(fields))
end

-- The answer to a task that is not to be created, because of its idempotency key, its unique key or its
-- id; nil for one that is.
local function known(task)
  local first = task.idempotency_key and call('GET', K.idempotency(task.idempotency_key))
  local other = first and load(first, { 'status', 'name', 'args', 'flow' })
  if other then
    local same = other.name == task.name
      and (other.args == task.args or (task.unique and task.unique == other.unique))
    return { first, other.status, (same or first == task.id) and 0 or 1 }
  end
  if task.unique then
    local keeper, its_status = keeper_of(task.unique, task.id)
    if keeper then
      remember(task.idempotency_key, keeper)
      return { keeper, its_status, 0 }
    end
  end
  local status = call('HGET', K.task(task.id), 'status')
  return status and { task.id, status, 0 } or nil
end

-- Accepts the tasks in ARGV from `first` on, all of them or, on an error, none. An id that is known is
-- left as it is, so that a call whose answer was lost can be repeated.
-- Per task: id, name, args, queue, number of words, then fields and values: priority, max_retries,
-- time_limit, soft_time_limit, eta, expires, idempotency_key, and those of FLOW, where it has them.
-- Times: '+ms' from now, else Unix time in ms.
-- Answers per task 1, or for one that was not created the id that stands for it, its status, and
-- conflict (1 or 0); and the ids as they were given.
local function accept(first)
  local now = clock()
  local at = ('%.0f'):format(now) -- numbers take long to become text
  local pending = event('PENDING', 0, nil, at)
  local receipts, given, accepted, waiting, i = {}, {}, {}, {}, first

  -- All of them are understood before anything is written: Redis does not take back what a script wrote.
  local uncommon = {}
  while ARGV[i] do
    local words = ARGV[i + 4]
    if words ~= '0' then uncommon[i] = task_at(i, now) end
    i = i + 5 + words
  end

  local function wait_in(queue, priority, id)
    local lists = waiting[queue]
    if not lists then
      lists = {}
      waiting[queue] = lists
      call('HSETNX', K.queues, queue, '')
    end
    lists[priority] = lists[priority] or {}
    table.insert(lists[priority], id)
  end

  local function accept_uncommon(task)
    local receipt = known(task)
    if receipt then return receipt end
    store(task, at)
    local id, queue, priority = task.id, task.queue, task.priority
    local lane = lane_for(queue, priority, task)
    if task.eta and task.eta > now then
      call('HSETNX', K.queues, queue, '')
      schedule(id, queue, task.eta)
    elseif lane then
      call('HSETNX', K.queues, queue, '')
      push('RPUSH', queue, priority, { id }, lane)
    else
      wait_in(queue, priority, id)
    end
    return 1
  end

  local function accept_common(id, name, args, queue)
    if call('EXISTS', K.task(id)) == 1 then return { id, call('HGET', K.task(id), 'status'), 0 } end
    call('HSET', K.task(id), 'status', 'PENDING', 'name', name, 'args', args, 'queue', queue, 'created', at)
    wait_in(queue, 'normal', id)
    return 1
  end

  i = first
  while ARGV[i] do
    local id, name, args, queue, words = unpack(ARGV, i, i + 4)
    local task = uncommon[i] or limit_of('task', name) and task_at(i, now)
    local receipt = task and accept_uncommon(task) or accept_common(id, name, args, queue)
    receipts[#receipts + 1], given[#given + 1] = receipt, id
    if receipt == 1 then
      accepted[#accepted + 1] = id
      announce(id, name, 1, pending)
    end
    i = i + 5 + words
  end

  for queue, priorities in pairs(waiting) do
    for priority, ids in pairs(priorities) do push('RPUSH', queue, priority, ids) end
  end
  if #accepted > 0 then
    each_thousand('LPUSH', K.recent, accepted)
    call('LTRIM', K.recent, 0, MAX_RECENT - 1)
    count('enqueued', #accepted)
  end
  return receipts, given
end
