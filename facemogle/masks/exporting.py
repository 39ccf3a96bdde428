"""Label maps for other programs: CelebAMask-HQ's part files, other label orders, SVG layers."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
from PIL import Image

from facemogle.masks.label_map import png, present_regions
from facemogle.masks.label_orders import to_order
from facemogle.masks.outlines import outlines
from facemogle.masks.regions import NUM_REGIONS, REGIONS


def part_files(label_map: np.ndarray, stem: str = "00000") -> dict[str, bytes]:
    """A label map as CelebAMask-HQ's annotation: a PNG for each region that occurs, by file name.

    Each is RGB, white where the region is, else black; background has none.
    """
    files = {}
    for region in present_regions(label_map):
        if region:
            white = np.where(label_map == region, np.uint8(255), np.uint8(0))
            files[f"{stem}_{REGIONS[region].name}.png"] = png(
                Image.fromarray(np.repeat(white[..., None], 3, axis=2))
            )
    return files


def parts_zip(label_map: np.ndarray, stem: str = "00000") -> bytes:
    """The files of `part_files` in one ZIP file."""
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for name, file in part_files(label_map, stem).items():
            archive.writestr(name, file)
    return content.getvalue()


def order_png(label_map: np.ndarray, order: str) -> bytes:
    """A label map as a grey PNG in another order of ``LABEL_ORDERS``."""
    return png(Image.fromarray(to_order(label_map, order)))


def svg(layers: np.ndarray, order: Sequence[int] = range(NUM_REGIONS)) -> bytes:
    """Layers, bool (19, H, W), as an SVG that drawing programs open with a layer per region.

    order: regions from the lowest layer to the highest. Outlines follow the pixels' edges, so that
    nothing is lost at the image's size.
    """
    height, width = layers.shape[1:]
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" '
        'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'shape-rendering="crispEdges">'
    ]
    for index in order:
        region = REGIONS[index]
        red, green, blue = region.color
        lines.append(
            f'<g id="{region.name}" inkscape:groupmode="layer" inkscape:label="{region.title}" '
            f'fill="#{red:02x}{green:02x}{blue:02x}" fill-rule="evenodd">'
        )
        if layers[index].any():
            lines.append(f'<path d="{_path(layers[index])}"/>')
        lines.append("</g>")
    return "\n".join([*lines, "</svg>", ""]).encode()


def layers_of(label_map: np.ndarray) -> np.ndarray:
    """A flat label map as layers, bool (19, H, W), that do not overlap."""
    return label_map == np.arange(NUM_REGIONS, dtype=np.uint8)[:, None, None]


def _path(mask: np.ndarray) -> str:
    """SVG path data of a mask's outlines."""
    pieces = []
    for corners in outlines(mask):
        (x, y), *others = corners
        piece = [f"M{x} {y}"]
        for next_x, next_y in others:
            piece.append(f"H{next_x}" if next_y == y else f"V{next_y}")
            x, y = next_x, next_y
        pieces.append("".join(piece) + "Z")
    return "".join(pieces)
