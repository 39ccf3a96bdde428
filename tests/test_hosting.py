"""What a host needs: a port told in time, limits, health, numbers, a log, an orderly end."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event
from typing import Any, cast

import httpx
import pytest
from gradio_client import Client, handle_file
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from studio import ROOT, TEMPLATES, StudioUnderTest, serve_studio, short

from facemogle.commands.address import choose_port
from facemogle.commands.page_arguments import parse_arguments
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.serving.engine import EngineError, LocalEngine, Unwanted
from facemogle.serving.hosted import HostedEngine
from facemogle.serving.log import format_line, log
from facemogle.ui import limits
from facemogle.ui.limits import Allowance, VisitorLimits, visitor_of
from facemogle.ui.studio import MAX_BODY

MASK = TEMPLATES / "long_hair.png"
AUTH = ("anna", "secret:word")


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_is_told_before_the_model_is_loaded(taken: int) -> None:
    """The model was loaded for ten seconds, and then Gradio explained launch()."""
    program = "import sys; sys.modules['torch'] = None; import runpy; sys.argv = sys.argv[1:]"
    run = f"{program}; runpy.run_path('app.py', run_name='__main__')"
    result = subprocess.run(
        [sys.executable, "-c", run, "app.py", "--port", str(taken)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert result.stderr == (
        f"app.py: The page cannot listen at 127.0.0.1:{taken}. Another program listens there. "
        "Choose another --port, or leave it out.\n"
    )


def test_without_a_wish_the_next_free_port_is_taken(taken: int) -> None:
    assert choose_port("127.0.0.1", taken, is_fixed=False) > taken


@pytest.mark.parametrize(
    ("host", "remedy"),
    [("192.0.2.1", "no such address"), ("no.such.name.invalid", "Choose another --host")],
)
def test_a_host_that_cannot_be_listened_at_is_named(host: str, remedy: str) -> None:
    """Looking for the next free port there would take a hundred attempts."""
    with pytest.raises(OSError, match=rf"{host}:7860\. .*{remedy}|{host}:7860\. .*resolution"):
        choose_port(host, 7860, is_fixed=False)


def test_the_environment_says_what_the_command_line_does_not(monkeypatch) -> None:
    """--share and --root-path overrode Gradio's variables with nothing."""
    for name, value in {
        "GRADIO_SERVER_NAME": "::1",
        "GRADIO_SERVER_PORT": "7999",
        "GRADIO_ROOT_PATH": "/faces/",
        "GRADIO_SHARE": "True",
        "FACEMOGLE_AUTH": ":".join(AUTH),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["app.py"])
    read = parse_arguments()
    assert (read.host, read.port, read.root_path) == ("::1", 7999, "/faces")
    assert (read.share, read.auth) == (True, AUTH)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (["--auth", "anna"], "it is not like NAME:PASSWORD"),
        (["--root-path", "faces"], "'faces' does not begin with /"),
    ],
)
def test_wrong_arguments_are_named(monkeypatch, capsys, wrong: list[str], complaint: str) -> None:
    monkeypatch.setattr("sys.argv", ["app.py", *wrong])
    with pytest.raises(SystemExit):
        parse_arguments()
    assert complaint in capsys.readouterr().err


@pytest.fixture(scope="module")
def hosted(pipeline: FaceMoGLEPipeline) -> Iterator[StudioUnderTest]:
    yield from serve_studio(short(pipeline, 2), auth=AUTH)


@pytest.fixture(scope="module")
def client(hosted: StudioUnderTest) -> Iterator[Client]:
    client = Client(hosted.url, auth=AUTH, verbose=False)
    yield client
    client.close()


def make(client: Client, **change: Any) -> None:
    asked = {"mask": handle_file(MASK), "prompt": "a secret wish", "seed": 5, "steps": 2}
    client.predict(**asked | change, api_name="/generate")


def metrics(url: str) -> dict[str, float]:
    answer = httpx.get(f"{url}metrics", auth=AUTH)
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_only_who_knows_the_password_comes_in(hosted: StudioUnderTest) -> None:
    assert httpx.get(f"{hosted.url}gradio_api/info").status_code == 401
    assert httpx.get(f"{hosted.url}metrics").status_code == 401
    assert httpx.get(f"{hosted.url}metrics", auth=(AUTH[0], "wrong")).status_code == 401
    assert httpx.get(f"{hosted.url}metrics", auth=AUTH).status_code == 200


def test_health_needs_no_password(hosted: StudioUnderTest) -> None:
    answer = httpx.get(f"{hosted.url}healthz")
    assert (answer.status_code, answer.json()) == (200, {"model": "ready"})


