/**
 * An epoch is the life of one log. A new one begins when Redis has never heard of the window, or has forgotten it. A
 * process that asks for a place in an epoch to which it has not told its calls is sent to do that first.
 */

/**
 * For how long nothing is granted in a new epoch, or when no process has been heard of for a while. Meanwhile every
 * process that lives tells what it has running: a Redis that was emptied just after a window had been used up would
 * otherwise let calls through. Three beats of a process's heart (BEAT_MS in alone.ts). Microseconds.
 */
export const GRACE_US = 750_000;

export const EPOCH = `
local stored = redis.call('HGET', KEYS[3], 'epoch')
local epoch = number(stored, 1, now)
if not epoch then
  -- An epoch from the future: the clock was set back. Every process tells its calls anew.
  if stored then forgetWindow() end
  epoch = now
  set('epoch', epoch)
  set('quiet', now + ${GRACE_US})
  set('cold', now + ${GRACE_US})
end
`;
