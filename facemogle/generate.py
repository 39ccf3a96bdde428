"""Make a face from a mask and a prompt, with a sheet of what each expert weighed."""

from __future__ import annotations

import argparse
import re
from typing import Any, get_args

import numpy as np
import torch
from tqdm import tqdm

from facemogle.cli import (
    add_model_arguments,
    load_chosen,
    non_negative,
    say,
    whole_number,
    writable,
)
from facemogle.expert_names import read_muted, read_strengths
from facemogle.heatmap import Scale
from facemogle.mask import MaskReading, read_mask
from facemogle.request import check_size, grid_of
from facemogle.trace import Trace

MAX_SEED = 2**63 - 1
MAX_STEPS = 1000
MAX_SIDE = 2048


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "--mask",
        metavar="PNG",
        help="indices or palette colours of the 19 regions; none: text only",
    )
    parser.add_argument("--prompt", default="", help="what the face looks like (default: nothing)")
    parser.add_argument(
        "-o",
        "--output",
        type=writable(".png", ".jpg", ".webp"),
        default="face.png",
        metavar="FILE",
        help="picture to write; FILE.gate.png beside it shows the gate (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=whole_number(0, MAX_SEED),
        default=0,
        help="of the noise; the same seed gives the same picture (default: %(default)s)",
    )
    parser.add_argument(
        "--steps", type=whole_number(1, MAX_STEPS), help="denoising steps (default: the model's)"
    )
    parser.add_argument(
        "--guidance",
        type=non_negative,
        default=3.5,
        help="how strongly the prompt guides (default: %(default)s)",
    )
    parser.add_argument(
        "--size",
        type=_size,
        metavar="SIDE|WIDTHxHEIGHT",
        help="in pixels, multiples of 16 (default: the model's)",
    )
    parser.add_argument(
        "--swap-sides",
        action="store_true",
        help="exchange left and right eyes, brows and ears of a mask in the second palette",
    )
    parser.add_argument(
        "--mute",
        nargs="+",
        action="extend",
        default=[],
        metavar="REGION",
        help="regions, such as hair or l_eye, whose expert sees nothing of the mask",
    )
    parser.add_argument(
        "--strength",
        nargs="+",
        action="extend",
        default=[],
        metavar="EXPERT=FACTOR",
        help="factors on the gate's weight of regions' experts, or of global: l_eye=2 hair=0.5",
    )
    parser.add_argument(
        "--gate-scale",
        choices=get_args(Scale),
        default="relative",
        help="heatmap colours span each map's own weights, or 0 to 1 (default: %(default)s)",
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
    add_model_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Make the picture. Returns 0, or 2 if the input is unusable, which stderr then explains."""
    try:
        _generate(arguments)
    except (ValueError, OSError) as error:
        say("generate", error)
        return 2
    return 0


def _generate(arguments: argparse.Namespace) -> None:
    mask = None
    if arguments.mask is not None:
        mask = read_mask(arguments.mask, swap_sides=arguments.swap_sides)
    elif arguments.trace or arguments.film:
        raise ValueError(
            "There are no gate weights without a mask. Give --mask, or neither --trace nor --film."
        )

    experts = _experts(arguments)
    pipeline = load_chosen(arguments)
    side = pipeline.config["default_size"]
    height, width = arguments.size or (side, side)
    label_map = None if mask is None else _fitted(mask, height, width)
    count = arguments.steps or pipeline.config["default_steps"]
    stream = pipeline.stream(
        arguments.prompt,
        label_map,
        num_inference_steps=count,
        guidance_scale=arguments.guidance,
        generator=torch.Generator("cpu").manual_seed(arguments.seed),
        height=height,
        width=width,
        **experts,
    )
    steps = list(tqdm(stream, total=count, unit="step"))
    image = pipeline.decode(steps[-1].latents, height, width)
    image.save(arguments.output)
    if label_map is None:
        return
    trace = Trace.from_steps(steps, grid_of((height, width)))
    sheet = trace.contact_sheet(image, label_map, scale=arguments.gate_scale)
    sheet.save(arguments.output.with_suffix(".gate.png"))
    if arguments.trace is not None:
        trace.save(arguments.trace)
    if arguments.film is not None:
        pictures = [pipeline.decode(step.clean_latents, height, width) for step in steps[:-1]]
        format = arguments.film.suffix.lower().removeprefix(".")
        arguments.film.write_bytes(trace.film([*pictures, image], format=format))


def _experts(arguments: argparse.Namespace) -> dict[str, Any]:
    """How the experts are to be heard, as arguments of the pipeline."""
    strengths = read_strengths(" ".join(arguments.strength)) if arguments.strength else None
    return {"muted": read_muted(" ".join(arguments.mute)), "expert_strengths": strengths}


def _fitted(mask: MaskReading, height: int, width: int) -> np.ndarray:
    """The mask at the picture's size; says what was assumed and changed."""
    fitted = read_mask(mask.label_map, size=(height, width))
    for note in dict.fromkeys(mask.notes + fitted.notes):
        say("generate", note)
    return fitted.label_map


def _size(text: str) -> tuple[int, int]:
    """Argument type for a side or WIDTHxHEIGHT in pixels. Returns (height, width)."""
    match = re.fullmatch(r"(\d{1,4})(?:x(\d{1,4}))?", text)
    if match is None or max(sides := (int(match[1]), int(match[2] or match[1]))) > MAX_SIDE:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 512 or 512x768, up to {MAX_SIDE}")
    try:
        return check_size(sides[1], sides[0], default=512)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
