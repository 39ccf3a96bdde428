"""How the page speaks to its server, for measurements with many visitors and no browser."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
from gradio_client.utils import apply_diff
from photo_scenes import put, room
from PIL import Image
from served import TEMPLATES

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
HEADS = 64  # of photo_scenes
UNKNOWN, OWN = 1_000_000, 2_000_000
"""Numbers that no order has: of an image that the server does not have, of one sent along."""


@dataclass
class Protocol:
    """Of one server. events: name -> number of the event, and its component's."""

    url: str
    client: httpx.AsyncClient
    events: dict[str, tuple[int, int]]

    @classmethod
    async def learn(cls, url: str, client: httpx.AsyncClient) -> Protocol:
        """Read the page's events from its configuration."""
        config = (await client.get(f"{url}/config")).json()
        events = {
            name: (event["id"], component)
            for event in config["dependencies"]
            for component, name in event["targets"]
        }
        return cls(f"{url}/gradio_api", client, events)

    async def post(self, path: str, event: str, session: str, data: list[Any], **more: Any) -> Any:
        """Trigger an event; the answer."""
        number, component = self.events[event]
        body = {
            "fn_index": number, "trigger_id": component, "session_hash": session,
            "data": data, "event_data": more,
        }  # fmt: skip
        answer = await self.client.post(f"{self.url}/{path}", json=body)
        answer.raise_for_status()
        return answer.json()


@dataclass(eq=False)
class Order:
    """One image that was asked for. Times are of time.monotonic.

    sent, joined: when it was sent, and was known to be in the line. began: when its first packet
    came. places: how many were before it, each time it asked. packets: that have come.
    """

    number: int
    sent: float
    joined: float
    began: float | None = None
    places: list[int] = field(default_factory=list)
    packets: list[dict[str, Any]] = field(default_factory=list)
    following: asyncio.Task[None] | None = None

    @property
    def image(self) -> str:
        """The finished image, a data URL; "" if there is none."""
        if not self.packets or self.packets[-1]["kind"] != "done":
            return ""
        return next(p["image"] for p in reversed(self.packets) if p["kind"] == "step")

    def pixels(self) -> str:
        """A hash of the finished image's."""
        image = Image.open(BytesIO(b64decode(self.image.split(",")[1])))
        return sha256(np.asarray(image).tobytes()).hexdigest()

    async def step(self, index: int) -> None:
        """Return when this step was made, or none will be any more."""
        assert self.following is not None
        while not self.following.done() and not any(p.get("index") == index for p in self.packets):
            await asyncio.wait([self.following], timeout=0.02)

    async def end(self) -> dict[str, Any]:
        """The last packet. Raises AssertionError if it says nothing of the end."""
        assert self.following is not None
        await self.following
        assert self.packets, "no packet came"
        last = self.packets[-1]
        assert last["kind"] not in ("start", "step"), f"nothing came after {last['kind']}"
        return last

    def drop(self) -> None:
        """Follow it no more, as a page that is closed."""
        assert self.following is not None
        self.following.cancel()


