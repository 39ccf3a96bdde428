"""Train a model from a folder of faces: first the VAE, then everything else."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from facemogle.commands.arguments import non_negative, say, whole_number
from facemogle.network.tokens import PIXELS_PER_TOKEN
from facemogle.training.recipe import (
    LARGE_GPU,
    PAPER,
    DecoderRecipe,
    FewSteps,
    FlowRecipe,
    Stage,
    TimedRecipe,
    VAERecipe,
)

if TYPE_CHECKING:
    from accelerate import PartialState

    from facemogle.pipeline import FaceMoGLEPipeline

PRECISIONS = ("auto", "bf16", "no")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    vae, flow = VAERecipe(), FlowRecipe()
    parser.description = (
        "Train a model from a folder of faces. Stopped or killed, it goes on where it last saved "
        "when the same command is run again. Runs on a GPU if there is one, otherwise on the CPU."
    )
    parser.add_argument(
        "--recipe",
        choices=("embedded", "few-steps", "decoder", "paper"),
        default="embedded",
        help="embedded: a small model of its own; few-steps: the same one's sampling, guided, in "
        "fewer steps; decoder: one for its VAE that paints twice as large; paper: a Face-MoGLE "
        "part for a frozen FLUX (default: %(default)s)",
    )
    parser.add_argument(
        "--data",
        required=True,
        action="append",
        metavar="DIR",
        help="images/, labels/ and metadata.jsonl or attributes.jsonl with 'id' and 'caption'; or "
        "a data set of the paper (face/, mask/, text/), DIR:train being MM-CelebA-HQ's faces for "
        "training; several are used together",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="the run: states to resume from, logs, and at the end the model in DIR/pipeline, the "
        "VAE in DIR/large_vae, or the part in DIR/face_mogle",
    )
    parser.add_argument(
        "--held-out",
        metavar="DIR",
        help="faces that --data does not have: DIR/sheet.png shows 32 of them beside the model's",
    )
    parser.add_argument(
        "--from",
        dest="start",
        metavar="MODEL",
        help="embedded: a trained model (mini or a path) to go on from with its VAE; words of the "
        "captions that it lacks are added to its own. few-steps: the model that is distilled "
        "(default: mini). decoder: whose VAE, with a larger decoder trained further if it has "
        "one (default: mini). paper: the base (flux, mini or a path; default: flux)",
    )
    parser.add_argument(
        "--vae-steps",
        type=whole_number(1, 10**8),
        default=vae.steps,
        help="of the embedded model's VAE, which is not trained again if DIR/vae is there "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--decoder-steps",
        type=whole_number(1, 10**8),
        default=DecoderRecipe().steps,
        help="of the larger decoder (default: %(default)s)",
    )
    parser.add_argument(
        "--stage",
        type=read_stage,
        action="append",
        metavar="SIZE:BATCH:STEPS[:FACES]",
        help="of the transformer's training, several in a row; FACES: use only so many of each "
        f"folder's faces (default: {' '.join(map(stage_text, flow.stages))}; paper: "
        f"{' '.join(map(stage_text, PAPER.stages))})",
    )
    parser.add_argument(
        "--minutes",
        type=non_negative,
        metavar="N",
        help="embedded: train all of the model in this time, VAE, transformer, larger decoder and "
        "distillation one after the other; the STEPS of several --stage are then their shares of "
        "the transformer's time, other numbers of steps, --guided and --blend do not count. The "
        "time used is remembered if the command is stopped",
    )
    parser.add_argument(
        "--slower",
        type=float,
        default=1.0,
        metavar="FACTOR",
        help="on the recipe's learning rates of all but experts and gate; 0.3, say, for a trained "
        "model that is to learn something more and forget nothing (default: %(default)s)",
    )
    parser.add_argument(
        "--blend",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="of the trained weights in the embedded model's result, the rest being those of "
        "--from: a short training for something new forgets less then (default: %(default)s)",
    )
    parser.add_argument(
        "--guided",
        type=float,
        default=flow.guided,
        metavar="SHARE",
        help="of the embedded model's visits that teach it an input for guidance, at two more "
        "passes each; 0: the model has none (default: %(default)s)",
    )
    parser.add_argument(
        "--mixed-precision",
        choices=PRECISIONS,
        default=flow.mixed_precision,
        help="auto: bf16 where the hardware multiplies it (%(default)s)",
    )
    parser.add_argument("--seed", type=whole_number(0, 2**31), default=0, help="(%(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Train; 2 when the data or the model to go on from cannot be used."""
    timed = arguments.minutes is not None
    if timed and (arguments.recipe != "embedded" or arguments.start):
        say("train", "--minutes trains a whole model anew: leave out --recipe and --from.")
        return 2
    import torch
    from accelerate import PartialState

    from facemogle.faces.paper import open_faces
    from facemogle.masks.label_map import MaskError
    from facemogle.training.sheet import contact_sheet
    from facemogle.weights.loading import CheckpointError

    state = PartialState(cpu=not torch.cuda.is_available())
    recipes = {
        "embedded": _train_in_time if timed else _train_embedded,
        "few-steps": _train_embedded,
        "decoder": _train_decoder,
        "paper": _train_paper,
    }
    try:
        pipeline, result = recipes[arguments.recipe](arguments, state)
        if pipeline and arguments.held_out and state.is_main_process:
            size = _recipe(arguments).stages[-1].size
            faces = open_faces(arguments.held_out, size, most=32)
            contact_sheet(pipeline, faces).save(arguments.out / "sheet.png")
    except (FileNotFoundError, CheckpointError, MaskError) as error:
        say("train", error)
        return 2
    state.print(result)
    return 0


