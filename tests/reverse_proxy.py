"""A reverse proxy as hosts put one before the page: it ends https and takes a prefix away."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from threading import Thread

import httpx
import trustme
import uvicorn
from served import free_port
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


@contextmanager
def reverse_proxy(
    target: str, prefix: str, folder: Path, *, strips: bool = True, names_itself: bool = True
) -> Iterator[str]:
    """Serve a target under https://127.0.0.1:PORT/PREFIX; the page's address.

    folder: for the certificate. strips: whether the target gets paths without the prefix.
    names_itself: whether it sends X-Forwarded-Host and X-Forwarded-Proto.
    """
    port = free_port()
    client = httpx.AsyncClient(base_url=target, timeout=None, trust_env=False)

    async def forward(request: Request) -> Response:
        if not request.url.path.startswith(prefix):
            return Response("Not here", 404)
        path = request.url.path.removeprefix(prefix) if strips else request.url.path
        headers = {k: v for k, v in request.headers.items() if k not in HOP_BY_HOP}
        if names_itself:
            headers |= {"x-forwarded-host": f"127.0.0.1:{port}", "x-forwarded-proto": "https"}
        sent = client.build_request(
            request.method,
            httpx.URL(path=path or "/", query=request.url.query.encode()),
            headers=headers,
            content=await request.body(),
        )
        answer = await client.send(sent, stream=True)
        kept = {k: v for k, v in answer.headers.items() if k not in HOP_BY_HOP}
        return StreamingResponse(answer.aiter_raw(), answer.status_code, kept)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    methods = ["GET", "HEAD", "POST"]
    routes = [Route("/{path:path}", forward, methods=methods)]
    certificate = trustme.CA().issue_cert("127.0.0.1")
    key_and_chain = folder / "proxy.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(str(key_and_chain))
    config = uvicorn.Config(
        Starlette(routes=routes, lifespan=lifespan),
        port=port,
        log_level="warning",
        ssl_certfile=str(key_and_chain),
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        _wait_until_served(port)
        yield f"https://127.0.0.1:{port}{prefix}/"
    finally:
        server.should_exit = True
        thread.join()


def _wait_until_served(port: int) -> None:
    context = ssl._create_unverified_context()
    transport = httpx.HTTPTransport(verify=context, retries=20)
    with httpx.Client(transport=transport, trust_env=False) as client:
        client.head(f"https://127.0.0.1:{port}/")
