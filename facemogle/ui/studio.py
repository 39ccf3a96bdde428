"""The studio as Gradio components: the whole page, and the bus that packets come down on.

The studio's value, browser to server, is a request: ``{number: int, mask: base64 of an indexed PNG,
prompt: str, seed: str, steps: str, strength: str, whole_face: bool, is_draft: bool, muted: list of
regions, expert_strengths: list of 20 numbers, base: the image that is to be edited, or null}``. A
base is ``{number}`` of the request that made it. Where the server has no such image it is
``{number, image: data URL, mask: base64 of its indexed PNG, whole: the same of the whole face that
it is or is an edit of, or null, prompt: str, or null if it was not made here, seed: str, muted,
expert_strengths}``, with a number of its own.

Its events are ``generate`` and, outside the queue, ``announce`` (the request's number and whether
a request follows) and ``ask`` (for the request's place in the line). The bus's value, server to
browser, is a packet of ``facemogle.ui.packets`` plus the request's ``number``, or the ``place`` of
a waiting one.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import compress

import gradio as gr
import numpy as np

from facemogle.masks.decoding import NoImageError, named
from facemogle.masks.label_orders import LABEL_ORDERS, OURS
from facemogle.masks.reading import MaskError, UnnamedPartError, read_mask
from facemogle.masks.regions import EXPERT_TITLES, REGIONS
from facemogle.runs.provenance import read_signed
from facemogle.ui.exports import export_gate
from facemogle.ui.layers import ACROSS, BENEATH, LAYER_ORDER
from facemogle.ui.mask_exports import export_mask

STATIC = Path(__file__).parent / "static"
SIDE = 512
"""Pixels of the canvas, either way."""

MAX_BODY = 24 * 2**20
"""Bytes of a request: any mask that ``read_mask`` takes fits, unless stored uncompressed."""

MODULES_URL = "facemogle-ui"
"""Where the server offers the browser's modules, relative to the page, below `MODULES_VERSION`."""


def _version(folder: Path) -> str:
    """Of all files in a folder: another one as soon as one of them is another."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    digest = sha256()
    for file in files:
        digest.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


MODULES_VERSION = _version(STATIC / "js")
"""Part of the modules' address, so that a browser that has them need not ask for each anew."""

# Gradio has an event only if its quoted name stands in this text, if only in a comment.
_ON_LOAD = f"""
// events: "announce", "ask", "generate"
const home = window.gradio_config?.root ?? document.baseURI;
import(home.replace(/[/]?$/, "/") + "{MODULES_URL}/{MODULES_VERSION}/main.js").then(
    (main) => main.mount({{ element, trigger, props, server }}),
    (error) => {{ element.textContent =
        `The page's programs could not be loaded (${{error.message}}). Reload the page. If that ` +
        "does not help, a proxy between you and the server may be in the way: see docs/hosting.md.";
    }});
"""

_ON_PACKET = """
watch("value", () => document.dispatchEvent(
    new CustomEvent("facemogle-packet", { detail: props.value })));
"""

ON_FAILURE = '() => document.dispatchEvent(new CustomEvent("facemogle-failure"))'
"""Runs in the browser when Gradio has not carried out an event: queue full, connection lost."""


def studio(
    *,
    model: dict[str, Any],
    templates: list[dict[str, Any]],
    words: dict[str, list[str]],
    nouns: list[list[str]],
    read_photo: Callable[[Any], dict[str, Any]],
    read_pair: Callable[[Any], dict[str, Any]],
    save_photo: Callable[[Any], dict[str, Any]],
    parser_download: Callable[[str], dict[str, Any]],
    read_words: Callable[[Any], dict[str, Any]],
    first_face: Callable[[Any], dict[str, Any]],
) -> gr.HTML:
    """Canvas, image, prompt and gating view in one component.

    read_photo, read_pair, save_photo, parser_download: as in ``facemogle.ui.photos``;
    read_words: in ``facemogle.ui.prompts``; first_face: in ``facemogle.ui.start``.
    The template is static: Gradio would reset the canvas on any change of an interpolated one, and
    would run code in interpolated text. Everything that changes is written by the modules.
    (A function and no subclass, next to whose file Gradio would write a stub file.)
    """
    return gr.HTML(
        html_template=_joined("html"),
        css_template=_joined("css"),
        js_on_load=_ON_LOAD,
        apply_default_css=False,
        elem_id="studio",
        server_functions=[
            read_mask_file,
            read_photo,
            read_pair,
            save_photo,
            parser_download,
            read_words,
            export_gate,
            export_mask,
            first_face,
        ],
        regions=[asdict(region) for region in REGIONS],
        experts=EXPERT_TITLES,
        layers={"order": LAYER_ORDER, "beneath": _keyed(BENEATH), "across": _keyed(ACROSS)},
        max_bytes=MAX_BODY,
        model=model,
        templates=templates,
        words=words,
        nouns=nouns,
    )


def bus() -> gr.HTML:
    """Carries packets to the studio without being seen."""
    return gr.HTML(html_template="", js_on_load=_ON_PACKET, visible="hidden")


def read_mask_file(sent: Any) -> dict[str, Any]:
    """Read a mask that a person opens. Called by the browser, outside the queue.

    sent: uploaded files, as ``sent.files[i] = (name, content)``; several are masks of parts. And
        what a mask of one part shows, as ``sent.data["region"]``, a region's name or "".
    Returns ``labels`` (see ``packed``), ``notes``; ``part``, the region of a mask of one part, or
    null; for a mask in another label order ``order``, its title, and ``unordered``, the labels as
    they are; for an image that was made here ``settings`` (prompt, seed, steps, muted,
    expert_strengths) and ``isForeign`` (see ``Accepted`` in accepted.js). Or ``error``,
    ``asksRegion`` if only the region is missing, and ``isImage``, whether it may be a photo.
    """
    content = sent.files[0][1]
    signed = read_signed(content) if len(sent.files) == 1 else None
    if signed is not None:
        reading = read_mask(signed[0], size=(SIDE, SIDE))
        notes = ["Its image, mask and settings were restored."]
        labels, settings, is_foreign = packed(reading.label_map), *signed[1:]
        return {"labels": labels, "notes": notes, "settings": settings, "isForeign": is_foreign}
    files = [named(content, name) for name, content in sent.files]
    region = sent.data.get("region") or None
    try:
        reading = read_mask(files if files[1:] else files[0], size=(SIDE, SIDE), region=region)
    except MaskError as error:
        return {
            "error": str(error),
            "asksRegion": isinstance(error, UnnamedPartError),
            "isImage": not isinstance(error, NoImageError),
        }
    answer = {
        "labels": packed(reading.label_map),
        "notes": reading.notes,
        "part": reading.part,
    }
    if reading.order != OURS:
        as_is = read_mask(content, size=(SIDE, SIDE), labels=OURS)
        answer["order"] = LABEL_ORDERS[reading.order].title
        answer["unordered"] = packed(as_is.label_map)
    return answer


def packed(label_map: np.ndarray) -> str:
    """Label map uint8 (512, 512) as base64 of its zlib-compressed rows.

    The browser would have to read a PNG back from a canvas, which privacy settings may blur.
    """
    return b64encode(compress(label_map.tobytes(), 9)).decode()


def _keyed(regions: dict[int, int]) -> dict[str, int]:
    """The same for JSON, whose objects have text as keys."""
    return {str(key): region for key, region in regions.items()}


def _joined(kind: str) -> str:
    """All static files of one kind, in the order of their names."""
    return "\n".join(path.read_text("utf-8") for path in sorted((STATIC / kind).glob(f"*.{kind}")))
