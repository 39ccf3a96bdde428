"""Measure a model on faces that its training did not see."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from facemogle.commands.arguments import add_model_arguments, load_chosen, say, whole_number

METRICS = ("fid", "kid", "cmmd", "clip", "dino", "image-reward")
"""Those of ``facemogle.evaluation.external``, which takes seconds to import."""

if TYPE_CHECKING:
    from facemogle.evaluation.measure import Measurement
    from facemogle.evaluation.report import Section
    from facemogle.pipeline import FaceMoGLEPipeline


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Measure a model on faces that its training did not see: masks, prompts, realism, edits, "
        "gate, experts, seconds, each beside its goal. Stopped or killed, it goes on where it was "
        "when the same command is run again. See docs/evaluation.md."
    )
    parser.add_argument(
        "--data",
        required=True,
        metavar="DIR",
        help="held-out faces, laid out as for train; attributes are those that render writes",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("evaluation"),
        metavar="DIR",
        help="table.md, numbers.json, sheets of faces, pairs to judge, all images (%(default)s)",
    )
    faces = whole_number(1, 10**6)
    parser.add_argument("--count", type=faces, default=500, help="faces (default: %(default)s)")
    parser.add_argument(
        "--few",
        type=whole_number(4, 10**6),
        default=32,
        help="faces for edits, other words and other masks (default: %(default)s)",
    )
    parser.add_argument(
        "--reference",
        metavar="DIR",
        help="other renders of the same kind, as many, for the floor of realism (default: two "
        "halves of --data)",
    )
    parser.add_argument(
        "--masks", type=Path, metavar="DIR", help="real label maps to make faces from as well"
    )
    parser.add_argument(
        "--parser",
        default="embedded",
        metavar="embedded|hub|PATH",
        help="the face parser that reads images (default: %(default)s)",
    )
    parser.add_argument(
        "--metrics",
        type=_metrics,
        default=(),
        metavar="NAME,...",
        help=f"of the paper, with downloaded models: {','.join(METRICS)}",
    )
    parser.add_argument(
        "--detector",
        action="append",
        default=[],
        metavar="MODULE:CALLABLE",
        help="a detector of generated images: uint8 (B, H, W, 3) -> scores (B,)",
    )
    parser.add_argument("--seed", type=whole_number(0, 2**31), default=0, help="(%(default)s)")
    add_model_arguments(parser)


def _metrics(text: str) -> tuple[str, ...]:
    """Argument type for names of metrics with commas between them."""
    names = tuple(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in METRICS:
            raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(METRICS)}")
    return names


def run(arguments: argparse.Namespace) -> int:
    """Measure and print. Returns 0, or 2 if the input is unusable, which stderr then explains."""
    from facemogle.evaluation.goals import goals
    from facemogle.evaluation.report import numbers, text_table

    # That a prompt is too long would be said face by face, across the progress bar.
    logging.getLogger("facemogle.network.text").setLevel(logging.ERROR)
    try:
        sections = []
        for section in _measurement(arguments).sections():
            sections.append(section)
            _write(arguments.out, sections)
        sections.append(goals(numbers(sections)))
        _write(arguments.out, sections)
    except (ValueError, OSError) as error:
        say("evaluate", error)
        return 2
    except KeyboardInterrupt:
        say("evaluate", "stopped; the same command goes on.")
        return 130
    print(text_table(sections))
    print(arguments.out / "table.md")
    return 0


def _measurement(arguments: argparse.Namespace) -> Measurement:
    import torch

    from facemogle.attributes.classifier import load_classifier
    from facemogle.evaluation import external
    from facemogle.evaluation.detector import Detector
    from facemogle.evaluation.faces import HeldOut
    from facemogle.evaluation.gallery import Gallery
    from facemogle.evaluation.measure import Measurement
    from facemogle.evaluation.reader import Reader
    from facemogle.masks.files import label_map_files
    from facemogle.masks.reading import read_mask
    from facemogle.photo.parser import load_parser

    masks = label_map_files(arguments.masks) if arguments.masks else []
    for mask in masks:
        read_mask(mask)  # a wrong file is named before hours of work
    detectors = [Detector(place) for place in arguments.detector]
    pipeline = load_chosen(arguments)
    size = pipeline.config["default_size"]
    held = HeldOut.open(arguments.data, size, arguments.count)
    reference = arguments.reference and HeldOut.open(arguments.reference, size, len(held))
    device = arguments.device
    reader = Reader(load_parser(arguments.parser, device), load_classifier(device=device))
    where = torch.device(arguments.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    metrics = [external.METRICS[name](where) for name in arguments.metrics]
    settings = {
        "model": str(arguments.model),
        "face_mogle": arguments.face_mogle,
        "steps": pipeline.config["default_steps"],
        "size": size,
        "compat": arguments.compat,
        "quantize": arguments.quantize,
        "seed": arguments.seed,
        "weights": _fingerprint(pipeline),
    }
    gallery = Gallery(arguments.out / "images", pipeline, settings)
    return Measurement(
        held,
        gallery,
        reader,
        arguments.out,
        held.few(arguments.few),
        reference,
        masks,
        _folders(pipeline, arguments.face_mogle),
        metrics,
        detectors,
    )


def _fingerprint(pipeline: FaceMoGLEPipeline) -> float:
    """A number that other weights under the same name do not have."""
    gate = pipeline.mogle.state_dict()
    return round(float(sum(tensor.double().abs().sum() for tensor in gate.values())), 3)


def _folders(pipeline: FaceMoGLEPipeline, face_mogle: str | None) -> list[Path]:
    named = (pipeline.name_or_path, face_mogle)
    return [Path(folder) for folder in named if folder and Path(folder).is_dir()]


def _write(out: Path, sections: list[Section]) -> None:
    from facemogle.evaluation.report import markdown_table, numbers

    (out / "table.md").write_text(markdown_table(sections), "utf8")
    (out / "numbers.json").write_text(json.dumps(numbers(sections), indent=1) + "\n", "utf8")
