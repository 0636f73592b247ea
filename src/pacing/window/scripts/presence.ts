import { PRELUDE, VIEW } from './prelude.ts';

/**
 * ARGV: process, window, line, then triples of id, set and hold (µs from now): the process's calls, as it knows them.
 * Reply: epoch, now, the view.
 */
export const TELL = `${PRELUDE}${VIEW}
for i = 4, #ARGV, 3 do
  redis.call('ZADD', of(ARGV[i + 1]), text(now + tonumber(ARGV[i + 2])), ARGV[i])
end
if #ARGV > 3 then sweep() end
say(ARGV[3])
local held = redis.call('ZCARD', KEYS[1]) + redis.call('ZCARD', KEYS[2])
return finish(view({ text(epoch), text(now) }, held, (listen())))
`;

/** ARGV: process, window. It goes, and waits for nothing any more. */
export const LEAVE = `${PRELUDE}
redis.call('HDEL', KEYS[4], process)
return finish(1)
`;
