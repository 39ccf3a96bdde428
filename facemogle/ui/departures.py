"""Notices callers of the API who go away before they have their answer."""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ANSWER = re.compile(r"/call/(?:v2/)?[^/]+/(?P<event>[^/]+)/?$")


class Departures:
    """Middleware around Gradio's app.

    Pages, and programs with gradio_client, keep a connection open as long as they are there, and
    Gradio tells when it ends. A plain HTTP caller has only the answer to ``/call/NAME/EVENT``, and
    Gradio lets its work run on. on_departure: called with the call's event, which is the session of
    a caller who named none.
    """

    def __init__(self, app: ASGIApp, on_departure: Callable[[str], None]) -> None:
        self.app, self.on_departure = app, on_departure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_get = scope["type"] == "http" and scope["method"] == "GET"
        answer = _ANSWER.search(scope["path"]) if is_get else None
        if answer is None:
            await self.app(scope, receive, send)
            return
        is_complete = False

        async def noting_the_end(message: Message) -> None:
            nonlocal is_complete
            await send(message)
            is_body = message["type"] == "http.response.body"
            is_complete = is_complete or (is_body and not message.get("more_body", False))

        try:
            await self.app(scope, receive, noting_the_end)
        finally:
            if not is_complete:
                self.on_departure(answer["event"])