def test_images_seconds_refusals_and_memory_are_counted(
    hosted: StudioUnderTest, client: Client
) -> None:
    before = metrics(hosted.url)
    make(client)
    body = b"x" * (MAX_BODY + 1)
    assert httpx.post(f"{hosted.url}gradio_api/upload", content=body).status_code == 413
    after = metrics(hosted.url)

    def more(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert more('facemogle_images_total{kind="face",outcome="done"}') == 1
    assert more('facemogle_seconds_count{part="step"}') == 2
    assert more('facemogle_seconds_sum{part="image"}') > 0
    assert more('facemogle_refusals_total{reason="size"}') == 1
    assert after["process_resident_memory_bytes"] > 10**8
    assert after["facemogle_waiting"] == 0


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(format_line(record)))


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    handler = Lines()
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield handler.lines
    log.removeHandler(handler)


def test_each_image_has_a_line_without_its_prompt(
    client: Client, lines: list[dict[str, Any]]
) -> None:
    """What visitors write is nobody's business, unless the host says that it is."""
    make(client)
    (line,) = lines
    assert line["event"] == "image" and line["outcome"] == "done" and line["kind"] == "face"
    assert (line["steps"], line["of"], line["seed"]) == (2, 2, 5)
    assert "secret" not in json.dumps(line)


def test_prompts_are_logged_where_they_are_asked_for(
    pipeline: FaceMoGLEPipeline, label_map, lines: list[dict[str, Any]]
) -> None:
    engine = HostedEngine.of(LocalEngine(short(pipeline, 1)), logs_prompts=True)
    request = engine.facts.request(label_map, "a wish", seed=0, steps=1)
    assert len(list(engine.reports(request, lambda: True))) == 2
    assert lines[0]["prompt"] == "a wish"


def test_what_is_not_finished_is_counted_as_stopped(
    pipeline: FaceMoGLEPipeline, label_map, lines: list[dict[str, Any]]
) -> None:
    engine = HostedEngine.of(LocalEngine(short(pipeline, 2)))
    request = engine.facts.request(label_map, "", seed=0, steps=2)
    with closing(engine.reports(request, lambda: True)) as reports:
        next(reports)
        next(reports)
    with pytest.raises(Unwanted):
        list(engine.reports(request, lambda: False))
    assert [(line["outcome"], line["steps"]) for line in lines] == [("stopped", 1), ("stopped", 0)]


def test_who_comes_while_the_model_is_loaded_waits_for_it(
    pipeline: FaceMoGLEPipeline, label_map
) -> None:
    """The page is up before its model, and who leaves meanwhile is not waited for."""
    made, may_load = LocalEngine(short(pipeline, 1)), Event()
    engine = HostedEngine(made.facts, made.concurrency)

    def load() -> LocalEngine:
        assert may_load.wait(60)
        return made

    engine.start(load)
    request = engine.facts.request(label_map, "", seed=0, steps=1)
    with ThreadPoolExecutor() as pool:
        with pytest.raises(Unwanted):
            list(engine.reports(request, lambda: False))
        waiting = pool.submit(lambda: list(engine.reports(request, lambda: True)))
        assert engine.state == "loading" and not waiting.done()
        may_load.set()
        assert len(waiting.result(60)) == 2
    assert engine.state == "ready"


def test_a_model_that_cannot_be_loaded_is_told() -> None:
    def load() -> LocalEngine:
        raise ValueError("no such model")

    engine = HostedEngine(cast(Any, None), 1)
    engine.start(load)
    with pytest.raises(ValueError, match="no such model"):
        engine.wait()


def test_the_end_waits_for_the_step_and_tells_the_visitor(
    pipeline: FaceMoGLEPipeline, label_map
) -> None:
    engine = HostedEngine.of(LocalEngine(short(pipeline, 100)))
    request = engine.facts.request(label_map, "", seed=0, steps=100)
    reports = engine.reports(request, lambda: True)
    next(reports)
    with ThreadPoolExecutor() as pool:
        ending = pool.submit(engine.end, 60)
        while engine.state != "stopping":
            pass
        assert not ending.done()
        with pytest.raises(EngineError, match="being stopped or started anew"):
            list(reports)
        ending.result(60)
    with pytest.raises(EngineError, match="being stopped"):
        next(engine.reports(request, lambda: True))


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

    assert asyncio.run(come("203.0.113.9")) == [200] * 5 + [429] * 2 + [200]
    assert reasons == ["rate"] * 2
    assert asyncio.run(come("127.0.0.1")) == [200] * 8


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

    assert asyncio.run(come()) == 408
    assert reasons == ["slow"]
