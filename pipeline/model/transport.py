"""An HTTP client that reads answers of bounded size, also where they are compressed."""

from __future__ import annotations

import zlib
from contextlib import aclosing
from typing import Any

import httpx2
import openai

LARGEST = 4 * 2**20
"""Bytes of an answer, unpacked: a digest entry has some thousand, and thoughts before it a hundred thousand."""
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_ENCODINGS = {"", "identity", "gzip", "x-gzip", "deflate"}


class UnreadableError(Exception):
    """An answer that is too large, or not in the encoding that it names."""


class BoundedClient(openai.DefaultAioHttpClient):  # type: ignore[misc, unused-ignore]
    """Reads each answer whole before it gives it on, and follows no redirect."""

    def __init__(self, **options: Any) -> None:
        headers = {"Accept-Encoding": "gzip, deflate"}
        super().__init__(**options, headers=headers, follow_redirects=False)

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send a request and read what comes back.

        Raises:
            UnreadableError: it has more than `LARGEST` bytes, or is not in its encoding.
        """
        response = await super().send(request, **options | {"stream": True})
        try:
            body = await _read(response)
        finally:
            await response.aclose()
        headers = [
            pair for pair in response.headers.raw if pair[0].lower() not in {b"content-encoding", b"content-length"}
        ]
        return httpx2.Response(response.status_code, headers=headers, content=body, request=request)


async def _read(response: httpx2.Response) -> bytes:
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in _ENCODINGS:
        raise UnreadableError(f"answered in an encoding that was not asked for: {encoding}")
    unpack = zlib.decompressobj(_GZIP_OR_ZLIB) if encoding not in {"", "identity"} else None
    body = bytearray()
    async with aclosing(response.aiter_raw()) as chunks:
        async for chunk in chunks:
            # Never more than is still allowed: a megabyte may unpack to a thousand.
            body += _unpacked(unpack, chunk, LARGEST + 1 - len(body)) if unpack else chunk
            if len(body) > LARGEST:
                raise UnreadableError(f"answered with more than {LARGEST >> 20} MB")
    if unpack and not unpack.eof and body:
        raise UnreadableError("broke off within a compressed answer")
    return bytes(body)


def _unpacked(unpack: Any, chunk: bytes, most: int) -> bytes:
    try:
        return bytes(unpack.decompress(chunk, most))
    except zlib.error as error:
        raise UnreadableError(f"answered in an encoding that it is not in: {error}") from error
