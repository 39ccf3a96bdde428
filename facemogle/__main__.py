"""Command line: ``python -m facemogle COMMAND``, with the commands below."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from facemogle.commands.arguments import PROGRAM, Parser

COMMANDS = {
    "generate": "facemogle.commands.generate",
    "generate-folder": "facemogle.commands.generate_folder",
    "export-mask": "facemogle.commands.export_mask",
    "template": "facemogle.commands.template",
    "train": "facemogle.training.cli",
    "train-parser": "facemogle.training.parser_cli",
    "train-attributes": "facemogle.training.attributes_cli",
    "render": "facemogle.render.cli",
    "evaluate": "facemogle.evaluation.cli",
    "bench": "facemogle.bench.cli",
    "statistics": "facemogle.render.statistics",
    "space-check": "facemogle.commands.space_check",
}
"""Each module has add_arguments(parser) and run(arguments) -> exit status; only the one that is
asked for is imported."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, or 2 for bad input."""
    parser = Parser(prog=PROGRAM, description="Faces from masks and words.")
    parser.add_argument("command", choices=COMMANDS, help="see COMMAND --help")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)

    for library in ("TRANSFORMERS", "DIFFUSERS"):
        os.environ.setdefault(f"{library}_VERBOSITY", "error")  # read when it is imported
    for name in ("torchao", "torch.utils._pytree"):  # where torchao is installed, it complains
        logging.getLogger(name).setLevel(logging.ERROR)
    module = import_module(COMMANDS[chosen.command])
    command_parser = Parser(
        prog=f"{PROGRAM} {chosen.command}", description=(module.__doc__ or "").partition("\n")[0]
    )
    module.add_arguments(command_parser)
    return module.run(command_parser.parse_args(chosen.arguments))


if __name__ == "__main__":
    sys.exit(main())
