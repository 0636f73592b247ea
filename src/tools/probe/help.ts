import { SCORE_TOLERANCE } from '../../endpoints/rerank/tolerance.ts';
import { MOST_CALLS } from './plan.ts';

export const HELP = `Usage: npm run probe [-- options]

Measures on the real upstream what a model's scores depend on, and says which CACHE_GRANULARITY is right for it; of an
embedding model that is named, what its vectors depend on, which encodings it takes, and how tokens are charged.
Makes at most ${MOST_CALLS} calls, one after the other, with texts of its own; they are billed and count against the limit.
Reads UPSTREAMS, <ALIAS>_URL, <ALIAS>_KEY, <ALIAS>_MODEL_ID and MODEL_LIMITS as the gateway does.

  --model NAME      probe this one, may be given several times; default: all rerankers that the attachment serves
  --upstream ALIAS  which attachment; default: the first of UPSTREAMS
  --tolerance N     the largest difference of two scores that counts as none, default ${SCORE_TOLERANCE}
  --simulator       probe the simulator that ships with the gateway instead
  -h, --help; --version

Exit code: 0 when the granularity of every model has been measured; 1 when not; 2 when there is nothing to probe.
`;
