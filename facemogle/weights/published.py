"""The layout that Face-MoGLE's weights are published in: a LoRA, and experts and gate in one file.

`pytorch_lora_weights.safetensors` and `global_local_mask_moe` (`.safetensors`, or `.pt` as
published; also seen as `mogle.pt`). No pickled code is ever run.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from facemogle.mogle import MoGLE
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.weights.errors import CheckpointError

FACE_MOGLE_REPOSITORY = "XavierJiezou/face-mogle-models"
REFERENCE_TIME_SCALE = 1000.0
"""What the authors' inference scripts multiply t with before the gate gets it."""

MOGLE_FILES = ("global_local_mask_moe.safetensors", "global_local_mask_moe.pt", "mogle.pt")


def save_face_mogle(pipeline: FaceMoGLEPipeline, folder: str | Path) -> None:
    """Write the Face-MoGLE part alone in the published layout, as safetensors."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    pipeline.save_condition_lora(folder)
    tensors = {name: tensor.contiguous() for name, tensor in pipeline.mogle.state_dict().items()}
    metadata = {"format": "pt", "time_scale": str(pipeline.mogle.config["time_scale"])}
    save_file(tensors, folder / MOGLE_FILES[0], metadata=metadata)


def load_mogle(path: str | Path, dtype: torch.dtype = torch.float32) -> MoGLE:
    """Load a MoGLE in the published layout, `.safetensors` or `.pt`.

    The file does not tell its time scale, unless `save_face_mogle` wrote it: then it is 1000.
    """
    path = Path(path)
    tensors, time_scale = read_mogle(path)
    try:
        hidden_channels, in_channels = tensors["global_expert.net.0.weight"].shape
        num_experts = tensors["gating.gate.2.bias"].shape[0]
        mogle = MoGLE(in_channels, hidden_channels, num_experts, time_scale)
        mogle.load_state_dict({k: v.to(dtype, copy=True) for k, v in tensors.items()}, assign=True)
    except (KeyError, RuntimeError, ValueError) as error:
        raise CheckpointError(
            f"{path} does not hold a MoGLE ({error}). Give the published global_local_mask_moe."
        ) from error
    return mogle.eval()


def read_mogle(path: Path) -> tuple[dict[str, Tensor], float]:
    """Tensors by name, and the time scale, of a MoGLE's file. Raises CheckpointError."""
    if path.suffix == ".safetensors":
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        return load_file(path), float(metadata.get("time_scale", REFERENCE_TIME_SCALE))
    try:
        return torch.load(path, map_location="cpu", weights_only=True), REFERENCE_TIME_SCALE
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise CheckpointError(
            f"{path} is damaged or holds more than tensors, and was not opened further. Get it "
            f"again from {FACE_MOGLE_REPOSITORY}."
        ) from error


def find_file(folder: Path, names: Sequence[str]) -> Path:
    """The first of these files in a folder or below it."""
    for name in names:
        if found := sorted(folder.rglob(name)):
            return found[0]
    raise CheckpointError(
        f"{folder} has no {' or '.join(names)}. Give the folder of the Face-MoGLE weights."
    )
