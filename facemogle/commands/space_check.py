"""Check that a folder can be uploaded as a Hugging Face Space and will start there."""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from huggingface_hub import metadata_load

from facemogle.commands.arguments import say

MAX_BYTES = 10**9
"""A Space's own repository should stay under 1 GB; larger weights belong into a model repository.
"""

OLDEST_PYTHON = (3, 11)
MAX_DESCRIPTION = 60
START_SECONDS = 300
SKIPPED = {".git", ".venv", "__pycache__", ".pytest_cache", ".ruff_cache", "runs", "build"}
"""Folders that `hf upload` is told to exclude, see docs/space.md."""

_START = """
import os, runpy, socket, sys

def near(address):
    return not isinstance(address, tuple) or address[0] in ("127.0.0.1", "::1", "localhost", "")

def guarded(name):
    call = getattr(socket.socket, name)
    def guard(self, address):
        if not near(address):
            raise OSError(f"network is not to be used, but {address} was")
        return call(self, address)
    return guard

lookup = socket.getaddrinfo
def near_lookup(host, *rest, **more):
    if host not in (None, "", "127.0.0.1", "::1", "localhost", "0.0.0.0"):
        raise socket.gaierror(f"network is not to be used, but {host} was")
    return lookup(host, *rest, **more)

socket.socket.connect, socket.socket.connect_ex = guarded("connect"), guarded("connect_ex")
socket.getaddrinfo = near_lookup
sys.path.insert(0, os.getcwd())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs a program that can reach this machine only."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder to upload")
    parser.add_argument(
        "--no-start", action="store_true", help="check only the files, without opening the page"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print each complaint. Returns 0 if there are none, else 2."""
    complaints = list(check_files(arguments.folder))
    if not complaints and not arguments.no_start:
        complaints += check_start(arguments.folder)
    for complaint in complaints:
        say("space-check", complaint)
    if not complaints:
        print(f"{arguments.folder} is ready to be uploaded.")
    return 2 if complaints else 0


def check_files(folder: Path) -> Iterator[str]:
    """Yield what is wrong with a Space's files, each in one sentence with the remedy."""
    missing = [n for n in ("README.md", "requirements.txt") if not (folder / n).is_file()]
    if missing:
        yield f"{folder} has no {' and no '.join(missing)}. Name the repository's folder."
        return
    lines = (folder / "requirements.txt").read_text().splitlines()
    pins = {}
    for line in filter(None, (line.partition("#")[0].strip() for line in lines)):
        if match := re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[.*\])?==([^*\s;]+)(?:\s*;.*)?", line):
            pins[match[1].lower()] = match[2]
        else:
            yield f"requirements.txt does not pin {line!r}. Write name==version."
    yield from _check_front_matter(folder, pins.get("gradio"))
    size = sum(path.stat().st_size for path in _uploaded(folder))
    if size > MAX_BYTES:
        yield (
            f"The folder has {size / 1e9:.1f} GB, a Space should stay under {MAX_BYTES / 1e9:.0f} "
            "GB. Move weights to a model repository."
        )


def check_start(folder: Path) -> Iterator[str]:
    """Open the page as a Space would, with no network, and yield what went wrong."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_OFFLINE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    app = metadata_load(folder / "README.md")["app_file"]  # pyright: ignore[reportOptionalSubscript]
    with tempfile.TemporaryFile("w+") as log:
        program = subprocess.Popen(
            [sys.executable, "-c", _START, app],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            answered = _wait_for(f"http://127.0.0.1:{port}/", program)
        finally:
            program.kill()
            program.wait()
        if not answered:
            log.seek(0)
            last = "\n".join(log.read().splitlines()[-5:]) or "It printed nothing."
            yield f"{app} did not open its page within {START_SECONDS} s: {last}"


def _check_front_matter(folder: Path, gradio: str | None) -> Iterator[str]:
    facts = metadata_load(folder / "README.md") or {}
    where = "README.md's front matter"
    for name, wanted in {"title": None, "license": None, "app_file": None, "sdk": "gradio",
                         "sdk_version": gradio}.items():  # fmt: skip
        if not facts.get(name):
            yield f"{where} has no {name}. Add a line {name}: {wanted or '...'}."
        elif wanted and str(facts[name]) != wanted:
            yield f"{where} says {name}: {facts[name]}. Make it {wanted}, as in requirements.txt."
    if facts.get("app_file") and not (folder / facts["app_file"]).is_file():
        yield f"{where} says app_file: {facts['app_file']}, which is not there."
    python = str(facts.get("python_version") or "3.10")  # a Space's default
    if tuple(map(int, re.findall(r"\d+", python)[:2])) < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        yield f'{where} gives Python {python}. Add a line python_version: "{oldest}" or newer.'
    description = str(facts.get("short_description") or "")
    if len(description) > MAX_DESCRIPTION:
        yield (
            f"{where} has a short_description of {len(description)} characters. The hub takes "
            f"{MAX_DESCRIPTION}."
        )


def _uploaded(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not SKIPPED & set(path.relative_to(folder).parts):
            yield path


def _wait_for(address: str, program: subprocess.Popen) -> bool:
    """Whether the page answers before its program ends or the time is over."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and program.poll() is None:
        try:
            with opener.open(address, timeout=10) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    return False
