"""Language models reach the endpoints as tools, and read what went wrong."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from served import TEMPLATES
from studio import StudioUnderTest, serve_studio
from waiting import run

from facemogle.masks.reading import read_mask
from facemogle.ui.data_url import data_url

TEMPLATE = sorted(TEMPLATES.glob("*.png"))[0]
MASK = data_url("png", TEMPLATE.read_bytes())

T = TypeVar("T")


@pytest.fixture(scope="module")
def studio() -> Iterator[StudioUnderTest]:
    yield from serve_studio(mcp_server=True)


def ask(studio: StudioUnderTest, question: Callable[[ClientSession], Awaitable[T]]) -> T:
    """Do something in a session of the official client."""

    async def session() -> T:
        async with (
            streamable_http_client(f"{studio.url}gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as client,
        ):
            await client.initialize()
            return await question(client)

    return run(session())


def call(studio: StudioUnderTest, tool: str, **arguments: Any) -> Any:
    return ask(studio, lambda client: client.call_tool(tool, arguments))


def test_the_tools_say_what_they_take(studio: StudioUnderTest) -> None:
    """A tool without described arguments is called by guessing."""
    tools = ask(studio, lambda client: client.list_tools()).tools
    named = {tool.name.removeprefix("facemogle_"): tool for tool in tools}
    assert set(named) == {"generate", "edit", "parse"}
    for tool in named.values():
        properties = tool.inputSchema["properties"]
        assert all(value.get("description") for value in properties.values()), tool.name
    assert "regions" in (named["parse"].description or "")


def test_an_image_that_was_made_can_be_parsed(studio: StudioUnderTest) -> None:
    """What comes back is an address that the caller can fetch."""
    made = call(studio, tool_name(studio, "generate"), mask=MASK, prompt="", seed=0, steps=4)
    image, trace = urls(made)
    assert trace.endswith("trace.npz")
    sent = data_url("png", httpx.get(image).content)  # Gradio fetches from public addresses only
    (mask,) = urls(call(studio, tool_name(studio, "parse"), image=sent, parser="embedded"))
    label_map = read_mask(httpx.get(mask).content).label_map
    same = label_map == read_mask(TEMPLATE, size=label_map.shape).label_map
    assert same.mean() > 0.7


def urls(answer: Any) -> list[str]:
    assert not answer.isError, answer.content
    text = " ".join(content.text for content in answer.content if content.type == "text")
    return re.findall(r"http://[^'\" ]+", text)


def test_errors_reach_the_caller(studio: StudioUnderTest) -> None:
    made = call(studio, tool_name(studio, "generate"), mask=MASK, prompt="", seed=0, steps=0)
    assert made.isError
    assert "Steps 0 is out of range" in made.content[0].text


def tool_name(studio: StudioUnderTest, endpoint: str) -> str:
    tools = ask(studio, lambda client: client.list_tools()).tools
    return next(tool.name for tool in tools if tool.name.endswith(endpoint))
