import { FLEET_VIEW, PRELUDE } from './prelude.ts';

/**
 * ARGV: process, window, line: what waits in the process.
 * Reply: epoch, now, the view.
 */
export const TELL = `${PRELUDE}${FLEET_VIEW}
local others = listen()
say(ARGV[3])
local held = redis.call('ZCARD', KEYS[1]) + redis.call('ZCARD', KEYS[2]) + foreign()
return finish(view({ text(epoch), text(now) }, held, others))
`;

/**
 * ARGV: process, window, then triples of id, set ('b' or 's'; 'x': the place was never used) and hold (µs from now): calls
 * of the process, as it knows them.
 */
export const ENTER = `${PRELUDE}
for i = 3, #ARGV, 3 do
  local id, kind, release = ARGV[i], ARGV[i + 1], now + tonumber(ARGV[i + 2])
  if release > now then
    enter(kind, release, id)
  else
    local was = write('ZREM', KEYS[1], id) + write('ZREM', KEYS[2], id)
    -- It may have been the one that was to go first.
    if kind == 'x' and was > 0 then drop('probe') end
  end
end
return finish(1)
`;

/** ARGV: process, window. It goes, and waits for nothing any more. */
export const LEAVE = `${PRELUDE}
redis.call('HDEL', KEYS[4], process)
return finish(1)
`;
