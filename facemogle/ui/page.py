"""The page: its components and events, and how it is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.themes import Base
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from facemogle.serving.engine import Engine, Facts
from facemogle.ui.departures import Departures
from facemogle.ui.desk import Desk
from facemogle.ui.endpoints import add_endpoints
from facemogle.ui.photos import Photos
from facemogle.ui.prompts import Prompts
from facemogle.ui.start import FirstFace, read_templates
from facemogle.ui.studio import (
    MAX_BODY,
    MODULES_URL,
    ON_FAILURE,
    SIDE,
    STATIC,
    bus,
    packed,
    studio,
)

_QUEUED = 64
_CACHE_SECONDS = 3600
_PRIVATE: dict[str, Any] = {
    "show_progress": "hidden",
    "trigger_mode": "multiple",
    "api_visibility": "private",
}

_PAGE_CSS = """
.gradio-container .fillable, .gradio-container .html-container { padding: 0 !important; }
footer { display: none !important; } /* there is no room; the API's page stays at /?view=api */
.toast-wrap { display: none !important; } /* failures are told in place, once */
@keyframes studio-wait { from { opacity: 0.15; } to { opacity: 0.7; } }
"""


def build_page(
    engine: Engine, *, model: str, templates: Path, begins_made: bool = False
) -> gr.Blocks:
    """Lay out the page around an engine.

    model: the checkpoint's name, shown in the header.
    templates: folder of faces to start from, as of `read_templates`; the first is on the canvas.
    begins_made: whether the page opens with that face's image, which is made at once.
    """
    desk, photos = Desk(engine, model), Photos(engine.facts.side, engine.parse)
    prompts = Prompts(engine.facts.read_prompt)
    line = {"concurrency_id": "engine", "concurrency_limit": engine.concurrency}

    def read_photo(sent: Any) -> dict[str, Any]:  # as Gradio marks it, which methods do not allow
        return photos.read_photo(sent)

    def read_pair(sent: Any) -> dict[str, Any]:
        return photos.read_pair(sent)

    def read_words(sent: Any) -> dict[str, Any]:
        return prompts.read_words(sent)

    faces = read_templates(templates, SIDE)
    first = FirstFace(desk, faces[0]) if begins_made else None

    def first_face(sent: Any) -> dict[str, Any]:
        return first.read(sent) if first else {"packets": [], "seconds": None}

    with _Page(
        title="facemogle studio",
        fill_width=True,
        analytics_enabled=False,
        delete_cache=(_CACHE_SECONDS, _CACHE_SECONDS),
    ) as page:
        desktop = studio(
            model=_facts(engine.facts, model),
            templates=_packed_templates(faces),
            words=engine.facts.words,
            read_photo=read_photo,
            read_pair=read_pair,
            first_face=first_face,
            read_words=read_words,
        )
        desktop.announce(desk.announce, None, None, queue=False, **_PRIVATE)
        packets = bus()
        desktop.ask(desk.ask, None, packets, queue=False, **_PRIVATE)
        # Named, as Gradio would take the function's name, which the public endpoint has.
        asked = desktop.generate(
            desk.generate, desktop, packets, api_name="request", **line, **_PRIVATE
        )
        asked.failure(None, js=ON_FAILURE)
        add_endpoints(desk, engine.facts.default_steps, **line)
        page.unload(desk.leave)
    return page


def serve(page: gr.Blocks, *, host: str, port: int, share: bool = False, **launch: Any) -> str:
    """Serve the page and return its address. ``launch``: more of Gradio's launch arguments.

    Run history would store every image in the browser's storage, and server-side rendering would
    put a proxy before the modules' route.
    """
    modules = Mount(f"/{MODULES_URL}", _Modules(directory=STATIC / "js"))
    # max_file_size covers uploads only; Gradio would take a JSON body of any size.
    limit = Middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY)
    departures = Middleware(Departures, on_departure=lambda session: _unload(page, session))
    _, address, _ = page.queue(max_size=_QUEUED).launch(
        server_name=host,
        server_port=port,
        share=share,
        theme=_theme(),
        css=_PAGE_CSS,
        footer_links=["api", "settings"],
        run_history=False,
        ssr_mode=False,
        max_file_size=MAX_BODY,
        app_kwargs={"routes": [modules], "middleware": [limit, departures]},
        **launch,
    )
    return address


def _unload(page: gr.Blocks, session: str) -> None:
    """Do what the page does when a visitor leaves."""
    for event in page.fns.values():
        if event.fn and any(trigger == "unload" for _, trigger in event.targets):
            event.fn(gr.Request(session_hash=session))


def _facts(facts: Facts, model: str) -> dict[str, Any]:
    """What the browser has to know of the model."""
    return {
        "name": model,
        "device": facts.device,
        "side": facts.side,
        "steps": facts.default_steps,
    }


def _packed_templates(faces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As the browser gets them: the label maps packed."""
    return [
        {
            "title": face["title"],
            "prompt": face["prompt"],
            "seed": face["seed"],
            "labels": packed(face["label_map"]),
        }
        for face in faces
    ]


def _theme() -> Base:
    """System fonts only: the page asks no other server for anything."""
    return Base(
        primary_hue="teal",
        neutral_hue="stone",
        radius_size="md",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    ).set(
        body_background_fill="*neutral_100",
        body_background_fill_dark="*neutral_950",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_hover_dark="*primary_600",
        color_accent="*primary_700",
        input_background_fill="*background_fill_primary",
        input_background_fill_dark="*background_fill_primary",
    )


class _Page(gr.Blocks):
    """An endpoint's last arguments may be left away by plain HTTP callers too.

    They give a list of values, which Gradio refuses if one is missing.
    """

    async def process_api(
        self, block_fn: BlockFunction | int, inputs: list[Any], *others: Any, **more: Any
    ) -> dict[str, Any]:
        event = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        left_away = event.inputs[len(inputs) :]
        inputs = [*inputs, *(getattr(component, "value", None) for component in left_away)]
        return await super().process_api(block_fn, inputs, *others, **more)


class _Modules(StaticFiles):
    """The browser's modules."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"  # ask again: the program may be updated
        response.headers["Content-Type"] = "text/javascript"  # some systems' tables have others
        return response
