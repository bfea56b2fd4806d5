"""A loopback server that speaks OpenAI's chat completions and answers with recorded replies.

In a test: ``with OpenAIServer(replies) as server: server.base_url``. As a process of its own, for load:
``python -m tests.servers.openai --replies FILE [--options JSON] [--port 0]`` prints ``{"base_url": …}`` and serves
until it is ended; `spawn` starts and ends one. Beside the model's paths there are, at the root, GET ``/_log`` (with
``?messages=1`` the messages too), GET ``/_stats`` and POST ``/_reset``, whose body, if any, is new options.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from .openai_endpoint import Call, Endpoint
from .openai_faults import Answer, error
from .openai_options import Options
from .openai_papers import Papers, read_replies

_ABORT_ON_CLOSE = struct.pack("ii", 1, 0)
_BACKLOG = 4096


class Site:
    """The paths of the server."""

    def __init__(self, papers: Papers, options: Options) -> None:
        self._papers = papers
        self.endpoint = Endpoint(papers, options)

    def reset(self, options: Options | None = None) -> None:
        """Forget every request, and take new options if there are any."""
        self.endpoint = Endpoint(self._papers, options or self.endpoint.options)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request."""
        if request.method == "POST" and request.path.endswith("/chat/completions"):
            return await self._chat(request)
        others: dict[tuple[str, str], Callable[[web.BaseRequest], Awaitable[object]]] = {
            ("GET", "/v1/models"): self._models,
            ("GET", "/_log"): self._log,
            ("GET", "/_stats"): self._stats,
            ("POST", "/_reset"): self._reset,
        }
        if request.method == "GET" and request.path.startswith("/v1/models/"):
            return await self._model(request)
        if other := others.get((request.method, request.path)):
            return web.json_response(await other(request))
        return _response(error(404, f"Invalid URL ({request.method} {request.path})", code=None))

    async def _chat(self, request: web.BaseRequest) -> web.StreamResponse:
        endpoint = self.endpoint
        authorization = request.headers.get("Authorization", "")
        call = Call(time.time(), authorization[-4:] or None)
        endpoint.arrive(call)
        endpoint.headers.append(dict(request.headers))
        try:
            answer, delay = endpoint.answer(call, await request.read(), authorization)
            if delay:
                await asyncio.sleep(delay)
            return await _send(request, answer, call)
        finally:
            endpoint.leave()

    async def _models(self, _: web.BaseRequest) -> object:
        names = self.endpoint.options.models or ("any",)
        return {"object": "list", "data": [{"id": name, "object": "model", "owned_by": "loopback"} for name in names]}

    async def _model(self, request: web.BaseRequest) -> web.StreamResponse:
        endpoint = self.endpoint
        endpoint.lookups.append(dict(request.headers))
        await asyncio.sleep(endpoint.options.lookup_delay)
        if endpoint.options.shutdown is None:
            return _response(error(404, f"Invalid URL ({request.method} {request.path})", code=None))
        name = request.path.rpartition("/")[2]
        padding = "x" * endpoint.options.lookup_size
        about = {"id": name, "object": "model", "shutdown_date": endpoint.options.shutdown, "padding": padding}
        return web.json_response(about)

    async def _log(self, request: web.BaseRequest) -> object:
        messages = request.query.get("messages") == "1"
        return [call.to_dict(messages=messages) for call in self.endpoint.log]

    async def _stats(self, _: web.BaseRequest) -> object:
        return self.endpoint.stats()

    async def _reset(self, request: web.BaseRequest) -> object:
        text = await request.read()
        self.reset(Options.from_json(text) if text else None)
        return {}


def _response(answer: Answer) -> web.Response:
    headers = {"Content-Type": answer.content_type, **(answer.headers or {})}
    return web.Response(body=answer.body, status=answer.status, headers=headers)


async def _send(request: web.BaseRequest, answer: Answer, call: Call) -> web.StreamResponse:
    if answer.manner == "silence":
        await asyncio.Event().wait()
    if answer.manner == "reset":
        _abort(request)
    if answer.manner == "drip":
        return await _drip(request, answer, call)
    response = _response(answer)
    await response.prepare(request)
    await _finish(response, call, b"")
    return response


