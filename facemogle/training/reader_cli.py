"""What the command lines share that train something which reads images."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from facemogle.commands.arguments import whole_number
from facemogle.training.cli import read_stage, stage_text
from facemogle.training.recipe import Stage


def add_reader_arguments(
    parser: argparse.ArgumentParser,
    stages: Sequence[Stage],
    faces: str,
    result: str,
    measure: str,
) -> None:
    """Add data, output, held-out faces, stages and seed.

    stages: the recipe's. faces: what the folders hold. result: the folder that is written.
    measure: what is measured on held-out faces, and names the file that it goes to.
    """
    folders = {"type": Path, "nargs": "+", "action": "extend", "metavar": "DIR"}
    parser.add_argument("--data", **folders, required=True, help=f"folders of {faces}")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="RUN", help=f"at the end with RUN/{result}"
    )
    parser.add_argument(
        "--held-out",
        **folders,
        default=[],
        help=f"faces that --data does not have: the {measure} on them is printed, and written to "
        f"RUN/{measure.lower()}.json",
    )
    parser.add_argument(
        "--stage",
        type=read_stage,
        action="append",
        metavar="SIZE:BATCH:STEPS[:FACES]",
        help="of training, several in a row; images are looked at at the last one's size, a "
        f"multiple of 32 (default: {' '.join(map(stage_text, stages))})",
    )
    parser.add_argument("--seed", type=whole_number(0, 2**31), default=0, help="(%(default)s)")
