"""The second half of a retrieval: of what was found, the best."""

import os

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

# Retry-After is obeyed; a call that was given up is not made again.
RETRIES = Retry(
    total=None,
    connect=2,
    read=False,
    status=int(os.environ.get("RERANK_RETRIES", "2")),
    status_forcelist=[429, 503],
    allowed_methods=["POST"],
    raise_on_status=False,
)


def rag_with_rerank(query, retrieved_docs, top_k):
    """The best documents with their scores, best first."""
    url = os.environ["RERANK_URL"]
    with requests.Session() as session:
        session.mount(url, HTTPAdapter(max_retries=RETRIES))
        response = session.post(
            f"{url}/v1/rerank",
            headers={"Authorization": f"Bearer {os.environ['RERANK_KEY']}"},
            json={
                "model": os.environ.get("RERANK_MODEL_ID", "cohere-rerank-3-5"),
                "query": query,
                "documents": retrieved_docs,
                "top_n": top_k,
            },
            timeout=float(os.environ.get("RERANK_TIMEOUT", "30")),
        )
    response.raise_for_status()
    return [(retrieved_docs[r["index"]], r["relevance_score"]) for r in response.json()["results"]]
