/** The longest time that a timer can wait; a longer one would run out at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;
