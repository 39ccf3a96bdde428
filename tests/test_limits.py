"""One visitor's requests are bounded in number, size and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from waiting import run

from facemogle.ui import limits
from facemogle.ui.limits import Allowance, VisitorLimits, visitor_of


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_allowance_is_used_up_and_fills_again() -> None:
    clock = Clock()
    allowance = Allowance(clock)
    assert allowance.spend("a", limits.BURST) == 0
    assert allowance.spend("a", 1) < 0
    assert allowance.spend("b", 1) > 0  # everybody has their own
    clock.now += 1
    assert allowance.left("a") == pytest.approx(limits.RATE - 1)
    clock.now += 3600
    assert allowance.left("a") == limits.BURST


def test_visitors_who_were_quiet_are_forgotten(monkeypatch) -> None:
    """Else memory grows with every address that ever came."""
    monkeypatch.setattr(limits, "MAX_KNOWN", 10)
    clock = Clock()
    allowance = Allowance(clock)
    for number in range(100):
        clock.now += 1
        allowance.spend(str(number), 1)
    assert len(allowance._left) <= 11


@pytest.mark.parametrize(
    ("host", "visitor"),
    [
        ("127.0.0.1", None),
        ("::1", None),
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::2", "2001:db8::/64"),
    ],
)
def test_a_visitor_is_an_address_or_a_network(host: str, visitor: str | None) -> None:
    """Whoever has one address of IPv6 has 2^64."""
    assert visitor_of({"client": (host, 1)}) == visitor


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


def limited(reasons: list[str], host: str) -> httpx.AsyncClient:
    app = Starlette(
        routes=[Route("/", answer, methods=["GET", "POST"])],
        middleware=[Middleware(VisitorLimits, on_refusal=reasons.append)],
    )
    transport = httpx.ASGITransport(app, client=(host, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://studio")


def test_too_many_requests_of_one_visitor_are_refused(monkeypatch) -> None:
    monkeypatch.setattr(limits, "BURST", 5.0)
    monkeypatch.setattr(limits, "RATE", 0.001)
    reasons: list[str] = []

    async def come(host: str) -> list[int]:
        async with limited(reasons, host) as client:
            codes = [(await client.post("/")).status_code for _ in range(7)]
            codes.append((await client.get("/")).status_code)
        return codes

    assert run(come("203.0.113.9")) == [200] * 5 + [429] * 2 + [200]
    assert reasons == ["rate"] * 2
    assert run(come("127.0.0.1")) == [200] * 8


def test_a_body_that_does_not_come_is_given_up(monkeypatch) -> None:
    """A client that sends a byte a second held a connection and its memory for hours."""
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.2)
    reasons: list[str] = []

    async def trickle() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    async def come() -> int:
        messages = []
        stream = trickle()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": await anext(stream), "more_body": True}

        async def send(message: Any) -> None:
            messages.append(message)

        app = Starlette(
            routes=[Route("/", answer, methods=["POST"])],
            middleware=[Middleware(VisitorLimits, on_refusal=reasons.append)],
        )
        scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
        await app(scope, receive, send)
        return messages[0]["status"]

    assert run(come()) == 408
    assert reasons == ["slow"]
