/**
 * The view: all that a process needs in order to foretell when its calls may go. It is read in replies.ts. In order:
 *
 *   how many places are held
 *   the other processes: see `listen`
 *   the fair queue: see `turns`
 *   the moments `spaced`, `pause`, `cold`, `quiet`, `probe` and `even`; 0 when there is none
 *   for each of the sets burst, spaced and foreign: member, release, member, release, …, and an empty string
 *   how many places each pair of burst stands for, and of spaced: 1 unless there are too many to be told one by one
 */

/** So many places of a set are told one by one; of a larger set, about so many at even distances. */
const MOST_TOLD = 1000;

export const VIEW = `
-- Appends the view to a reply.
local function view(reply, held, others)
  for _, value in ipairs({ held, others, turns() }) do reply[#reply + 1] = value end
  for _, name in ipairs({ 'spaced', 'pause', 'cold', 'quiet', 'probe', 'even' }) do
    reply[#reply + 1] = text(moment(name) or 0)
  end
  local strides = {}
  for i, key in ipairs({ KEYS[1], KEYS[2], KEYS[6] }) do
    local size = redis.call('ZCARD', key)
    local stride = math.max(1, math.ceil(size / ${MOST_TOLD}))
    strides[i] = stride
    local entries = stride == 1 and redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') or {}
    for rank = stride - 1, stride > 1 and size - 1 or -1, stride do
      local entry = redis.call('ZRANGE', key, rank, rank, 'WITHSCORES')
      entries[#entries + 1], entries[#entries + 2] = entry[1], entry[2]
    end
    for j = 1, #entries do reply[#reply + 1] = entries[j] end
    reply[#reply + 1] = ''
  end
  reply[#reply + 1], reply[#reply + 2] = strides[1], strides[2]
  return reply
end
`;
