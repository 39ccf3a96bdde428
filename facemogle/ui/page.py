"""The page: its components and events."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from PIL import UnidentifiedImageError

from facemogle.serving.engine import Engine
from facemogle.serving.facts import Facts
from facemogle.ui.desk import Desk
from facemogle.ui.disk_faults import unwritable
from facemogle.ui.endpoints import add_endpoints
from facemogle.ui.photos import Photos
from facemogle.ui.prompts import Prompts
from facemogle.ui.start import FirstFace, read_templates
from facemogle.ui.studio import ON_FAILURE, SIDE, bus, packed, studio

log = logging.getLogger(__name__)

_CACHE_SECONDS = 3600
_PRIVATE: dict[str, Any] = {
    "show_progress": "hidden",
    "trigger_mode": "multiple",
    "api_visibility": "private",
}


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

    def save_photo(sent: Any) -> dict[str, Any]:
        return photos.save_photo(sent)

    def parser_download(wish: str) -> dict[str, Any]:
        return photos.parser_download(wish)

    def read_words(sent: Any) -> dict[str, Any]:
        return prompts.read_words(sent)

    faces = read_templates(templates, SIDE)
    first = FirstFace(desk, faces[0]) if begins_made else None

    def first_face(sent: Any) -> dict[str, Any]:
        return first.read(sent) if first else {"packets": [], "isComing": False}

    with _Page(
        title="facemogle studio",
        fill_width=True,
        analytics_enabled=False,
        delete_cache=(_CACHE_SECONDS, _CACHE_SECONDS),
    ) as page:
        component = studio(
            model=_facts(engine.facts, model),
            templates=_packed_templates(faces),
            words=engine.facts.words,
            nouns=engine.facts.nouns,
            read_photo=read_photo,
            read_pair=read_pair,
            save_photo=save_photo,
            parser_download=parser_download,
            first_face=first_face,
            read_words=read_words,
        )
        component.announce(desk.announce, None, None, queue=False, **_PRIVATE)
        packets = bus()
        component.ask(desk.ask, None, packets, queue=False, **_PRIVATE)
        # Named, as Gradio would take the function's name, which the public endpoint has.
        asked = component.generate(
            desk.generate, component, packets, api_name="request", **line, **_PRIVATE
        )
        asked.failure(None, js=ON_FAILURE)
        add_endpoints(desk, photos, engine.facts.default_steps, **line)
        page.unload(desk.leave)
    return page


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


class _Page(gr.Blocks):
    """Answers programs as they may expect it.

    An endpoint's last arguments may be omitted by plain HTTP callers too, who give a list of
    values, which Gradio refuses if one is missing. What cannot be read is named; Gradio tells only
    of its own errors what they are.
    """

    async def process_api(
        self, block_fn: BlockFunction | int, inputs: list[Any], *others: Any, **more: Any
    ) -> dict[str, Any]:
        event = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        omitted = event.inputs[len(inputs) :]
        inputs = [*inputs, *(getattr(component, "value", None) for component in omitted)]
        try:
            return await super().process_api(block_fn, inputs, *others, **more)
        except gr.Error:
            raise
        except Exception as error:
            cause = error.__cause__ or error  # of what a component could not read
            log.warning("a call was refused: %s: %s", type(cause).__name__, cause)
            raise gr.Error(_unusable(cause), print_exception=False) from error


def _unusable(error: BaseException) -> str:
    """What a caller reads whose arguments do not reach the endpoint, or whose result is lost."""
    if isinstance(error, gr.Error):
        return str(error.message)
    if isinstance(error, UnidentifiedImageError):
        return "The image cannot be read. Give a PNG, JPEG or WebP file."
    if isinstance(error, OSError) and error.errno is not None:
        return unwritable(error)
    first = str(error).strip().split("\n")[0][:200]
    return (
        f"An argument cannot be used ({type(error).__name__}: {first}). Give images and masks as "
        "files, with gradio_client as handle_file(PATH), and all else as text or numbers."
    )
