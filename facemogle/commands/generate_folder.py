"""Make a face for each mask of a folder, on as many processes as accelerate starts."""

from __future__ import annotations

import argparse
import os
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from tqdm import tqdm

from facemogle.commands.arguments import load_chosen, say, say_unread
from facemogle.commands.image_arguments import add_image_arguments, image_options
from facemogle.commands.mask_arguments import add_reading_arguments
from facemogle.commands.mask_folder import FolderMask, read_mask_folder
from facemogle.commands.outputs import prepare_folder, writing
from facemogle.masks.reading import read_mask
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.provenance import made_from, signed_png
from facemogle.runs.request import mask_size

COMMAND = "generate-folder"
PATIENCE = timedelta(days=1)
"""How long a process that is done waits for the others; torch's half an hour may be too little."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "--masks",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of masks, *.png, with prompts in NAME.txt, else --prompt; or with mask/, "
        "text/ and text.json as the authors' data sets",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="for the images, named like the masks; existing ones are not made again",
    )
    add_reading_arguments(parser)
    add_image_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Make this process's share. Returns 0, or 2 if something could not be used, as stderr says."""
    on_cpu = not torch.cuda.is_available() or arguments.device == "cpu"
    state = PartialState(on_cpu, timeout=PATIENCE)
    if arguments.device is None and not on_cpu:
        arguments.device = str(state.device)  # each process has its own
    try:
        failures = _generate(arguments, state)
    except (ValueError, OSError) as error:
        say(COMMAND, error)
        failures = 1
    finally:
        # Whoever ends with a failure ends the others, so not before they are done.
        state.wait_for_everyone()
        state.destroy_process_group()
    return 2 if failures else 0


def _generate(arguments: argparse.Namespace, state: PartialState) -> int:
    """Returns how many masks could not be used."""
    options = image_options(arguments)
    if arguments.out.resolve() == arguments.masks.resolve():
        raise ValueError(f"{arguments.out} is also the folder of the masks. Name another --out.")
    folder = read_mask_folder(arguments.masks)
    masks = folder.masks
    for note in folder.notes if state.is_main_process else ():
        say(COMMAND, note)
    prepare_folder(arguments.out)
    new = [mask for mask in masks if not _target(mask, arguments).exists()]
    state.wait_for_everyone()  # nobody writes before all have looked
    share = new[state.process_index :: state.num_processes]
    failures = 0
    with tqdm(total=len(masks), unit="image", disable=not state.is_main_process) as bar:

        def tell() -> None:
            bar.n = sum(_target(mask, arguments).exists() for mask in masks)
            bar.refresh()

        tell()
        pipeline = None
        read: set[str] = set()
        for mask in share:
            pipeline = pipeline or load_chosen(arguments)
            try:
                prompt = arguments.prompt if mask.prompt is None else mask.prompt
                if prompt not in read:  # --prompt is that of thousands, and its notes are said once
                    say_unread(COMMAND, prompt, pipeline, about=f"{mask.path}: ")
                    read.add(prompt)
                _make(pipeline, mask, prompt, arguments, options)
            except (ValueError, OSError) as error:
                say(COMMAND, f"{mask.path}: {error}")
                failures += 1
            tell()
        state.wait_for_everyone()
        tell()
    return failures


def _make(
    pipeline: FaceMoGLEPipeline,
    mask: FolderMask,
    prompt: str,
    arguments: argparse.Namespace,
    options: dict[str, Any],
) -> None:
    """Write one image, with what it was made from in the PNG."""
    side = pipeline.config["default_size"]
    height, width = arguments.size or (side, side)
    size = mask_size(pipeline.grid_of(height, width))
    reading = read_mask(
        mask.path, size=size, swap_sides=arguments.swap_sides, labels=arguments.labels
    )
    for note in reading.notes:
        say(COMMAND, f"{mask.path}: {note}")
    seed = seed_of(mask.path.stem, arguments.seed)
    request = pipeline.request(
        prompt,
        reading.label_map,
        generator=torch.Generator("cpu").manual_seed(seed),
        height=height,
        width=width,
        **options,
    )
    *_, last = pipeline.steps(request)
    facts = {"prompt": prompt, "seed": seed, **made_from(request)}
    target = _target(mask, arguments)
    unfinished = target.with_suffix(".unfinished")
    image = pipeline.decode(last.latents, height, width)
    with writing(target):
        unfinished.write_bytes(signed_png(image, reading.label_map, facts))
        os.replace(unfinished, target)  # so that what is there is whole


def _target(mask: FolderMask, arguments: argparse.Namespace) -> Path:
    """The image of a mask, as PNG whatever the mask's file is."""
    return arguments.out / f"{mask.path.stem}.png"


def seed_of(name: str, seed: int) -> int:
    """The seed of a mask's image, 0..2^63-1: the same whatever else the folder has."""
    digest = blake2b(f"{seed} {name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1
