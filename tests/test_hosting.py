"""What a host needs: a port told in time, limits, health, numbers, a log, an orderly end."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from gradio.queueing import Queue
from gradio.route_utils import GradioMultiPartParser
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from served import ROOT, TEMPLATES, free_port
from studio import StudioUnderTest, serve_studio, short
from waiting import until

from facemogle.commands.address import choose_port
from facemogle.commands.page_arguments import parse_arguments
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.ui import endpoints
from facemogle.ui.studio import MAX_BODY

MASK = TEMPLATES / "long_hair.png"
AUTH = ("anna", "secret:word")
PATIENCE = 120


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


@pytest.fixture
def visitor(hosted: StudioUnderTest, client: Client) -> Iterator[httpx.Client]:
    """Somebody who has logged in, and speaks plain HTTP."""
    api = f"{hosted.url}gradio_api/"
    with httpx.Client(base_url=api, cookies=client.cookies, timeout=PATIENCE) as visitor:
        yield visitor


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


def test_slow_clients_hold_up_nobody(hosted: StudioUnderTest, client: Client) -> None:
    """Each sends a request of a megabyte of which only ten bytes come."""
    host, port = hosted.url.removeprefix("http://").rstrip("/").split(":")
    head = f"POST /gradio_api/upload HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 1000000"
    with ExitStack() as connections:
        for _ in range(100):
            slow = connections.enter_context(socket.create_connection((host, int(port))))
            slow.sendall(f"{head}\r\n\r\n0123456789".encode())
        make(client)


def test_who_hardly_reads_holds_up_nobody(client: Client, visitor: httpx.Client) -> None:
    """The answer waits in the server, and is there when it is wanted."""
    (path,) = visitor.post("upload", files={"files": ("mask.png", MASK.read_bytes())}).json()
    mask = {"path": path, "meta": {"_type": "gradio.FileData"}}
    call = visitor.post("call/generate", json={"data": [mask, "a face", 5, 2]}).json()
    with visitor.stream("GET", f"call/generate/{call['event_id']}") as slow:
        make(client)
        assert "event: complete" in slow.read().decode()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_fault_is_told_in_a_line(
    client: Client, visitor: httpx.Client, monkeypatch, caplog, number: int
) -> None:
    """An upload ended with a 500 and a traceback, a result with "null"; the page needs no disk."""

    def fail(*_: object) -> Any:
        raise OSError(number, os.strerror(number), "/secret/place")

    with monkeypatch.context() as fault:
        fault.setattr(GradioMultiPartParser, "parse", fail)
        answer = visitor.post("upload", files={"files": ("mask.png", MASK.read_bytes())})
    assert answer.status_code == 507 and "secret" not in answer.text
    assert os.strerror(number) in answer.text and "Tell its operator" in answer.text
    (line,) = (record for record in caplog.records if "/secret/place" in record.message)
    assert line.exc_info is None
    with monkeypatch.context() as fault:
        fault.setattr(endpoints, "_fresh", fail)
        with pytest.raises(AppError, match=os.strerror(number)):
            make(client)
    make(client)


def test_an_idle_server_rests(hosted: StudioUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradio looked at its empty queue a thousand times a second, at 4 % of a core."""
    looks: Counter[int] = Counter()
    real = Queue.__len__

    def look(queue: Queue) -> int:
        looks[id(queue)] += 1
        return real(queue)

    monkeypatch.setattr(Queue, "__len__", look)
    start = time.monotonic()
    until(lambda: looks.total() > 30)
    assert max(looks.values()) / (time.monotonic() - start) < 150


def test_a_clock_that_is_set_back_changes_nothing(client: Client, monkeypatch) -> None:
    """Whatever waits must not wait for an hour that comes again."""
    make(client)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 3600)
    make(client)


def test_a_cache_that_cannot_be_written_is_named_at_the_start(tmp_path, monkeypatch) -> None:
    """Gradio fails at the first image, hours later, and says nothing to the visitor."""
    place = tmp_path / "cache"
    place.write_text("a file is where the folder should be")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(place))
    command = [sys.executable, "app.py", "--port", str(free_port())]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.startswith(f"app.py: {place} cannot be written.")
    assert result.stderr.count("\n") == 1


def test_each_image_has_a_line_without_its_prompt(
    client: Client, lines: list[dict[str, Any]]
) -> None:
    """What visitors write is nobody's business, unless the host says that it is."""
    make(client)
    (line,) = lines
    assert line["event"] == "image" and line["outcome"] == "done" and line["kind"] == "face"
    assert (line["steps"], line["of"], line["seed"]) == (2, 2, 5)
    assert "secret" not in json.dumps(line)
