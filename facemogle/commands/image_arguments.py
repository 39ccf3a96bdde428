"""Arguments of the commands that generate images, apart from masks."""

from __future__ import annotations

import argparse
import re
from typing import Any

from facemogle.commands.arguments import add_model_arguments, non_negative, whole_number
from facemogle.network.tokens import PIXELS_PER_TOKEN
from facemogle.runs.checks import check_size
from facemogle.runs.experts import UNTOUCHED, read_muted, read_strengths

MAX_SEED = 2**63 - 1
MAX_STEPS = 1000
MAX_SIDE = 2048


def add_image_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument("--prompt", default="", help="what the face looks like (default: nothing)")
    parser.add_argument(
        "--seed",
        type=whole_number(0, MAX_SEED),
        default=0,
        help="of the noise; the same seed gives the same image (default: %(default)s)",
    )
    parser.add_argument(
        "--steps", type=whole_number(1, MAX_STEPS), help="denoising steps (default: the model's)"
    )
    parser.add_argument(
        "--guidance",
        type=non_negative,
        help="how strongly the prompt guides (default: the model's)",
    )
    parser.add_argument(
        "--size",
        type=_size,
        metavar="SIDE|WIDTHxHEIGHT",
        help="in pixels, multiples of 16 (default: the model's, and mini has no other)",
    )
    parser.add_argument(
        "--mute",
        nargs="+",
        action="extend",
        default=[],
        metavar="REGION",
        help="regions, such as hair or l_eye, to hide from all experts",
    )
    parser.add_argument(
        "--strength",
        nargs="+",
        action="extend",
        default=[],
        metavar="EXPERT=FACTOR",
        help="factors on the gate's weights, by region or for global: l_eye=2 hair=0.5",
    )
    add_model_arguments(parser)


def image_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments of `FaceMoGLEPipeline.stream` that are the same for all images.

    Raises ValueError.
    """
    strengths = read_strengths(" ".join(arguments.strength)) if arguments.strength else UNTOUCHED
    return {
        "num_inference_steps": arguments.steps,
        "guidance_scale": arguments.guidance,
        "muted": read_muted(" ".join(arguments.mute)),
        "expert_strengths": strengths,
    }


def _size(text: str) -> tuple[int, int]:
    """Argument type for a side or WIDTHxHEIGHT in pixels. Returns (height, width)."""
    match = re.fullmatch(r"(\d{1,4})(?:x(\d{1,4}))?", text)
    if match is None or max(sides := (int(match[1]), int(match[2] or match[1]))) > MAX_SIDE:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 512 or 512x768, up to {MAX_SIDE}")
    try:
        return check_size(sides[1], sides[0], default=512, multiple=PIXELS_PER_TOKEN)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
