-- Accepts tasks, for the scripts that do. Comes after steps.lua.

local DAY = 86400

local function instant(value, now)
  if value == '' then return nil end
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

-- Understands the tasks in ARGV from `first` on. It writes nothing, so that an error leaves nothing half
-- done: Redis does not take back what a script has written.
local function tasks_at(first, now)
  local tasks, i = {}, first
  while ARGV[i] do
    local task = { id = ARGV[i], name = ARGV[i + 1], args = ARGV[i + 2], queue = ARGV[i + 3],
      priority = ARGV[i + 4], max_retries = ARGV[i + 5], time_limit = ARGV[i + 6],
      soft_time_limit = ARGV[i + 7], due = instant(ARGV[i + 8], now),
      expiry = instant(ARGV[i + 9], now), key = ARGV[i + 10] }
    task.flow, i = list_at(i + 11)
    for k = 1, #task.flow, 2 do task[task.flow[k]] = task.flow[k + 1] end
    tasks[#tasks + 1] = task
  end
  return tasks
end

local function remember(key, id)
  if key ~= '' then call('SET', K.idempotency(key), id, 'EX', DAY) end
end

-- Stores a task that is not known yet.
local function store(task, now)
  local fields = { 'name', task.name, 'args', task.args, 'queue', task.queue, 'created', now }
  local function set(field, value)
    fields[#fields + 1], fields[#fields + 2] = field, value
  end
  if task.priority ~= 'normal' then set('priority', task.priority) end
  if task.max_retries ~= '3' then set('max_retries', task.max_retries) end
  if task.time_limit ~= '' then set('time_limit', task.time_limit) end
  if task.soft_time_limit ~= '' then set('soft_time_limit', task.soft_time_limit) end
  if task.due then set('eta', task.due) end
  if task.expiry then
    set('expires', task.expiry)
    note(K.expiring, task.id, task.expiry)
  end
  if task.unique then task.unique_until = keep_unique(task, now) end
  for k = 1, #task.flow, 2 do set(task.flow[k], task[task.flow[k]]) end
  if task.expiry or #task.flow > 0 then set('flow', 1) end
  call('HSET', K.task(task.id), unpack(fields))
  remember(task.key, task.id)
  call('HSETNX', K.queues, task.queue, '')
end

-- Accepts the tasks in ARGV from `first` on, all of them or, on an error, none. An id that is known is
-- left as it is, so that a call whose answer was lost can be repeated.
-- Per task: id, name, args, queue, priority, max_retries, time_limit, soft_time_limit, eta, expires,
-- idempotency key, number of words, then fields and values as FLOW has them.
-- Times: '' none, '+ms' from now, else Unix time in ms.
-- Answers per task: id, status, created (1 or 0), conflict (1 or 0).
local function accept(first)
  local now = clock()
  local reply, waiting, accepted = {}, {}, {}

  local function answer(id, status, created, conflict)
    local n = #reply
    reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4] = id, status, created, conflict
  end

  for _, task in ipairs(tasks_at(first, now)) do
    local id, queue, priority = task.id, task.queue, task.priority
    local known = task.key ~= '' and call('GET', K.idempotency(task.key))
    local other = known and load(known, { 'status', 'name', 'args', 'flow' })
    local keeper, its_status
    if task.unique then keeper, its_status = keeper_of(task.unique, id) end
    if other then
      local same = other.name == task.name
        and (other.args == task.args or (task.unique and task.unique == other.unique))
      answer(known, other.status, 0, (same or known == id) and 0 or 1)
    elseif keeper then
      remember(task.key, keeper)
      answer(keeper, its_status, 0, 0)
    elseif call('HSETNX', K.task(id), 'status', 'PENDING') == 0 then
      answer(id, call('HGET', K.task(id), 'status'), 0, 0)
    else
      store(task, now)
      local lane = lane_for(queue, priority, task)
      if task.due and task.due > now then
        schedule(id, queue, task.due)
      elseif lane then
        push('RPUSH', queue, priority, { id }, lane)
      else
        waiting[queue] = waiting[queue] or {}
        waiting[queue][priority] = waiting[queue][priority] or {}
        table.insert(waiting[queue][priority], id)
      end
      accepted[#accepted + 1] = id
      announce(id, task.name, 1, event('PENDING', 0, nil, now))
      answer(id, 'PENDING', 1, 0)
    end
  end

  for queue, priorities in pairs(waiting) do
    for priority, ids in pairs(priorities) do push('RPUSH', queue, priority, ids) end
  end
  if #accepted > 0 then
    each_thousand('LPUSH', K.recent, accepted)
    call('LTRIM', K.recent, 0, MAX_RECENT - 1)
    count('enqueued', #accepted)
  end
  return reply
end
