"""Train the classifier of a face's attributes from folders of rendered faces."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace

from facemogle.commands.arguments import say
from facemogle.training.reader_cli import add_reader_arguments
from facemogle.training.recipe import AttributeRecipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Train the classifier that evaluate reads hair colour, glasses and the like with. Stopped "
        "or killed, it goes on where it last saved when the same command is run again."
    )
    add_reader_arguments(
        parser,
        AttributeRecipe.stages,
        "faces as render writes them",
        "attributes",
        "accuracy",
    )
    parser.add_argument(
        "--parser",
        default="embedded",
        metavar="PARSER",
        help="whose encoder it starts from (embedded or a path; default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Train and score; 2 when the data or the parser cannot be used."""
    from facemogle.attributes.vocabulary import ATTRIBUTES
    from facemogle.faces.folder import FaceFolder
    from facemogle.photo.parser import load_parser
    from facemogle.training.attributes import accuracies, train_attributes
    from facemogle.weights.errors import CheckpointError

    recipe = AttributeRecipe(seed=arguments.seed)
    if arguments.stage:
        recipe = replace(recipe, stages=tuple(arguments.stage))
    try:
        held_out = [FaceFolder(folder, recipe.stages[-1].size) for folder in arguments.held_out]
        start = load_parser(arguments.parser, "cpu")
        classifier = train_attributes(arguments.data, arguments.out, recipe, start)
        found = {str(faces.folder): accuracies(classifier, faces) for faces in held_out}
    except (FileNotFoundError, CheckpointError) as error:
        say("train-attributes", error)
        return 2
    names = [attribute.name for attribute in ATTRIBUTES]
    for folder, shares in found.items():
        print(f"right, % of {folder}")
        for name, share in zip(names, shares, strict=True):
            print(f"{name:<12}{100 * share:6.1f}")
    if found:
        report = {folder: dict(zip(names, shares, strict=True)) for folder, shares in found.items()}
        (arguments.out / "accuracy.json").write_text(json.dumps(report, indent=1) + "\n")
    print(arguments.out / "attributes")
    return 0
