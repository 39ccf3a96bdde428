"""Write a mask for another program: part files, another order of labels, SVG layers."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from facemogle.commands.arguments import say
from facemogle.commands.mask_arguments import add_mask_arguments, read_masks
from facemogle.masks.exporting import layers_of, order_png, part_files, svg
from facemogle.masks.label_map import index_png
from facemogle.masks.label_orders import LABEL_ORDERS, OURS

COMMAND = "export-mask"
FORMS = ("parts", "svg", *LABEL_ORDERS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    add_mask_arguments(parser, is_needed=True)
    parser.add_argument(
        "--as",
        dest="form",
        required=True,
        choices=FORMS,
        help="parts: CelebAMask-HQ's files, a PNG a region; svg: a layer a region; or an order of "
        "labels: celebamask as indexed PNG, the others as grey PNG",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE|DIR",
        help="file to write; for parts, the folder",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write it. Returns 0, or 2 if the input is unusable, which stderr then explains."""
    try:
        reading = read_masks(arguments)
        for note in reading.notes:
            say(COMMAND, note)
        _write(reading.label_map, arguments.form, arguments.output, Path(arguments.mask[0]).stem)
    except (ValueError, OSError) as error:
        say(COMMAND, error)
        return 2
    return 0


def _write(label_map: np.ndarray, form: str, target: Path, stem: str) -> None:
    suffix = {"parts": "", "svg": ".svg"}.get(form, ".png")
    if target.suffix.lower() in {".png", ".svg"} - {suffix}:
        wanted = f"a file name that ends with {suffix}" if suffix else "a folder"
        raise ValueError(f"{target} is not {wanted}, as --as {form} writes. Name one with -o.")
    if form == "parts":
        target.mkdir(parents=True, exist_ok=True)
        for name, content in part_files(label_map, stem).items():
            (target / name).write_bytes(content)
    elif form == "svg":
        target.write_bytes(svg(layers_of(label_map)))
    else:
        content = index_png(label_map) if form == OURS else order_png(label_map, form)
        target.write_bytes(content)
    print(target)