class Session:
    """A visitor on an open page, who has one image made at a time.

    number: of the visitor, whose masks, prompt, seed and photograph are its own. steps: of images.
    masks: a face, and three changes of it, as the page sends them.
    """

    def __init__(self, protocol: Protocol, number: int, steps: int) -> None:
        self.protocol, self.number = protocol, number
        self.id, self.orders, self._is_announced = uuid4().hex, 0, False
        self._staying: asyncio.Task[None] | None = None
        templates = sorted(TEMPLATES.glob("*.png"))
        mask = read_mask(templates[number % len(templates)], size=(SIDE, SIDE)).label_map
        drawings = [mask]
        for stroke in range(3):
            drawings.append(drawings[-1].copy())
            drawings[-1][
                20 + 3 * number : 80 + 3 * number, 180 + 50 * stroke : 230 + 50 * stroke
            ] = HAT
        self.masks = [b64encode(index_png(one)).decode() for one in drawings]
        self.asked = {
            "prompt": PROMPTS[number % len(PROMPTS)], "seed": str(number), "steps": str(steps),
            "strength": "1", "whole_face": False, "is_draft": False, "muted": [],
            "expert_strengths": [1] * NUM_EXPERTS, "base": None,
        }  # fmt: skip

    async def open(self) -> None:
        """Be on the page until it is closed."""
        self._staying = asyncio.create_task(self._stay())

    async def close(self) -> None:
        """Close it, whatever is being made."""
        if self._staying is not None:
            self._staying.cancel()
            await asyncio.wait([self._staying])

    async def announce(self, *, has_request: bool) -> None:
        """Give up what is being made: for the next order, or for none."""
        self.orders += 1
        self._is_announced = has_request
        more = {"number": self.orders, "has_request": has_request}
        await self.protocol.post("run/predict", "announce", self.id, [], **more)

    async def begin(self, mask: str, **more: Any) -> Order:
        """Order an image. more: in place of what is always asked."""
        if not self._is_announced:
            await self.announce(has_request=True)
        self._is_announced = False
        asked = {**self.asked, **more, "number": self.orders, "mask": mask}
        sent = time.monotonic()
        await self.protocol.post("queue/join", "generate", self.id, [asked])
        order = Order(self.orders, sent, time.monotonic())
        order.following = asyncio.create_task(self._follow(order))
        return order

    def sent(self, image: str) -> dict[str, Any]:
        """A face of this visitor's as a base that the server does not have."""
        return {
            "number": OWN, "image": image, "mask": self.masks[0],
            **{name: self.asked[name] for name in ("prompt", "seed", "muted", "expert_strengths")},
        }  # fmt: skip

    async def read_photo(self) -> str:
        """Open a photograph; a hash of what was read."""
        scene, _ = put(room((600, 800)), self.number % HEADS, (400, 300), 300, 0)
        jpeg = BytesIO()
        Image.fromarray(scene).save(jpeg, "JPEG", quality=90)
        data = {
            "component_id": str(self.protocol.events["announce"][1]), "session_hash": self.id,
            "fn_name": "read_photo", "parser": "embedded", "face": "null",
        }  # fmt: skip
        answer = await self.protocol.client.post(
            f"{self.protocol.url}/component_server",
            data=data,
            files={"file": ("me.jpg", jpeg.getvalue(), "image/jpeg")},
        )
        answer.raise_for_status()
        return sha256(json.dumps(answer.json(), sort_keys=True).encode()).hexdigest()

    async def _stay(self) -> None:
        address = f"{self.protocol.url}/heartbeat/{self.id}"
        async with self.protocol.client.stream("GET", address) as stream:
            async for _ in stream.aiter_lines():
                pass

    async def _follow(self, order: Order) -> None:
        """Collect an order's packets until its end."""
        asking = asyncio.create_task(self._ask(order))
        address = f"{self.protocol.url}/queue/data?session_hash={self.id}"
        last: Any = None
        try:
            async with self.protocol.client.stream("GET", address) as stream:
                async for line in stream.aiter_lines():
                    message: Any = json.loads(line.removeprefix("data: ")) if line else {"msg": ""}
                    if message["msg"] == "process_generating":
                        (news,) = message["output"]["data"]
                        last = news if last is None else apply_diff(last, news)
                        assert last["number"] == order.number, "a packet of another order"
                        asking.cancel()
                        order.began = order.began or time.monotonic()
                        order.packets.append(last)
                    elif message["msg"] == "process_completed":
                        assert message["success"], message
                        return
        finally:
            asking.cancel()

    async def _ask(self, order: Order) -> None:
        """Ask for the place in the line, as the page does."""
        while True:
            await asyncio.sleep(PATIENCE)
            more = {"number": order.number, "asked": time.time()}
            answer = await self.protocol.post("run/predict", "ask", self.id, [], **more)
            (packet,) = answer["data"]
            if packet["ahead"] is not None:
                order.places.append(packet["ahead"])
