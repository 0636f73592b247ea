"""One question from standard input; what came of it as JSON."""

import json
import sys

import requests
from rag_with_rerank import rag_with_rerank

question = json.load(sys.stdin)
try:
    found = rag_with_rerank(question["query"], question["documents"], question["topN"])
except requests.RequestException as error:
    response = error.response
    shown = {"kind": type(error).__name__, "message": str(error)}
    if response is not None:
        shown.update(status=response.status_code, message=response.json()["message"])
    json.dump(shown, sys.stdout)
    sys.exit(1)
json.dump(found, sys.stdout)
