"""Many visitors at once, checked: a measurement, run by hand.

    python tests/load.py --visitors 20 --minutes 30
    python tests/load.py --visitors 20 --minutes 30 --replicas 2 --kill-every 60

Serves `mini` in a process of its own, or with `--replicas` in several, of which one is killed now
and then. Every visitor speaks the page's protocol and does by chance what people do: makes a whole
face, edits it, paints with live drafts that replace each other, opens a photograph, stops an image,
closes the page, reloads it and edits again. All have masks, prompts and seeds of their own. In the
end everything is made again by one visitor alone: it must be the same, pixel for pixel.

Exit status 1 if a result is another's, or an order ended without a word.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
import psutil
from page_protocol import UNKNOWN, Order, Protocol, Session
from served import served_apart

SETTLED = 5 * 60.0
"""Seconds after which a server has allocated what it needs; what it takes later, it loses."""

LONGEST = 600.0
"""Seconds after which what was asked for counts as lost."""

LONG = 100  # steps of an image that is given up
REPLICA = "ray::ServeReplica"
"""How Ray names its processes."""


@dataclass
class Log:
    """What happened to all visitors.

    made: what came out, by visitor and what was made. lost: orders that ended without a word.
    told: failures that a visitor was told of. memory: seconds since the start, MiB.
    """

    made: dict[tuple[int, str], list[str]] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    killed: int = 0

    def overtaken(self) -> list[int]:
        """Of each order that began: how many began before it that were sent when it was in line."""
        times = [(o.sent, o.joined, o.began) for o in self.orders if o.began is not None]
        return [
            sum(sent > joined and began < mine for sent, _, began in times)
            for _, joined, mine in times
        ]


class Visitor:
    """One person, whose doings follow from its number. steps: of its images."""

    def __init__(self, protocol: Protocol, log: Log, number: int, steps: int) -> None:
        self.protocol, self.log, self.number, self.steps = protocol, log, number, steps
        self.chance, self.is_hasty = random.Random(number), True
        self.face: int | None = None  # number of the order that made it, in this session
        self.image = ""  # its data URL
        self.page = Session(protocol, number, steps)
        self.doings: dict[str, Callable[[], Awaitable[None]]] = {
            "face": self.make_face, "edit": self.edit, "live strokes": self.paint_live,
            "photo": self.open_photo, "stop": self.stop, "leave": self.leave,
            "reload": self.reload,
        }  # fmt: skip

    async def visit(self, until: float) -> None:
        """Do one thing after the other."""
        await self.arrive()
        while time.monotonic() < until:
            doing = self.chance.choice(list(self.doings))
            try:
                async with asyncio.timeout(LONGEST):
                    await self.doings[doing]()
            except (httpx.HTTPError, AssertionError, LookupError, TimeoutError) as error:
                self.log.lost.append(f"{self.number}, {doing}: {type(error).__name__}: {error}")
                await self.go()
                await self.arrive()
            await asyncio.sleep(self.chance.expovariate(2))
        await self.go()

    async def everything(self) -> None:
        """Make all that a visit makes, once, and wait for each."""
        self.is_hasty = False
        await self.arrive()
        for doing in (self.make_face, self.edit, self.paint_live, self.open_photo, self.reload):
            await doing()
        await self.go()

    async def arrive(self) -> None:
        self.page, self.face = Session(self.protocol, self.number, self.steps), None
        await self.page.open()

    async def go(self) -> None:
        await self.page.close()

    async def make_face(self) -> None:
        order = await self.order("face", self.page.masks[0])
        if order.image:
            self.face, self.image = order.number, order.image

    async def edit(self) -> None:
        if self.face is None:
            await self.make_face()
        if self.face is not None:
            await self.order("edit", self.page.masks[1], base={"number": self.face})

    async def paint_live(self) -> None:
        """Three strokes, of which each replaces the draft of the one before."""
        if self.face is None:
            await self.make_face()
        if self.face is None:
            return
        for stroke, mask in enumerate(self.page.masks[1:], 1):
            is_replaced = self.is_hasty and stroke < len(self.page.masks) - 1
            more = {"base": {"number": self.face}, "is_draft": True}
            await self.order(f"draft {stroke}", mask, is_replaced=is_replaced, **more)

    async def open_photo(self) -> None:
        self.note("photo", await self.page.read_photo())

    async def stop(self) -> None:
        await self.order("stopped", self.page.masks[0], steps=str(LONG), stops_at=1)

    async def leave(self) -> None:
        """Close the page while an image is made, and come again."""
        order = await self.page.begin(self.page.masks[0], steps=str(LONG))
        await order.step(1)
        await self.go()
        order.drop()
        await self.arrive()

    async def reload(self) -> None:
        """The new page has the image, the server does not know it."""
        if self.face is None:
            await self.make_face()
        if self.face is None:
            return
        image = self.image
        await self.go()
        await self.arrive()
        forgotten = await self.page.begin(self.page.masks[1], base={"number": UNKNOWN})
        last = await forgotten.end()
        assert last["kind"] == "forgotten", last
        await self.order("edit of a sent image", self.page.masks[1], base=self.page.sent(image))

    async def order(self, what: str, mask: str, **more: Any) -> Order:
        """Have an image made, and note it."""
        stops_at, is_replaced = more.pop("stops_at", None), more.pop("is_replaced", False)
        order = await self.page.begin(mask, **more)
        self.log.orders.append(order)
        if stops_at is not None or is_replaced:
            await order.step(stops_at or 0)
            await self.page.announce(has_request=is_replaced)
        last = await order.end()
        if last["kind"] == "error":
            assert last["text"], "an error without a word"
            self.log.told.append(last["text"])
        elif last["kind"] == "done" and stops_at is None:
            self.note(what, order.pixels())
        else:
            assert last["kind"] == "stopped", f"it ended with {last}"
            assert is_replaced or stops_at is not None, "nobody stopped it"
        return order

    def note(self, what: str, result: str) -> None:
        self.log.made.setdefault((self.number, what), []).append(result)


async def watch_memory(process: int, log: Log) -> None:
    """Note the page's resident memory, again and again."""
    began, page = time.monotonic(), psutil.Process(process)
    while True:
        log.memory.append((time.monotonic() - began, page.memory_info().rss / 2**20))
        await asyncio.sleep(1)


