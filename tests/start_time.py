"""How long a start of ``python app.py`` takes: python tests/start_time.py [--repeats 3].

Until the page answers, until the model is there and until the first template's face is finished:
seconds, and seconds of the process's own processor time, which other work on the machine changes
less. The machine should be idle for the first.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
import psutil
from served import ROOT, free_port

FINISHED = 'facemogle_images_total{kind="face",outcome="done"} 1.0'
LONGEST = 300
EVENTS = {
    "the page answers": ("", "<html"),
    "the model is there": ("healthz", "ready"),
    "the first face is finished": ("metrics", FINISHED),
}
"""What is waited for, in this order: an address and what its answer then has."""


def start() -> list[tuple[float, float]]:
    """Seconds, and seconds of processor time, until each event."""
    port, began = free_port(), time.monotonic()
    program = [sys.executable, "app.py", "--port", str(port)]
    process = psutil.Popen(program, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        found = []
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/") as client:
            for path, text in EVENTS.values():
                while not says(client, path, text):
                    if time.monotonic() - began > LONGEST or process.poll() is not None:
                        raise SystemExit(f"/{path} did not say {text!r}")
                    time.sleep(0.02)
                spent = process.cpu_times()
                found.append((time.monotonic() - began, spent.user + spent.system))
        return found
    finally:
        process.terminate()
        process.wait()


def says(client: httpx.Client, path: str, text: str) -> bool:
    """Whether an address answers with this text."""
    try:
        return text in client.get(path, timeout=LONGEST).text
    except httpx.TransportError:  # it is not listening yet
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    starts = [start() for _ in range(parser.parse_args().repeats)]
    for event, times in zip(EVENTS, zip(*starts, strict=True), strict=True):
        wall, spent = (statistics.median(part) for part in zip(*times, strict=True))
        print(f"{event:<28}{wall:6.1f} s{spent:8.1f} s of processor time")


if __name__ == "__main__":
    main()
