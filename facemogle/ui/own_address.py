"""The page finds its server where the browser found the page, whatever proxies lie between."""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HERE = b'(location.origin + location.pathname.replace(/\\/$/, ""))'
_ROOT = re.compile(rb'("root": ?|const root = )"[^"]*"')


class OwnAddress:
    """Middleware that lets the browser fill in the page's address.

    Gradio writes the address into the page that it believes to have. Behind a proxy that takes a
    path away, or ends https without saying so, that is another one, and the page stays dead.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def filled_in(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                is_page = MutableHeaders(raw=message["headers"]).get("content-type", "")
                if is_page.startswith("text/html"):
                    start = message
                    return
            elif start:
                body += message.get("body", b"")
                if message.get("more_body", False):
                    return
                page = _ROOT.sub(rb"\1" + _HERE.replace(b"\\", b"\\\\"), body)
                MutableHeaders(raw=start["headers"])["content-length"] = str(len(page))
                await send(start)
                message = {"type": "http.response.body", "body": page}
            await send(message)

        await self.app(scope, receive, filled_in)
