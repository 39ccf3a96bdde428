"""How time grows with size, images, visitors and replicas: a measurement, run by hand.

    python tests/growth.py --out growth                      # all four, on an idle machine
    python tests/growth.py --out growth --what side --most 512

Writes growth.json and growth.png, prints a table of each, and the exponent p of seconds ~ x^p, by
least squares of the logarithms. Replicas (needs requirements-serving.txt) are pinned to one core
each, in turn, where there are more of them than cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
import numpy as np
import psutil
from load import replicas_of
from page_protocol import Protocol, Session
from served import TEMPLATES, served_apart

PROMPT = "a woman with long black hair"
STEPS = 2
WAITING = 8
"""Visitors who are there while replicas are counted: as many as there are replicas at most."""


@dataclass(frozen=True)
class Series:
    """What is measured: of each x, seconds. title: of the table. xs: from small to large."""

    title: str
    xs: tuple[int, ...]
    seconds: Callable[[int, int], Iterator[float]]


def of_sides(side: int, repeats: int) -> Iterator[float]:
    """A whole image of so many pixels either way."""
    return in_process(repeats, height=side, width=side)


def of_images(count: int, repeats: int) -> Iterator[float]:
    """So many images of one mask in one call."""
    return in_process(repeats, num_images_per_prompt=count)


def in_process(repeats: int, **arguments: Any) -> Iterator[float]:
    import torch

    from facemogle.weights.loading import load_pipeline

    pipeline = load_pipeline("mini")
    pipeline.set_progress_bar_config(disable=True)
    pipeline.register_to_config(fixed_size=False)  # other sizes cost what they cost, if blurred
    for repeat in range(repeats + 1):
        seed, start = torch.Generator().manual_seed(0), time.perf_counter()
        pipeline(PROMPT, TEMPLATES / "long_hair.png", STEPS, generator=seed, **arguments)
        if repeat > 0:  # the first one warms up
            yield time.perf_counter() - start


def of_visitors(count: int, repeats: int) -> Iterator[float]:
    """Until each of so many visitors, who come at once, has an image."""
    with served_apart() as (url, _):
        yield from asyncio.run(waits(url, count, repeats))


def of_replicas(count: int, repeats: int) -> Iterator[float]:
    """Until each of `WAITING` visitors has an image, with so many replicas."""
    with served_apart("--replicas", str(count)) as (url, process):
        for number, replica in enumerate(replicas_of(psutil.Process(process))):
            replica.cpu_affinity([number % (os.cpu_count() or 1)])
        yield from asyncio.run(waits(url, WAITING, repeats))


async def waits(url: str, visitors: int, repeats: int) -> list[float]:
    """Seconds until all have an image, again and again."""
    limits, found = httpx.Limits(max_connections=None), []
    async with httpx.AsyncClient(timeout=None, limits=limits) as client:
        protocol = await Protocol.learn(url, client)
        sessions = [Session(protocol, number, STEPS) for number in range(visitors)]
        for session in sessions:
            await session.open()
        for _ in range(repeats + 1):
            start = time.perf_counter()
            orders = [await session.begin(session.masks[0]) for session in sessions]
            ends = [(await order.end())["kind"] for order in orders]
            assert ends == ["done"] * visitors, ends
            found.append(time.perf_counter() - start)
        for session in sessions:
            await session.close()
    return found[1:]


SERIES = {
    "side": Series("side of the image, pixels", (256, 384, 512, 768, 1024), of_sides),
    "images": Series("images in one call", (1, 2, 4, 8, 16, 32, 64), of_images),
    "visitors": Series("visitors at once", (1, 2, 5, 10, 20), of_visitors),
    "replicas": Series(f"replicas, for {WAITING} visitors", (1, 2, 4, 8), of_replicas),
}


def exponent(found: dict[int, float]) -> float:
    """p of seconds ~ x^p."""
    return float(np.polyfit(np.log(list(found)), np.log(list(found.values())), 1)[0])


def table(title: str, found: dict[int, float]) -> str:
    """As Markdown."""
    xs, seconds = (" | ".join(f"{value:g}" for value in row) for row in (found, rounded(found)))
    rule = "|---" * (len(found) + 1)
    grows = f" (p = {exponent(found):.2f})" if len(found) > 1 else ""
    return f"| {title}{grows} | {xs} |\n{rule}|\n| seconds | {seconds} |\n"


def rounded(found: dict[int, float]) -> list[float]:
    return [round(seconds, 2) for seconds in found.values()]


def plot(all_found: dict[str, dict[int, float]], path: Path) -> None:
    """A panel of each, both axes logarithmic, with the line that was fitted."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4 * len(all_found), 3.5), layout="constrained")
    axes = figure.subplots(1, len(all_found), squeeze=False)[0]
    for axis, (name, found) in zip(axes, all_found.items(), strict=True):
        xs, seconds = np.array(list(found)), np.array(list(found.values()))
        axis.loglog(xs, seconds, "o")
        if len(found) > 1:
            slope, level = np.polyfit(np.log(xs), np.log(seconds), 1)
            axis.loglog(xs, np.exp(level) * xs**slope, "-", label=f"p = {slope:.2f}")
            axis.legend()
        axis.set(xlabel=SERIES[name].title, ylabel="seconds")
        axis.set_xticks(xs, [str(x) for x in xs])
        axis.set_yticks(seconds, [f"{value:.2g}" for value in seconds])
        axis.minorticks_off()
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--what", choices=SERIES, action="append", help="(default: all)")
    parser.add_argument("--most", type=int, help="leave out what is larger")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("growth"), metavar="NAME")
    arguments = parser.parse_args()
    found: dict[str, dict[int, float]] = {}
    for name in arguments.what or SERIES:
        series = SERIES[name]
        xs = [x for x in series.xs if arguments.most is None or x <= arguments.most]
        found[name] = {x: statistics.median(series.seconds(x, arguments.repeats)) for x in xs}
        print(table(series.title, found[name]), flush=True)
    arguments.out.with_suffix(".json").write_text(json.dumps(found, indent=2))
    plot(found, arguments.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
