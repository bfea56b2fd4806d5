"""The openai client by hand, as a measure: ``python -m benchmarks.by_hand PAPERS URL AT_ONCE``.

The quickest way that the client has: its aiohttp transport with limits of one's own, and the response as it came. It
asks about every paper at once, checks nothing, keeps nothing and writes no page.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import httpx2
import openai

SYSTEM = "Translate the title and the abstract into Chinese; answer as JSON."


async def ask_all(papers: list[dict[str, str]], url: str, at_once: int) -> int:
    """Ask about every paper; return how many were answered."""
    limits = httpx2.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    http = openai.DefaultAioHttpClient(limits=limits, timeout=httpx2.Timeout(60.0))
    places = asyncio.Semaphore(at_once)

    async def ask(client: openai.AsyncOpenAI, paper: dict[str, str]) -> bool:
        user = {"role": "user", "content": f"{paper['title']}\n\n{paper['abstract']}"}
        body = {"model": "bench", "messages": [{"role": "system", "content": SYSTEM}, user]}
        async with places:
            response = await client.post("/chat/completions", cast_to=httpx2.Response, body=body)
        return bool(json.loads(response.content)["choices"])

    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0, http_client=http) as client:
        return sum(await asyncio.gather(*(ask(client, paper) for paper in papers)))


def main() -> None:
    """Ask about every paper of a file and say how many were answered."""
    source, url, at_once = sys.argv[1:]
    papers = [json.loads(line) for line in Path(source).read_text(encoding="utf-8").splitlines()]
    began = time.perf_counter()
    answered = asyncio.run(ask_all(papers, url, int(at_once)))
    print(json.dumps({"summarized": answered, "calls_s": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
