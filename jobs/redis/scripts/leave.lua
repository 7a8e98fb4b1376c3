-- Signs a worker off and gives back what it still holds.
-- ARGV  worker, how long to keep.
even_if_full()
keep_for(ARGV[2])
give_back_all(ARGV[1], clock(), false)
return done(1)
