"""Train a model from a folder of faces: first the VAE, then everything else."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from facemogle.cli import say, whole_number
from facemogle.training.recipe import FlowRecipe, Stage, VAERecipe

PRECISIONS = ("auto", "bf16", "no")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    vae, flow = VAERecipe(), FlowRecipe()
    parser.description = (
        "Train a model from a folder of faces. Stopped or killed, it goes on where it last saved "
        "when the same command is run again. Runs on a GPU if there is one, otherwise on the CPU."
    )
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        action="append",
        metavar="DIR",
        help="images/, labels/ and metadata.jsonl or attributes.jsonl with 'id' and 'caption'; "
        "several are used together",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="the run: states to resume from, logs, and at the end the model in DIR/pipeline",
    )
    parser.add_argument(
        "--held-out",
        type=Path,
        metavar="DIR",
        help="faces that --data does not have: DIR/sheet.png shows 32 of them beside the model's",
    )
    parser.add_argument(
        "--from",
        dest="start",
        metavar="MODEL",
        help="go on from a trained model (mini or a path) with its VAE; words of the captions that "
        "it lacks are added to its own",
    )
    parser.add_argument(
        "--vae-steps",
        type=whole_number(1, 10**8),
        default=vae.steps,
        help="of the VAE, which is not trained again if DIR/vae is there (default: %(default)s)",
    )
    parser.add_argument(
        "--stage",
        type=_stage,
        action="append",
        metavar="SIZE:BATCH:STEPS[:FACES]",
        help="of the transformer's training, several in a row; FACES: use only so many of each "
        f"folder's faces (default: {' '.join(map(_stage_text, flow.stages))})",
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
    import torch
    from accelerate import PartialState

    from facemogle.checkpoints import CheckpointError, load_pipeline
    from facemogle.label_map import MaskError
    from facemogle.training.data import FaceFolder
    from facemogle.training.flow import train_flow
    from facemogle.training.sheet import contact_sheet
    from facemogle.training.vae import train_vae

    common = {"mixed_precision": arguments.mixed_precision, "seed": arguments.seed}
    flow = FlowRecipe(**common)
    stages = tuple(arguments.stage or flow.stages)
    state = PartialState(cpu=not torch.cuda.is_available())
    try:
        start = arguments.start and load_pipeline(
            arguments.start, device="cpu", torch_dtype=torch.float32
        )
        if start and state.is_main_process:
            start.vae.save_pretrained(arguments.out / "vae")
        state.wait_for_everyone()
        if not (arguments.out / "vae").is_dir():
            vae = VAERecipe(steps=arguments.vae_steps, **common)
            train_vae(arguments.data, arguments.out, vae)
        pipeline = train_flow(arguments.data, arguments.out, replace(flow, stages=stages), start)
        if arguments.held_out and state.is_main_process:
            faces = FaceFolder(arguments.held_out, pipeline.config.default_size, most=32)
            contact_sheet(pipeline, faces).save(arguments.out / "sheet.png")
    except (FileNotFoundError, CheckpointError, MaskError) as error:
        say("train", error)
        return 2
    state.print(arguments.out / "pipeline")
    return 0


def _stage(text: str) -> Stage:
    try:
        stage = Stage(*map(int, text.split(":")))
    except (ValueError, TypeError):
        stage = None
    if stage is None or min(vars(stage).values()) < 1 or stage.size % 16:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not SIZE:BATCH:STEPS or SIZE:BATCH:STEPS:FACES with SIZE a multiple of 16"
        )
    return stage


def _stage_text(stage: Stage) -> str:
    return f"{stage.size}:{stage.batch}:{stage.steps}:{stage.faces}"
