"""How the page is served, and how it ends."""

from __future__ import annotations

import time
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from facemogle.serving.hosted import HostedEngine
from facemogle.ui.departures import Departures
from facemogle.ui.disk_faults import DiskFaults
from facemogle.ui.health import health_routes
from facemogle.ui.limits import VisitorLimits
from facemogle.ui.looks import PAGE_CSS, theme
from facemogle.ui.own_address import OwnAddress
from facemogle.ui.studio import MAX_BODY, MODULES_URL, MODULES_VERSION, STATIC

_QUEUED = 64
_SESSIONS = 100
"""Visitors whose copy of Gradio's components is kept; nothing of ours is in it, and it is made anew
within a hundredth of a second. Gradio would keep 10,000, of 40 KB each, whoever left.
"""
_POLL = 0.01
"""Seconds between two looks of Gradio at its queue. By default it looks a thousand times a second,
which takes 4 % of a core as long as the server runs.
"""
_GOODBYE = 0.5
"""Seconds in which the last words to the visitors leave the house."""


def serve(
    page: gr.Blocks,
    engine: HostedEngine,
    *,
    host: str,
    port: int,
    auth: tuple[str, str] | None = None,
    **launch: Any,
) -> str:
    """Serve the page and return its address.

    engine: whose state and work ``/healthz`` and ``/metrics`` tell.
    auth: name and password that let a visitor in; None = everybody is let in.
    launch: more of Gradio's launch arguments.

    Run history would store every image in the browser's storage, and server-side rendering would
    put a proxy before the modules' route.
    """
    modules = Route(f"/{MODULES_URL}/{{version}}/{{path:path}}", _Modules())
    health = health_routes(lambda: engine.state, engine.metrics.registry, auth)
    refuse = engine.metrics.refuse
    engine.metrics.watch("waiting", "Requests in the line", lambda: len(page._queue))
    # max_file_size covers uploads only; Gradio would take a JSON body of any size.
    limit = Middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY)
    visitors = Middleware(VisitorLimits, on_refusal=refuse)
    departures = Middleware(Departures, on_departure=lambda session: _unload(page, session))
    page.queue(max_size=_QUEUED)
    page._queue.sleep_when_free = _POLL
    _, address, _ = page.launch(
        server_name=host,
        server_port=port,
        auth=None if auth is None else [auth],
        theme=theme(),
        css=PAGE_CSS,
        footer_links=["api", "settings"],
        run_history=False,
        ssr_mode=False,
        max_file_size=MAX_BODY,
        state_session_capacity=_SESSIONS,
        prevent_thread_lock=True,
        app_kwargs={
            "routes": [modules, *health],
            "middleware": [
                Middleware(DiskFaults),
                visitors,
                limit,
                departures,
                Middleware(OwnAddress),
            ],
        },
        **launch,
    )
    return address


def close(page: gr.Blocks) -> None:
    """End the server within two seconds, whoever is still connected."""
    time.sleep(_GOODBYE)
    server = page.server
    page.app.stop_event.set()
    server.should_exit = True
    server.thread.join(_GOODBYE)
    server.force_exit = True
    server.thread.join(_GOODBYE)


def _unload(page: gr.Blocks, session: str) -> None:
    """Do what the page does when a visitor leaves."""
    for event in page.fns.values():
        if event.fn and any(trigger == "unload" for _, trigger in event.targets):
            event.fn(gr.Request(session_hash=session))


class _Modules:
    """The browser's modules, under whatever path a proxy has left of their address.

    A mounted StaticFiles would look for the path that the proxy cut off.
    """

    def __init__(self) -> None:
        self._files = StaticFiles(directory=STATIC / "js")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = scope["path_params"]
        response = await self._response({**scope, "root_path": "", "path": f"/{wanted['path']}"})
        if wanted["version"] == MODULES_VERSION:
            response.headers["Cache-Control"] = "max-age=31536000, immutable"
        else:  # of a page that was open while the program was updated
            response.headers["Cache-Control"] = "no-cache"
        await response(scope, receive, send)

    async def _response(self, scope: Scope) -> Response:
        response = await self._files.get_response(self._files.get_path(scope), scope)
        response.headers["Content-Type"] = "text/javascript"  # some systems' tables have others
        return response
