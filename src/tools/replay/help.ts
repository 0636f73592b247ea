export const HELP = `Usage: npm run replay -- DIR [options]

Sends the requests of DIR/trace.jsonl at their times through a gateway, checks every answer, and says what it took.
DIR also holds documents.jsonl and queries.jsonl. Without --url a simulator and a gateway are started for it.

  --speed N        times as fast as the trace, default 1. The rate window and the simulator's latency are divided by N;
                   how long callers wait (MAX_WAIT_MS, Retry-After) is not, so they are more patient than in life
  --limit N        only the first N requests
  --processes N    gateways to start, default 1; more than one need --redis. Requests go to one of them at random
  --redis URL      what they share; the keys of a replay are removed at its end
  --pointwise      a simulator whose models all score a document whatever its companions, and gateways that reuse
                   every score alone (CACHE_GRANULARITY=document for both models, unless the environment sets it)
  --url URL        a gateway that runs already, whose scores can't be checked. Figures of the upstream come from its
                   metrics (METRICS_TOKEN), and hold what others ask of it meanwhile
  --keys LIST      with --url: search:KEY,chatbot:KEY,… or one KEY for all; default GATEWAY_KEYS
  -h, --help; --version

CACHE_*, VERIFY_RATE (here 0 by default), MAX_WAIT_MS and MAX_QUEUE of the environment reach the gateways that are started.
A replay that is itself late, on a busy machine, says so, and marks its total times as upper bounds (≤).
Ctrl-C stops and shows the figures so far.
Exit code: 0 when every request has been answered, no answer was wrong and the upstream refused no call for its rate;
1 otherwise; 2 when the command line or the corpus is wrong.
`;
