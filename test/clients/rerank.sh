#!/bin/sh
# Asks for a ranking with curl, as the environment of an app says: RERANK_URL and RERANK_KEY.
#   heroku config --shell | rerank.sh REQUEST.json [curl's options]
request=$1
shift
eval "$(grep '^RERANK_' | sed 's/^/export /')"

# A file, since curl empties it before it tries again.
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

curl --silent --show-error --fail-with-body --max-time "${RERANK_TIMEOUT:-30}" --output "$answer" "$@" \
  --header "Authorization: Bearer $RERANK_KEY" --header 'Content-Type: application/json' \
  --data-binary "@$request" "$RERANK_URL/v1/rerank"
code=$?
cat "$answer"
exit $code
