"""Train a face parser from folders of faces."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from facemogle.commands.arguments import say
from facemogle.masks.regions import REGIONS
from facemogle.training.reader_cli import add_reader_arguments
from facemogle.training.recipe import ParserRecipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Train the parser that reads label maps from images. Stopped or killed, it goes on where "
        "it last saved when the same command is run again."
    )
    add_reader_arguments(
        parser, ParserRecipe.stages, "faces, laid out as for train", "parser", "IoU"
    )
    parser.add_argument(
        "--from",
        dest="start",
        metavar="PARSER",
        help="go on from a trained parser (embedded or a path)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Train and score; 2 when the data or the parser to go on from cannot be used."""
    from facemogle.faces.folder import FaceFolder
    from facemogle.masks.iou import mean_iou, region_iou
    from facemogle.photo.parser import load_parser
    from facemogle.training.parser import score, train_parser
    from facemogle.weights.errors import CheckpointError

    recipe = ParserRecipe(seed=arguments.seed)
    if arguments.stage:
        recipe = replace(recipe, stages=tuple(arguments.stage))
    try:
        held_out = [FaceFolder(folder, recipe.stages[-1].size) for folder in arguments.held_out]
        start = load_parser(arguments.start, "cpu") if arguments.start else None
        parser = train_parser(arguments.data, arguments.out, recipe, start)
    except (FileNotFoundError, CheckpointError) as error:
        say("train-parser", error)
        return 2
    columns = {}
    for faces in held_out:
        matrix = score(parser, faces)
        columns[str(faces.folder)] = {
            "faces": len(faces),
            "mean": mean_iou(matrix),
            **{r.name: float(v) for r, v in zip(REGIONS, region_iou(matrix), strict=True)},
        }
    if columns:
        print(_table(columns))
        clean = {
            k: {n: None if np.isnan(v) else v for n, v in c.items()} for k, c in columns.items()
        }
        (arguments.out / "iou.json").write_text(json.dumps(clean, indent=1) + "\n")
    print(arguments.out / "parser")
    return 0


def _table(columns: dict[str, dict[str, float]]) -> str:
    """IoU in per cent, a row per region and a column per folder."""
    names = list(next(iter(columns.values())))[1:]
    lines = ["IoU, %      " + "  ".join(f"{Path(folder).name:>10}" for folder in columns)]
    for name in names:
        values = (f"{100 * column[name]:10.1f}" for column in columns.values())
        lines.append(f"{name:<12}" + "  ".join(values))
    return "\n".join(lines)
