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

-- What a task may have without 'all' in `rare`.
local COMMON = { priority = true }
local TERMS = { max_retries = true, time_limit = true, soft_time_limit = true, on_lost = true }

-- Understands a group in ARGV; answers it and where the next begins. `first` and `last` say where its tasks
-- are, `more` has the names of the fields that they have besides those that each has.
local function group_at(i, now)
  local group = { name = ARGV[i], queue = ARGV[i + 1], priority = 'normal', more = {} }
  local words, start = list_at(i + 2)
  for k = 1, #words, 2 do
    group.more[#group.more + 1], group[words[k]] = words[k], words[k + 1]
  end
  group.eta, group.expires = instant(group.eta, now), instant(group.expires, now)
  group.first, group.last = start + 1, start + 2 * ARGV[start]
  return group, group.last + 1
end

local function remember(key, id)
  if key then call('SET', K.idempotency(key), id, 'EX', DAY) end
end

-- Stores a task that is not known yet.
local function store(task, now)
  remember(task.idempotency_key, task.id)
  if task.expires then note(K.expiring, task.id, task.expires) end
  if task.unique then task.unique_until = keep_unique(task, now) end
  local fields, rare = {}, nil
  for _, field in ipairs(task.more) do
    if field ~= 'idempotency_key' then
      fields[#fields + 1], fields[#fields + 2] = field, task[field]
      if not COMMON[field] then rare = rare ~= 'all' and TERMS[field] and 'terms' or 'all' end
    end
  end
  if rare then fields[#fields + 1], fields[#fields + 2] = 'rare', rare end
  call('HSET', K.task(task.id), 'status', 'PENDING', 'name', task.name, 'args', task.args,
    'queue', task.queue, 'created', now, unpack(fields))
end

-- Of a task that is not to be created, because of its idempotency key, its unique key or its id: the id
-- that stands for it, its status, and conflict (1 or 0); nil for one that is.
local function stand_in(task)
  local first = task.idempotency_key and call('GET', K.idempotency(task.idempotency_key))
  local other = first and load(first, { 'status', 'name', 'args', 'rare' })
  if other then
    local same = other.name == task.name
      and (other.args == task.args or (task.unique and task.unique == other.unique))
    return first, other.status, (same or first == task.id) and 0 or 1
  end
  if task.unique then
    local keeper, its_status = keeper_of(task.unique, task.id)
    if keeper then
      remember(task.idempotency_key, keeper)
      return keeper, its_status, 0
    end
  end
  local status = call('HGET', K.task(task.id), 'status')
  if status then return task.id, status, 0 end
end

-- Accepts the tasks in ARGV from `first` on, all of them or, on an error, none. An id that is known is
-- left as it is, so that a call whose answer was lost can be repeated.
-- They come in groups of tasks that differ in nothing but id and arguments: name, queue, number of words,
-- then fields and values (priority, max_retries, time_limit, soft_time_limit, eta, expires,
-- idempotency_key, and those of FLOW, where they have them), number of tasks, then id and args of each.
-- Times: '+ms' from now, else Unix time in ms.
-- Answers of each task that was not created: where it came in the call, counted from 1, the id that
-- stands for it, its status, and conflict (1 or 0); and the ids of those that were.
local function accept(first)
  local now = clock()
  local at = ('%.0f'):format(now) -- numbers take long to become text
  local pending = event('PENDING', 0, nil, at)
  local others, accepted, waiting, groups, i = {}, {}, {}, {}, first

  -- All of them are understood before anything is written: Redis does not take back what a script wrote.
  while ARGV[i] do
    groups[#groups + 1], i = group_at(i, now)
  end

  local function accept_one(task)
    local other, status, conflict = stand_in(task)
    if other then return other, status, conflict end
    store(task, at)
    local id, queue, priority = task.id, task.queue, task.priority
    local lane = lane_for(queue, priority, task)
    if task.eta and task.eta > now then
      call('HSETNX', K.queues, queue, '')
      schedule(id, queue, task.eta)
    elseif lane then
      push('RPUSH', queue, priority, { id }, lane)
    else
      local lists = waiting[queue] or {}
      waiting[queue], lists[priority] = lists, lists[priority] or {}
      table.insert(lists[priority], id)
    end
  end

  local place = 0
  for _, group in ipairs(groups) do
    local first_new = #accepted + 1
    for k = group.first, group.last, 2 do
      local task = setmetatable({ id = ARGV[k], args = ARGV[k + 1] }, { __index = group })
      local other, status, conflict = accept_one(task)
      place = place + 1
      if other then
        others[#others + 1] = { place, other, status, conflict, given = task.id }
      else
        accepted[#accepted + 1] = task.id
      end
    end
    if accepted[first_new] then
      announce(table.concat(accepted, ',', first_new), group.name, 1, pending)
    end
  end

  for queue, priorities in pairs(waiting) do
    for priority, ids in pairs(priorities) do push('RPUSH', queue, priority, ids) end
  end
  if #accepted > 0 then
    list_recent(K.recent, accepted)
    count('enqueued', #accepted)
  end
  return others, accepted
end
