-- Signs a worker off and gives back what it still holds.
-- ARGV  worker, result ttl s.
even_if_full()
give_back_all(ARGV[1], clock(), tonumber(ARGV[2]), false)
return done(1)
