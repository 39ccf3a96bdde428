"""Make a face from a mask and a prompt, with a sheet of what each expert weighed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from tqdm import tqdm

from facemogle.commands.arguments import load_chosen, say, say_unread, writable
from facemogle.commands.image_arguments import add_image_arguments, image_options
from facemogle.commands.mask_arguments import add_mask_arguments, read_masks
from facemogle.commands.outputs import check_outputs, writing
from facemogle.gate.heatmap import Scale
from facemogle.gate.trace import Trace
from facemogle.masks.label_orders import OURS
from facemogle.masks.reading import MaskReading, read_mask
from facemogle.runs.provenance import made_from, signed_image
from facemogle.runs.request import mask_size


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    add_mask_arguments(parser, is_needed=False)
    parser.add_argument(
        "-o",
        "--output",
        type=writable(".png", ".jpg", ".jpeg", ".webp"),
        default="face.png",
        metavar="FILE",
        help="image to write; FILE.gate.png beside it shows the gate (default: %(default)s)",
    )
    add_image_arguments(parser)
    parser.add_argument(
        "--gate-scale",
        choices=get_args(Scale),
        default="relative",
        help="heatmap colours span each map's own range, or 0 to 1 (default: %(default)s)",
    )
    parser.add_argument(
        "--trace", type=writable(".npz"), metavar="NPZ", help="also write the gate's weights"
    )
    parser.add_argument(
        "--film",
        type=writable(".gif", ".mp4"),
        metavar="FILE",
        help="also write the steps, beside a map of the winning experts, as GIF or MP4",
    )


def run(arguments: argparse.Namespace) -> int:
    """Make the image. Returns 0, or 2 if the input is unusable, which stderr then explains."""
    try:
        _generate(arguments)
    except (ValueError, OSError) as error:
        say("generate", error)
        return 2
    return 0


def _generate(arguments: argparse.Namespace) -> None:
    mask = None
    if arguments.mask is not None:
        mask = read_masks(arguments)
    elif arguments.trace or arguments.film:
        raise ValueError(
            "There are no gate weights without a mask. Give --mask, or neither --trace nor --film."
        )

    options = image_options(arguments)
    sheet_file = arguments.output.with_suffix(".gate.png")
    others = [sheet_file, arguments.trace, arguments.film] if mask else []
    read = [Path(file) for file in arguments.mask or ()]
    check_outputs([arguments.output, *filter(None, others)], read)
    pipeline = load_chosen(arguments)
    side = pipeline.config["default_size"]
    height, width = arguments.size or (side, side)
    size = mask_size(pipeline.grid_of(height, width))
    label_map = None if mask is None else _fitted(mask, size, (height, width))
    say_unread("generate", arguments.prompt, pipeline, label_map)
    request = pipeline.request(
        arguments.prompt,
        label_map,
        generator=torch.Generator("cpu").manual_seed(arguments.seed),
        height=height,
        width=width,
        **options,
    )
    steps = list(tqdm(pipeline.steps(request), total=request.num_steps, unit="step"))
    image = pipeline.decode(steps[-1].latents, height, width)
    drawn = None if mask is None else mask.label_map
    facts = {"prompt": arguments.prompt, "seed": arguments.seed, **made_from(request)}
    with writing(arguments.output):
        content = signed_image(image, arguments.output.suffix, drawn, facts)
        arguments.output.write_bytes(content)
    print(arguments.output)
    if label_map is None:
        return
    trace = Trace.from_steps(steps, request.grid)
    sheet = trace.contact_sheet(image, label_map, scale=arguments.gate_scale)
    with writing(sheet_file):
        sheet.save(sheet_file)
    print(sheet_file)
    if arguments.trace is not None:
        with writing(arguments.trace):
            trace.save(arguments.trace)
        print(arguments.trace)
    if arguments.film is not None:
        images = [pipeline.decode(step.clean_latents, height, width) for step in steps[:-1]]
        format = arguments.film.suffix.lower().removeprefix(".")
        film = trace.film([*images, image], format=format)
        with writing(arguments.film):
            arguments.film.write_bytes(film)
        print(arguments.film)


def _fitted(mask: MaskReading, size: tuple[int, int], painted: tuple[int, int]) -> np.ndarray:
    """The mask at the size that the model reads; says what was assumed and changed.

    painted: (height, width) of the image: a mask of that size fits, whatever the model reads.
    """
    fitted = read_mask(mask.label_map, size=size, labels=OURS)
    is_resized = fitted.label_map.shape != mask.label_map.shape
    changes = fitted.notes[1:] if is_resized and mask.label_map.shape == painted else fitted.notes
    for note in dict.fromkeys(mask.notes + changes):
        say("generate", note)
    return fitted.label_map
