"""What a finished image's file says of itself: that a model made it, and from what.

JPEG and WebP have the mark alone. In a PNG a text chunk ``facemogle`` holds JSON (prompt, seed,
steps, kept, is_foreign: whether it is an edit of an image that was not made here, muted,
expert_strengths, model, version, mask: base64 of an indexed PNG, absent without one), and XMP the
mark for generated images, IPTC's digital source type.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, PngImagePlugin

from facemogle.masks.label_map import index_png
from facemogle.masks.reading import read_mask
from facemogle.runs.experts import UNTOUCHED, Experts

if TYPE_CHECKING:
    from facemogle.runs.request import Request

VERSION = "0.1.0"

_CHUNK = "facemogle"
_MAX_TEXT = 1 << 20
_GENERATED = "trainedAlgorithmicMedia"
_EDITED = "compositeWithTrainedAlgorithmicMedia"
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmp:CreatorTool="facemogle {version}"
 Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/{source}"/>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def signed_image(
    image: Image.Image, suffix: str, label_map: np.ndarray | None, facts: dict[str, Any]
) -> bytes:
    """Write an image in the format of a file name's suffix, ``.png``, ``.jpg`` or ``.webp``, with
    its mark; in a PNG with what it was made from, see `signed_png`.
    """
    if suffix.lower() == ".png":
        return signed_png(image, label_map, facts)
    content = BytesIO()
    format = Image.registered_extensions()[suffix.lower()]
    image.save(content, format, xmp=_XMP.format(version=VERSION, source=_GENERATED).encode())
    return content.getvalue()


def signed_png(image: Image.Image, label_map: np.ndarray | None, facts: dict[str, Any]) -> bytes:
    """Write an image as PNG with its mark.

    label_map: uint8 (H, W), its mask; None = made from text alone. facts: prompt, seed, steps,
        is_foreign and whatever else JSON can hold.
    """
    source = _EDITED if facts.get("is_foreign") else _GENERATED
    facts = {**facts, "version": VERSION}
    if label_map is not None:
        facts["mask"] = b64encode(index_png(label_map)).decode()
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", _XMP.format(version=VERSION, source=source))
    info.add_itxt(_CHUNK, json.dumps(facts), zip=True)
    content = BytesIO()
    image.save(content, "PNG", compress_level=1, pnginfo=info)
    return content.getvalue()


def made_from(request: Request) -> dict[str, Any]:
    """The facts of a `signed_png` that a request knows, but for its prompt and its seed."""
    experts = request.experts
    return {
        "steps": request.num_steps,
        "muted": experts.muted,
        "expert_strengths": experts.strengths,
    }


def read_signed(content: bytes) -> tuple[np.ndarray, dict[str, Any], bool] | None:
    """The mask, the settings and is_foreign of a `signed_png`.

    The settings: prompt, seed and steps as text; muted and expert_strengths as lists.

    Returns None for any other file, also for a damaged one.
    """
    try:
        with Image.open(BytesIO(content), formats=["PNG"]) as image:
            text = image.info.get(_CHUNK)
    except Exception:  # on broken files, Pillow raises whatever its decoders meet
        return None
    if not isinstance(text, str) or len(text) > _MAX_TEXT:
        return None
    try:
        facts = json.loads(text)
        mask = read_mask(b64decode(facts["mask"], validate=True)).label_map
        settings: dict[str, Any] = {name: str(facts[name]) for name in ("prompt", "seed", "steps")}
        experts = Experts(
            tuple(facts.get("muted", ())), tuple(facts.get("expert_strengths", UNTOUCHED))
        )
        settings |= {
            "muted": list(experts.muted),
            "expert_strengths": list(experts.strengths),
        }
        return mask, settings, bool(facts.get("is_foreign"))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