def _train_embedded(
    arguments: argparse.Namespace, state: PartialState
) -> tuple[FaceMoGLEPipeline, Path]:
    import torch

    from facemogle.training.embedded import train_embedded
    from facemogle.training.vae import train_vae
    from facemogle.weights.loading import load_pipeline

    few = FewSteps() if arguments.recipe == "few-steps" else None
    name = arguments.start or ("mini" if few else None)
    start = name and load_pipeline(name, device="cpu", torch_dtype=torch.float32)
    if start and state.is_main_process:
        start.vae.save_pretrained(arguments.out / "vae")
    state.wait_for_everyone()
    if not (arguments.out / "vae").is_dir():
        vae = VAERecipe(
            steps=arguments.vae_steps,
            mixed_precision=arguments.mixed_precision,
            seed=arguments.seed,
        )
        train_vae(arguments.data, arguments.out, vae)
    pipeline = train_embedded(
        arguments.data, arguments.out, _recipe(arguments), start, few, arguments.blend
    )
    return pipeline, arguments.out / "pipeline"


def _train_in_time(
    arguments: argparse.Namespace, state: PartialState
) -> tuple[FaceMoGLEPipeline, Path]:
    import torch

    from facemogle.training.clock import Clock
    from facemogle.training.timed import train_in_time

    arguments.out.mkdir(parents=True, exist_ok=True)
    recipe = timed_recipe(arguments, torch.cuda.is_available(), state.num_processes)
    clock, seconds = Clock(arguments.out / "clock.json"), 60 * arguments.minutes
    pipeline = train_in_time(arguments.data, arguments.out, recipe, clock, seconds)
    return pipeline, arguments.out / "pipeline"


def _train_decoder(arguments: argparse.Namespace, state: PartialState) -> tuple[None, Path]:
    import torch

    from facemogle.training.decoder import train_decoder
    from facemogle.weights.loading import load_pipeline

    start = load_pipeline(arguments.start or "mini", device="cpu", torch_dtype=torch.float32)
    recipe = DecoderRecipe(
        steps=arguments.decoder_steps,
        rate=arguments.slower * DecoderRecipe().rate,
        mixed_precision=arguments.mixed_precision,
        seed=arguments.seed,
    )
    train_decoder(arguments.data, arguments.out, recipe, start)
    return None, arguments.out / "large_vae"


def _train_paper(
    arguments: argparse.Namespace, state: PartialState
) -> tuple[FaceMoGLEPipeline, Path]:
    from facemogle.training.paper import train_paper

    base = arguments.start or "flux"
    pipeline = train_paper(arguments.data, arguments.out, _recipe(arguments), base)
    return pipeline, arguments.out / "face_mogle"


def _recipe(arguments: argparse.Namespace) -> FlowRecipe:
    recipe, slower = PAPER if arguments.recipe == "paper" else FlowRecipe(), arguments.slower
    if arguments.recipe == "few-steps":
        slower *= FewSteps().slower
        recipe = replace(recipe, expert_rate=slower * recipe.expert_rate)
    return replace(
        recipe,
        matrix_rate=slower * recipe.matrix_rate,
        rate=slower * recipe.rate,
        guided=arguments.guided,
        stages=tuple(arguments.stage or recipe.stages),
        mixed_precision=arguments.mixed_precision,
        seed=arguments.seed,
    )


def timed_recipe(arguments: argparse.Namespace, on_gpu: bool, processes: int) -> TimedRecipe:
    """All parts' numbers, with a machine's cores at work for its training processes."""
    recipe = LARGE_GPU if on_gpu else TimedRecipe()
    shared = {
        "mixed_precision": arguments.mixed_precision,
        "seed": arguments.seed,
        "workers": max(1, (os.cpu_count() or 1) // processes),
    }
    stages = tuple(arguments.stage or recipe.flow.stages)
    tokens = stages[-1].size // PIXELS_PER_TOKEN
    crop = min(recipe.decoder.crop, tokens)
    return replace(
        recipe,
        vae=replace(recipe.vae, **shared),
        flow=replace(
            recipe.flow,
            stages=stages,
            matrix_rate=arguments.slower * recipe.flow.matrix_rate,
            rate=arguments.slower * recipe.flow.rate,
            **shared,
        ),
        decoder=replace(recipe.decoder, size=2 * stages[-1].size, crop=crop, **shared),
    )


def read_stage(text: str) -> Stage:
    """Argument type for SIZE:BATCH:STEPS[:FACES]."""
    try:
        stage = Stage(*map(int, text.split(":")))
    except (ValueError, TypeError):
        stage = None
    if stage is None or min(vars(stage).values()) < 1 or stage.size % 16:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not SIZE:BATCH:STEPS or SIZE:BATCH:STEPS:FACES with SIZE a multiple of 16"
        )
    return stage


def stage_text(stage: Stage) -> str:
    """The argument that reads as this stage."""
    return f"{stage.size}:{stage.batch}:{stage.steps}:{stage.faces}"
