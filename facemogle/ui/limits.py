"""What one visitor may ask of the server, so that the others still get something."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

RATE = 30.0
"""Requests a second that a visitor may send in the long run: live painting sends about four."""

BURST = 300.0
"""Requests that a visitor who was quiet may send at once."""

REQUEST_BYTES = 2**18
"""So many bytes count as one more request."""

BODY_SECONDS = 300.0
"""A request has to arrive within this time; the largest one does at 80 kB/s."""

_REASONS = {408: "slow", 413: "size", 503: "full"}

MAX_KNOWN = 10_000
"""Visitors that are remembered; then those who have been quiet are forgotten."""


class Allowance:
    """A bucket per visitor that fills at a rate. clock: seconds, monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}  # allowance, and when it was so

    def spend(self, visitor: str, cost: float) -> float:
        """Take the cost out of the visitor's bucket. Returns what is left; a debt is negative."""
        left, now = self.left(visitor), self._clock()
        if len(self._left) >= MAX_KNOWN:
            self._left = {v: kept for v, kept in self._left.items() if self.left(v) < BURST}
        self._left[visitor] = left - cost, now
        return left - cost

    def left(self, visitor: str) -> float:
        """What the visitor may still spend."""
        left, since = self._left.get(visitor, (BURST, self._clock()))
        return min(BURST, left + RATE * (self._clock() - since))


class VisitorLimits:
    """Middleware that bounds how often and how slowly one visitor sends.

    A visitor is an IPv4 address or an IPv6 network of 64 bits. Requests of this machine are not
    counted: they are one's own, or those of a proxy that does not say whose they are.
    on_refusal: called with "rate" or "slow"; also with "size" or "full" for what others refuse.
    """

    def __init__(self, app: ASGIApp, on_refusal: Callable[[str], None]) -> None:
        self.app, self.on_refusal = app, on_refusal
        self.allowance = Allowance()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        visitor = visitor_of(scope)
        if visitor is not None:
            left = self.allowance.spend(visitor, 1)
            if left < 0:
                self.on_refusal("rate")
                await _too_many(left)(scope, receive, send)
                return

        async def noting_refusals(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in _REASONS:
                self.on_refusal(_REASONS[message["status"]])
            await send(message)

        await self.app(scope, self._in_time(receive, visitor), noting_refusals)

    def _in_time(self, receive: Receive, visitor: str | None) -> Receive:
        """Receives a body, which has to be complete in time."""
        deadline = asyncio.get_running_loop().time() + BODY_SECONDS
        is_complete = False

        async def received() -> Message:
            nonlocal is_complete
            if is_complete:  # what follows is the end of the connection, whenever that may be
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(
                    408, f"The request took more than {BODY_SECONDS:.0f} s to arrive. Send less."
                ) from None
            is_complete = not message.get("more_body", False)
            if visitor is not None:
                self.allowance.spend(visitor, len(message.get("body", b"")) / REQUEST_BYTES)
            return message

        return received


def visitor_of(scope: Scope) -> str | None:
    """Whose request it is; None if it comes from this machine."""
    host = (scope.get("client") or ("127.0.0.1", 0))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:  # a proxy may name anything
        return host
    if address.is_loopback:
        return None
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host


def _too_many(left: float) -> PlainTextResponse:
    wait = f"{1 - left / RATE:.0f}"
    text = f"Too many requests from your address. Try again in {wait} s."
    return PlainTextResponse(text, 429, {"Retry-After": wait})
