"""Render faces with exact label maps, captions and attributes, to train on."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from facemogle.commands.arguments import say, whole_number

if TYPE_CHECKING:
    from facemogle.render.renderer import Renderer

SIZE = 256
"""Side of the images, pixels."""
EVERY = 10
"""Seconds between two reports."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Render faces from MakeHuman's assets. Face n of a seed is always the same face. After "
        "a stop or a kill, the same command continues where it was. Needs OpenGL 3.3 through EGL, "
        "on a GPU or in software (libegl1, libgl1-mesa-dri)."
    )
    parser.add_argument(
        "--assets",
        type=Path,
        required=True,
        metavar="DIR",
        help="MakeHuman's data folder, or the folder that holds it as data",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="images/, labels/, labels_bare/, metadata.jsonl, faces.jpg and labels.png go there",
    )
    parser.add_argument("--count", type=whole_number(1, 10**6), required=True, help="of faces")
    parser.add_argument(
        "--first",
        type=whole_number(0, 10**6),
        default=0,
        help="number of the first face, so that some of a seed's faces can be had without the "
        "others (%(default)s)",
    )
    parser.add_argument("--seed", type=whole_number(0, 2**31), default=0, help="(%(default)s)")
    parser.add_argument(
        "--even",
        action="store_true",
        help="draw rare looks (red hair, curls, freckles, hats) about as often as common ones",
    )
    parser.add_argument(
        "--size", type=whole_number(64, 1024), default=SIZE, help="side in pixels (%(default)s)"
    )
    parser.add_argument(
        "--workers", type=whole_number(1, 256), default=1, help="processes (%(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Render; 2 when assets, OpenGL or the folder cannot be used."""
    from facemogle.render.dataset import FolderError, check_seed, finish

    try:
        check_seed(arguments.out, arguments.seed)
        if arguments.workers == 1:
            _work(arguments, 0)
        else:
            _share(arguments)
    except (RenderError, FolderError) as error:
        say("render", error)
        return 2
    except KeyboardInterrupt:
        say("render", "stopped; the same command goes on.")
        return 130
    say("render", f"{finish(arguments.out)} faces in {arguments.out}")
    print(arguments.out / "metadata.jsonl")
    return 0


class RenderError(RuntimeError):
    """The renderer lacks an asset or OpenGL. The message says where to get it."""


def open_renderer(assets: Path, size: int) -> Renderer:
    """Prepare the renderer on one core. Raises RenderError."""
    os.environ.setdefault("LP_NUM_THREADS", "1")  # of software OpenGL; workers use the cores
    import cv2

    from facemogle.render.assets import AssetError, AssetFolder
    from facemogle.render.renderer import Renderer

    cv2.setNumThreads(1)
    try:
        return Renderer(AssetFolder(assets), size)
    except AssetError as error:
        raise RenderError(str(error)) from error
    except Exception as error:  # moderngl raises bare ones
        raise RenderError(
            f"OpenGL 3.3 through EGL is not there: {error}. Install moderngl, libegl1 and a "
            "driver, for example libgl1-mesa-dri."
        ) from error


def _share(arguments: argparse.Namespace) -> None:
    """Run the workers as processes of their own; contexts of OpenGL do not survive a fork."""
    context = multiprocessing.get_context("spawn")
    # Ctrl+C is for this process; leaving the pool ends the workers.
    ignore = signal.signal, (signal.SIGINT, signal.SIG_IGN)
    with context.Pool(arguments.workers, *ignore) as pool:
        pool.starmap(_work, [(arguments, worker) for worker in range(arguments.workers)], 1)


def _work(arguments: argparse.Namespace, worker: int) -> None:
    from facemogle.render.dataset import write_faces

    renderer = open_renderer(arguments.assets, arguments.size)
    start = reported = time.monotonic()
    numbers = range(arguments.first + worker, _end(arguments), arguments.workers)
    faces = write_faces(
        arguments.out, renderer.render, arguments.seed, numbers, worker, arguments.even
    )
    parent = multiprocessing.parent_process()
    for written, number in enumerate(faces, start=1):
        if parent is not None and not parent.is_alive():
            return  # killed; a new run must not meet the workers of the old one
        now = time.monotonic()
        if now - reported > EVERY:
            reported = now
            rate = written / (now - start)
            say("render", f"worker {worker}: face {number} of {_end(arguments)}, {rate:.1f}/s")


def _end(arguments: argparse.Namespace) -> int:
    return arguments.first + arguments.count