async def kill_replicas(process: int, log: Log, every: float) -> None:
    """End a replica without a warning, again and again."""
    chance = random.Random(0)
    while True:
        await asyncio.sleep(every)
        if replicas := replicas_of(psutil.Process(process)):
            chance.choice(replicas).kill()
            log.killed += 1


def replicas_of(page: psutil.Process) -> list[psutil.Process]:
    """The processes that hold a model."""
    found = []
    for child in page.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it may just have ended
            if REPLICA in " ".join(child.cmdline()):
                found.append(child)
    return found


def report(log: Log, alone: Log) -> bool:
    """Print what was found; whether every result was the right one, and none lost."""
    mixed = [
        f"visitor {number}, {what}"
        for (number, what), results in log.made.items()
        for result in results
        if [result] != alone.made.get((number, what), [None])[:1]
    ]
    counts: Counter[str] = Counter()
    for (_, what), results in log.made.items():
        counts[what] += len(results)
    print(f"{sum(counts.values())} results: " + ", ".join(f"{n} {w}" for w, n in counts.items()))
    print(f"results that are not those made alone: {len(mixed)} {mixed[:5]}")
    print(f"orders that ended without a word: {len(log.lost)} {log.lost[:5]}")
    print(
        f"failures told: {len(log.told)} {sorted(set(log.told))[:3]}; replicas killed: {log.killed}"
    )
    overtaken = log.overtaken()
    print(
        f"orders overtaken by more than one other: {sum(n > 1 for n in overtaken)} of "
        f"{len(overtaken)}, at most by {max(overtaken, default=0)}"
    )
    waits = sorted(order.began - order.sent for order in log.orders if order.began is not None)
    p95 = statistics.quantiles(waits, n=20, method="inclusive")[-1]
    print(f"wait: half {statistics.median(waits):.1f} s, 95 % {p95:.1f} s, most {waits[-1]:.1f} s")
    places = Counter(place for order in log.orders for place in order.places)
    print(f"places told while waiting: {sorted(places.items())}")
    print(memory(log.memory))
    return not mixed and not log.lost


def memory(found: list[tuple[float, float]]) -> str:
    """How it grew once it had settled, as text."""
    settled = [mib for at, mib in found if at >= SETTLED]
    if not settled:
        return f"memory: {found[-1][1]:.0f} MiB in the end; not settled before {SETTLED:.0f} s"
    first, last = statistics.mean(settled[:60]), statistics.mean(settled[-60:])
    return (
        f"memory: {first:.0f} MiB in the minute from {SETTLED:.0f} s on, {last:.0f} MiB in the "
        f"last one: {last / first - 1:+.1%}"
    )


async def run(arguments: argparse.Namespace, url: str, process: int) -> bool:
    log, alone = Log(), Log()
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=None, limits=limits) as client:
        protocol = await Protocol.learn(url, client)
        visitors = range(arguments.visitors)
        others = [asyncio.create_task(watch_memory(process, log))]
        if arguments.kill_every:
            killing = kill_replicas(process, log, arguments.kill_every)
            others.append(asyncio.create_task(killing))
        until = time.monotonic() + 60 * arguments.minutes
        await asyncio.gather(
            *(Visitor(protocol, log, n, arguments.steps).visit(until) for n in visitors)
        )
        for other in others:
            other.cancel()
        for number in visitors:
            await Visitor(protocol, alone, number, arguments.steps).everything()
    return report(log, alone)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--replicas", help="as of app.py")
    parser.add_argument("--kill-every", type=float, default=0, metavar="SECONDS")
    arguments = parser.parse_args()
    replicas = ["--replicas", arguments.replicas] if arguments.replicas else []
    with served_apart(*replicas) as (url, process):
        is_right = asyncio.run(run(arguments, url, process))
    raise SystemExit(not is_right)


if __name__ == "__main__":
    main()
