"""A drawing for other programs: part files, another label order, SVG with a layer per region."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from math import isqrt
from typing import Any

import numpy as np

from facemogle.masks.exporting import order_png, parts_zip, svg
from facemogle.masks.label_map import compose_layers
from facemogle.masks.regions import NUM_REGIONS
from facemogle.ui.layers import LAYER_ORDER

_MOST_BYTES = 2**24  # of words; a browser's drawing has 2^20


def export_mask(sent: dict[str, Any]) -> dict[str, str]:
    """Write one file of a drawing. Called by the browser, outside the queue.

    sent: kind ("parts", "bisenet", "lapa", "svg"); words, base64 of packed layers as a project has
        them (docs/project.md); order, regions from the lowest layer to the highest.
    Returns ``name`` and ``content``, base64, or ``error``.
    """
    try:
        layers, order = _layers(sent)
        name, content = _file(sent["kind"], layers, order)
    except (LookupError, TypeError, ValueError, OverflowError, zlib.error) as error:
        return {"error": f"The mask could not be exported ({error}). Reload the page, try again."}
    return {"name": name, "content": b64encode(content).decode()}


def _layers(sent: dict[str, Any]) -> tuple[np.ndarray, list[int]]:
    """The drawing's layers, bool (19, H, H), and their order."""
    raw = zlib.decompressobj().decompress(b64decode(sent["words"]), _MOST_BYTES)
    words = np.frombuffer(raw, "<u4")
    side = isqrt(len(words))
    words = words.reshape(side, side)
    order = [int(region) for region in sent["order"]]
    if not side or sorted(order) != list(range(NUM_REGIONS)):
        raise ValueError("its layers are not the 19 regions")
    layers = np.zeros((NUM_REGIONS, side, side), bool)
    for bit, region in enumerate(LAYER_ORDER):
        layers[region] = words >> bit & 1
    return layers, order


def _file(kind: str, layers: np.ndarray, order: list[int]) -> tuple[str, bytes]:
    if kind == "svg":
        return "mask.svg", svg(layers, order)
    label_map = compose_layers(layers, order)
    if kind == "parts":
        return "mask_parts.zip", parts_zip(label_map)
    return f"mask_{kind}.png", order_png(label_map, kind)
