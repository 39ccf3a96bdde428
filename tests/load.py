"""Many visitors at once, checked: a measurement, run by hand.

    python tests/load.py --visitors 20 --seconds 300

Serves `mini` in a process of its own, or with `--replicas 2` in several. Every visitor speaks the
page's protocol and makes two images in turn, of a mask, a prompt and a seed of its own: a whole
face, then an edit of it. From time to time one more visitor comes and leaves while its image is
made. In the end each visitor's images are made again by nobody but it: they must be the same,
pixel for pixel. Exit status 1 if one is not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
import numpy as np
from gradio_client.utils import apply_diff
from PIL import Image
from studio import TEMPLATES, served_apart

from facemogle.masks.label_map import index_png
from facemogle.masks.reading import read_mask
from facemogle.masks.regions import NUM_EXPERTS

PATIENCE = 1.5  # seconds in the line after which the page asks for its place
HAT, SIDE = 14, 512
PROMPTS = (
    "a man with black hair",
    "a woman with blond hair",
    "an old man",
    "a young woman, smiling",
)


@dataclass
class Log:
    """What happened to all visitors, in the order in which it did."""

    joined: dict[tuple[str, int], float] = field(default_factory=dict)
    started: list[tuple[str, int]] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    memory: list[tuple[int, float]] = field(default_factory=list)  # images so far, MiB
    freed: list[float] = field(default_factory=list)
    images: int = 0

    def overtaken(self) -> int:
        """How many places later than it joined the line an order began, at most.

        Without the first orders, which all come in the same moment.
        """
        later = [order for order in self.started if order[1] > 1]
        at = {order: index for index, order in enumerate(later)}
        came = sorted(at, key=lambda order: self.joined[order])
        return max(at[order] - index for index, order in enumerate(came))


class Protocol:
    """How the page speaks to its server."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self.url, self.client = f"{url}/gradio_api", client
        self.events: dict[str, tuple[int, int]] = {}  # name -> number of the event, its component

    async def learn(self, url: str) -> None:
        """Read the page's events from its configuration."""
        config = (await self.client.get(f"{url}/config")).json()
        for event in config["dependencies"]:
            for component, name in event["targets"]:
                self.events[name] = (event["id"], component)

    def body(self, event: str, session: str, data: list[Any], more: Any = None) -> dict[str, Any]:
        number, component = self.events[event]
        return {
            "fn_index": number, "trigger_id": component, "session_hash": session,
            "data": data, "event_data": more,
        }  # fmt: skip

    async def tell(self, event: str, session: str, **more: Any) -> Any:
        """Trigger an event outside the queue; its output."""
        answer = await self.client.post(
            f"{self.url}/run/predict", json=self.body(event, session, [], more)
        )
        answer.raise_for_status()
        return answer.json()["data"]

    async def packets(
        self, session: str, order: dict[str, Any], joins: Callable[[], None] = lambda: None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Place an order and follow it to its end. joins(): called when the server has it."""
        joined = await self.client.post(
            f"{self.url}/queue/join", json=self.body("generate", session, [order])
        )
        joined.raise_for_status()
        joins()
        address = f"{self.url}/queue/data?session_hash={session}"
        last: Any = None
        async with self.client.stream("GET", address) as stream:
            async for line in stream.aiter_lines():
                message: Any = json.loads(line.removeprefix("data: ")) if line else {"msg": ""}
                if message["msg"] == "process_generating":
                    (news,) = message["output"]["data"]
                    last = news if last is None else apply_diff(last, news)
                    yield last
                elif message["msg"] == "process_completed":
                    assert message["success"], message
                    return

    async def stay(self, session: str) -> None:
        """Be on the page, until this task is cancelled."""
        async with self.client.stream("GET", f"{self.url}/heartbeat/{session}") as stream:
            async for _ in stream.aiter_lines():
                pass


class Visitor:
    """Orders its two images in turn. number: tells it from the others."""

    def __init__(self, protocol: Protocol, log: Log, number: int) -> None:
        self.protocol, self.log = protocol, log
        self.session, self.orders = uuid4().hex, 0
        self.name = f"visitor {number}"
        templates = sorted(TEMPLATES.glob("*.png"))
        mask = read_mask(templates[number % len(templates)], size=(SIDE, SIDE)).label_map
        edited = mask.copy()
        edited[20 + 3 * number : 80 + 3 * number, 180:330] = HAT
        self.masks = [b64encode(index_png(one)).decode() for one in (mask, edited)]
        self.asked = {
            "prompt": PROMPTS[number % len(PROMPTS)], "seed": str(number), "strength": "1",
            "whole_face": False, "is_draft": False, "muted": [],
            "expert_strengths": [1] * NUM_EXPERTS,
        }  # fmt: skip

    async def order(self, steps: int, base: int | None, mask: str) -> str | None:
        """Make an image; a hash of its pixels."""
        self.orders += 1
        key = self.name, self.orders
        await self.protocol.tell("announce", self.session, number=self.orders, has_request=True)
        content = {
            **self.asked, "number": self.orders, "mask": mask, "steps": str(steps),
            "base": None if base is None else {"number": base},
        }  # fmt: skip
        began, image = time.monotonic(), ""

        def join() -> None:
            self.log.joined[key] = time.monotonic()

        asking = asyncio.create_task(self.ask())
        try:
            async for packet in self.protocol.packets(self.session, content, join):
                asking.cancel()
                assert packet["number"] == self.orders, "a packet of another order"
                if packet["kind"] == "start":
                    self.log.started.append(key)
                    self.log.waits.append(time.monotonic() - began)
                elif packet["kind"] == "step":
                    image = packet["image"]
                else:
                    assert packet["kind"] == "done", packet
        finally:
            asking.cancel()
        self.log.images += 1
        pixels = Image.open(BytesIO(b64decode(image.split(",")[1])))
        return sha256(np.asarray(pixels).tobytes()).hexdigest()

    async def ask(self) -> None:
        """Ask for the place in the line, as the page does."""
        while True:
            await asyncio.sleep(PATIENCE)
            (packet,) = await self.protocol.tell(
                "ask", self.session, number=self.orders, asked=time.time()
            )
            if packet["ahead"] is not None:
                self.log.places.append(packet["ahead"])

    async def pair(self, steps: int) -> tuple[str | None, str | None]:
        """The whole face and its edit."""
        face = await self.order(steps, None, self.masks[0])
        return face, await self.order(steps, self.orders, self.masks[1])

    async def visit(self, steps: int, until: float) -> list[tuple[str | None, str | None]]:
        """Make both images again and again."""
        staying = asyncio.create_task(self.protocol.stay(self.session))
        pairs = []
        while time.monotonic() < until:
            pairs.append(await self.pair(steps))
        staying.cancel()
        return pairs

    async def leave_early(self) -> None:
        """Order a long image and close the page at its second step."""
        staying = asyncio.create_task(self.protocol.stay(self.session))
        self.orders = 1
        await self.protocol.tell("announce", self.session, number=1, has_request=True)
        content = {**self.asked, "number": 1, "mask": self.masks[0], "steps": "100", "base": None}
        async with aclosing(self.protocol.packets(self.session, content)) as packets:
            async for packet in packets:
                if packet.get("index") == 1:
                    break
        staying.cancel()
        began, before = time.monotonic(), len(self.log.started)
        while len(self.log.started) == before:
            await asyncio.sleep(0.01)
        self.log.freed.append(time.monotonic() - began)


async def watch_memory(process: int, log: Log) -> None:
    """Note the server's resident memory, again and again."""
    while True:
        status = Path(f"/proc/{process}/status").read_text()
        kib = int(status.split("VmRSS:")[1].split()[0])
        log.memory.append((log.images, kib / 1024))
        await asyncio.sleep(1)


async def come_and_go(protocol: Protocol, log: Log, first: int, every: float) -> None:
    """Visitors who leave early, one after the other."""
    for number in range(first, first + 1000):
        await asyncio.sleep(every)
        await Visitor(protocol, log, number).leave_early()


def report(log: Log, pairs: list[list[Any]], alone: list[Any], seconds: float) -> bool:
    """Print what was found; whether all images were right."""
    wrong = sum(pair != right for made, right in zip(pairs, alone, strict=True) for pair in made)
    per_visitor = [2 * len(made) for made in pairs]
    print(
        f"{log.images} images in {seconds:.0f} s, {min(per_visitor)} to {max(per_visitor)} "
        "a visitor"
    )
    print(f"pairs that differ from those made alone: {wrong} of {sum(map(len, pairs))}")
    print(f"an order began at most {log.overtaken()} places later than it came")
    print(
        f"wait for the first packet: median {statistics.median(log.waits):.1f} s, most "
        f"{max(log.waits):.1f} s; places told: {sorted(Counter(log.places).items())}"
    )
    if log.freed:
        print(
            f"{len(log.freed)} left early; the next image began after at most "
            f"{max(log.freed):.1f} s"
        )
    for images in range(0, log.images + 1, 50):
        print(
            f"memory after {images} images: "
            f"{next(mib for count, mib in log.memory if count >= images):.0f} MiB"
        )
    print(f"memory in the end: {log.memory[-1][1]:.0f} MiB")
    return wrong == 0


async def run(arguments: argparse.Namespace, url: str, process: int) -> bool:
    log, limits = Log(), httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=None, limits=limits) as client:
        protocol = Protocol(url, client)
        await protocol.learn(url)
        visitors = [Visitor(protocol, log, number) for number in range(arguments.visitors)]
        others = [
            asyncio.create_task(watch_memory(process, log)),
            asyncio.create_task(come_and_go(protocol, log, len(visitors), arguments.seconds / 10)),
        ]
        until = time.monotonic() + arguments.seconds
        visits = (visitor.visit(arguments.steps, until) for visitor in visitors)
        pairs = await asyncio.gather(*visits)
        others[1].cancel()
        await asyncio.sleep(5)
        others[0].cancel()
        alone = [
            await Visitor(protocol, Log(), number).pair(arguments.steps)
            for number in range(arguments.visitors)
        ]
    return report(log, pairs, alone, arguments.seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--replicas", help="as of app.py")
    arguments = parser.parse_args()
    replicas = ["--replicas", arguments.replicas] if arguments.replicas else []
    with served_apart(*replicas) as (url, process):
        is_right = asyncio.run(run(arguments, url, process))
    raise SystemExit(not is_right)


if __name__ == "__main__":
    main()