async def _finish(response: web.StreamResponse, call: Call, last: bytes) -> None:
    # Noted first, undone where it fails: a client in another thread may read the log as soon as it has the last byte.
    call.status, call.sent = response.status, time.time()
    try:
        await response.write_eof(last)
    except BaseException:
        call.status = call.sent = None
        raise


def _abort(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT_ON_CLOSE)
        request.transport.abort()
    raise ConnectionResetError


async def _drip(request: web.BaseRequest, answer: Answer, call: Call) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": answer.content_type, **(answer.headers or {})})
    response.content_length = len(answer.body)
    await response.prepare(request)
    for position in range(len(answer.body) - 1):
        await response.write(answer.body[position : position + 1])
        await asyncio.sleep(answer.interval)
    await _finish(response, call, answer.body[-1:])
    return response


@asynccontextmanager
async def _serving(site: Site, port: int) -> AsyncIterator[str]:
    # A handler must end with its client, else a silent or slow answer holds its place under the limit for ever.
    server = web.Server(site.handle, access_log=None, handler_cancellation=True)
    runner = web.ServerRunner(server, shutdown_timeout=0.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, backlog=_BACKLOG).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


class OpenAIServer:
    """The server in a thread of this process, from ``with`` to its end."""

    def __init__(self, replies: Path | Iterable[Mapping[str, Any]] = (), options: Options | None = None) -> None:
        records = read_replies(replies) if isinstance(replies, Path) else replies
        self._site = Site(Papers(records), options or Options())
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._started: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    @property
    def base_url(self) -> str:
        """What a client takes for its base URL: ``http://127.0.0.1:PORT/v1``."""
        return self._started.result()[0]

    @property
    def log(self) -> list[Call]:
        """The requests so far, in order of arrival, messages included."""
        return list(self._site.endpoint.log)

    @property
    def headers(self) -> list[dict[str, str]]:
        """The headers of the requests in `log`."""
        return list(self._site.endpoint.headers)

    @property
    def lookups(self) -> list[dict[str, str]]:
        """The headers of each request for what the server knows of one model."""
        return list(self._site.endpoint.lookups)

    def stats(self) -> dict[str, Any]:
        """Return what ``/_stats`` does."""
        return self._site.endpoint.stats()

    def reset(self, options: Options | None = None) -> None:
        """Forget every request, and take new options if there are any."""
        self._site.reset(options)

    async def _run(self) -> None:
        stop = asyncio.Event()
        try:
            async with _serving(self._site, 0) as url:
                self._started.set_result((url, asyncio.get_running_loop(), stop))
                await stop.wait()
        except OSError as failure:
            self._started.set_exception(failure)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.result(timeout=10)
        return self

    def __exit__(self, *_: object) -> None:
        _url, loop, stop = self._started.result()
        loop.call_soon_threadsafe(stop.set)
        self._thread.join()


@contextmanager
def spawn(replies: Path, options: Options | None = None) -> Iterator[str]:
    """Run the server as a process of its own and yield its base URL.

    Raises:
        RuntimeError: The process ended before it served; its own message is on standard error.
    """
    said = (options or Options()).to_json()
    command = [sys.executable, "-m", "tests.servers.openai", "--replies", str(replies.resolve()), "--options", said]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise RuntimeError("the loopback model server did not start")
            yield json.loads(line)["base_url"]
        finally:
            process.terminate()


async def _serve_for_ever(site: Site, port: int) -> None:
    async with _serving(site, port) as url:
        sys.stdout.write(json.dumps({"base_url": url}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.openai")
    parser.add_argument("--replies", type=Path, required=True, help="recorded replies, JSON Lines")
    parser.add_argument("--options", default="{}", help="a JSON object")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    site = Site(Papers(read_replies(given.replies)), Options.from_json(given.options))
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve_for_ever(site, given.port))


if __name__ == "__main__":
    main()
