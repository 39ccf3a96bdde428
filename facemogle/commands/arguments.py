"""What several command lines share: the choice of a model, and arguments checked by value."""

from __future__ import annotations

import argparse
import logging
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import numpy as np

    from facemogle.pipeline import FaceMoGLEPipeline

PROGRAM = "python -m facemogle"
DTYPES = ("float32", "bfloat16", "float16")


class Parser(argparse.ArgumentParser):
    """A parser that reports a wrong argument in one line, without the usage above it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message.rstrip('.')}. See --help.\n")


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``load_pipeline``."""
    parser.add_argument(
        "--model",
        default="mini",
        metavar="mini|flux|PATH|HUB_ID",
        help="the embedded model, FLUX.1-dev from the hub, a folder, or owner/name on the hub "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--face-mogle",
        metavar="PATH|HUB_ID",
        help="folder, or owner/name on the hub, of Face-MoGLE weights, if --model is a FLUX",
    )
    parser.add_argument(
        "--local-dir",
        metavar="DIR",
        help="where files from the hub lie or are downloaded to (default: the hub's cache)",
    )
    parser.add_argument("--device", help="cpu, cuda, cuda:1, mps (default: the best there is)")
    parser.add_argument(
        "--dtype",
        choices=DTYPES,
        help="of weights and arithmetic (default: bfloat16 on a GPU, or float16 if it has no "
        "bfloat16; float32 on a CPU)",
    )
    parser.add_argument(
        "--quantize",
        choices=("nf4", "int8", "fp8"),
        help="weights of the transformer and T5 in 4 or 8 bits (default: as they are stored)",
    )
    parser.add_argument(
        "--offload",
        choices=("model", "group", "sequential"),
        help="keep on the GPU only the model, block or layer at work (default: everything)",
    )
    parser.add_argument(
        "--compat",
        choices=("reference-inference",),
        help="let local experts see black images, as the authors' inference scripts do",
    )


def load_chosen(arguments: argparse.Namespace) -> FaceMoGLEPipeline:
    """Load the model that these arguments name. Raises ValueError."""
    # Imported here because it takes seconds, which a look at the commands need not wait for.
    import diffusers
    import torch
    import transformers

    from facemogle.weights.loading import load_pipeline

    logging.getLogger("facemogle.network.text").setLevel(logging.ERROR)  # see say_unread
    for library in (diffusers, transformers):
        library.utils.logging.disable_progress_bar()
    return load_pipeline(
        arguments.model,
        face_mogle=arguments.face_mogle,
        local_dir=arguments.local_dir,
        device=arguments.device,
        torch_dtype=arguments.dtype and getattr(torch, arguments.dtype),
        quantize=arguments.quantize,
        offload=arguments.offload,
        compat=arguments.compat,
    )


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Make an argument type for integers from low to high."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:  # also raised for more than 4300 digits
            number = low - 1
        if not low <= number <= high:
            raise _wrong(text, f"a whole number from {low} to {high}")
        return number

    return parse


def non_negative(text: str) -> float:
    """Argument type for finite numbers from 0 on."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise _wrong(text, "a number from 0 on")
    return number


def writable(*suffixes: str) -> Callable[[str], Path]:
    """Make an argument type for files to write: in an existing folder, with one of the suffixes."""

    def parse(text: str) -> Path:
        path = Path(text)
        if path.suffix.lower() not in suffixes:
            raise _wrong(text, f"a file name that ends with {' or '.join(suffixes)}")
        if not path.parent.is_dir():
            raise _wrong(text, f"in an existing folder; make {str(path.parent)!r} first")
        return path

    return parse


def say(command: str, message: object) -> None:
    """Print a note or an error on stderr, as one line."""
    print(f"{PROGRAM} {command}:", *str(message).split(), file=sys.stderr)


def say_unread(
    command: str,
    prompt: str,
    pipeline: FaceMoGLEPipeline,
    label_map: np.ndarray | None = None,
    about: str = "",
) -> None:
    """Say what of a prompt does not reach the model, or is to be painted.

    label_map: uint8 (H, W), the mask, if it is known. about: comes before each note.
    """
    from facemogle.masks.label_map import present_regions
    from facemogle.prompts.notes import paint_notes, prompt_notes

    reading = pipeline.read_prompt(prompt)
    notes = prompt_notes(reading)
    if label_map is not None:
        notes += paint_notes(prompt, reading, present_regions(label_map))
    for note in notes:
        say(command, f"{about}{note}")


def _wrong(text: str, expected: str) -> argparse.ArgumentTypeError:
    shown = text if len(text) <= 60 else f"{text[:60]}..."
    return argparse.ArgumentTypeError(f"{shown!r} is not {expected}")
