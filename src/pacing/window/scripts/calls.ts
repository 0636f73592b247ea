import { PRELUDE } from './prelude.ts';

/**
 * ARGV: process, window, id, set ('b' or 's'), hold (µs from now), answered (0 or 1), remaining (-1: not said), limit,
 * held then, granted then, epoch then, pause (µs), probing (0 or 1).
 */
export const COMPLETE = `${PRELUDE}
local id, lease, answered, remaining = ARGV[3], tonumber(ARGV[5]), ARGV[6] == '1', tonumber(ARGV[7])
local limit, heldThen, grantedThen = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local sameEpoch, pause, probing = ARGV[11] == text(epoch), tonumber(ARGV[12]), ARGV[13] == '1'
-- Entered again when it was lost: the answer came only now, so the upstream may have counted the call only now.
enter(ARGV[4], now + lease, id)
if pause > 0 then set('pause', math.max(moment('pause') or 0, now + pause)) end
if remaining >= 0 and sameEpoch then
  -- The upstream counts more than we can have made: somebody else uses the key. Held for a window from now.
  local granted = field('granted', 0, 2 ^ 53) or 0
  local excess = math.min(limit, limit - remaining - heldThen - (granted - grantedThen))
  if excess > 0 then
    hold(excess, now + window, id)
    -- Another answer may tell of the very same.
    set('granted', granted + excess)
  end
  drop('cold', 'probe', 'even')
elseif pause > 0 then
  -- It counts more than this log does, and does not say how much: after its pause, one call goes first.
  set('cold', now + pause)
  drop('probe', 'even')
elseif probing and sameEpoch then
  drop('probe')
  if answered then set('even', now) end
end
return finish(1)
`;

/** ARGV: process, window, id, set, probing. The place was not used. */
export const CANCEL = `${PRELUDE}
local was = write('ZREM', KEYS[1], ARGV[3]) + write('ZREM', KEYS[2], ARGV[3])
if was > 0 and ARGV[4] == 's' then drop('spaced') end
if was > 0 and ARGV[5] == '1' then drop('probe') end
return finish(1)
`;
