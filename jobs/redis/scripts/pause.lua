-- Stops or resumes handing out a queue's tasks.
-- ARGV  queue, 'paused' or ''.
even_if_full()
call('HSET', K.queues, ARGV[1], ARGV[2])
if ARGV[2] == '' then control('ready ' .. ARGV[1]) end
return done(1)
