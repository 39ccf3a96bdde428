"""What a host's monitoring reads: ``/healthz`` and ``/metrics``."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


def health_routes(
    state: Callable[[], str], registry: CollectorRegistry, auth: tuple[str, str] | None
) -> list[Route]:
    """The two routes.

    state: "loading", "ready" or "stopping"; only in the last one the server wants no visitors.
    auth: name and password that ``/metrics`` asks for, as the page does; ``/healthz`` tells nothing
        that would need them.
    """

    def healthz(_: Request) -> Response:
        now = state()
        return JSONResponse({"model": now}, 503 if now == "stopping" else 200)

    def metrics(request: Request) -> Response:
        if auth is not None and not _knows(request, auth):
            return Response("Log in.", 401, {"WWW-Authenticate": "Basic"})
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/metrics", metrics)]


def _knows(request: Request, auth: tuple[str, str]) -> bool:
    expected = "Basic " + b64encode(":".join(auth).encode()).decode()
    return secrets.compare_digest(
        request.headers.get("Authorization", "").encode(), expected.encode()
    )
