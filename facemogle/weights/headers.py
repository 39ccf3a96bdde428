"""Is what a model's files hold what the model needs? Told from their headers, in a second.

A wrong or half-copied file otherwise shows only after gigabytes have been read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from facemogle.mogle import MoGLE
from facemogle.network.lora import the_rank
from facemogle.transformer import FaceMoGLETransformer
from facemogle.weights.errors import CheckpointError

Shapes = Mapping[str, tuple[int, ...]]
"""Shape of each tensor by name."""

WEIGHTS = {"diffusers": "diffusion_pytorch_model.safetensors", "transformers": "model.safetensors"}
"""Name of a component's file by the library that it belongs to; large ones come in shards."""

NO_WEIGHTS = ("scheduler", "tokenizer")
"""How the names of components without weights start."""

SHOWN = 3


def missing_files(folder: Path) -> list[str]:
    """Files that a diffusers folder announces but does not have, relative to it.

    folder: with a model_index.json. Of a component in shards, each missing shard is named.
    """
    index = json.loads((folder / "model_index.json").read_text())
    missing = []
    for component, entry in index.items():
        if component.startswith("_") or not isinstance(entry, list) or entry[0] is None:
            continue
        weights = WEIGHTS.get(entry[0], WEIGHTS["diffusers"])
        config = "config.json"
        if component.startswith(NO_WEIGHTS):
            kind = component.partition("_")[0]
            config, weights = f"{kind}_config.json", None
        wanted = [folder / component / config]
        if weights:
            wanted += _parts(folder / component / weights)
        missing += [str(path.relative_to(folder)) for path in wanted if not path.is_file()]
    return missing


def check_folder(folder: Path) -> None:
    """Compare a folder's files with what its configurations ask for, without reading weights.

    Every announced file must be there and whole; tensor names and shapes are compared for the
    transformer and the mixture of experts. Raises CheckpointError that lists what is wrong.
    """
    if missing := missing_files(folder):
        raise CheckpointError(
            f"{folder} lacks {len(missing)} file{'s' * (len(missing) > 1)}: {_some(missing)}. Copy "
            "or download the whole folder again; a download continues where it stopped."
        )
    for path in sorted(folder.glob("*/*.safetensors")):
        header(path)
    for component, kind in (("transformer", FaceMoGLETransformer), ("mogle", MoGLE)):
        if (folder / component).is_dir():
            config: Any = kind.load_config(folder, subfolder=component, local_files_only=True)
            if "quantization_config" not in config:  # else names and shapes are the quantiser's
                stored: dict[str, tuple[int, ...]] = {}
                for path in _parts(folder / component / WEIGHTS["diffusers"]):
                    stored |= header(path)
                compare(folder / component, stored, _shapes(_empty(kind, config)))


def check_lora(path: Path, flux: Path) -> None:
    """Check that a LoRA file fits a FLUX folder's transformer. Raises CheckpointError."""
    stored = header(path)
    try:
        rank = the_rank(path, stored)
    except ValueError as error:
        raise CheckpointError(str(error)) from error
    config = FaceMoGLETransformer.load_config(flux, subfolder="transformer", local_files_only=True)
    transformer = _empty(FaceMoGLETransformer, config, lora_rank=rank)
    compare(path, stored, _tensor_shapes(transformer.condition_lora.official_state_dict()))


def check_mogle(path: Path, tensors: Mapping[str, torch.Tensor], flux: Path) -> None:
    """Check that experts and gate, as read from a file, fit a FLUX folder. Raises CheckpointError.

    Their width and number are the file's own.
    """
    config: Any = FaceMoGLETransformer.load_config(
        flux, subfolder="transformer", local_files_only=True
    )
    hidden = tensors.get("global_expert.net.0.weight", torch.empty(32, 0)).shape[0]
    with torch.device("meta"):
        mogle = MoGLE(config["in_channels"], hidden)
    compare(path, _tensor_shapes(tensors), _shapes(mogle))


def header(path: Path) -> Shapes:
    """Names and shapes of a safetensors file. Raises CheckpointError if it is damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is damaged or cut off ({error}). Get it again; its size is now "
            f"{path.stat().st_size if path.is_file() else 0} bytes."
        ) from error


def compare(path: Path, stored: Shapes, needed: Shapes) -> None:
    """Raise CheckpointError that names missing, unexpected and wrongly shaped tensors."""
    wrong = [
        f"{name} is {_product(stored[name])} instead of {_product(needed[name])}"
        for name in sorted(stored.keys() & needed.keys())
        if stored[name] != needed[name]
    ]
    complaints = [
        f"{title} {len(found)} tensor{'s' * (len(found) > 1)} ({_some(found)})"
        for title, found in (
            ("lacks", sorted(needed.keys() - stored.keys())),
            ("has unexpected", sorted(stored.keys() - needed.keys())),
            ("has wrongly shaped", wrong),
        )
        if found
    ]
    if complaints:
        raise CheckpointError(
            f"{path} {', '.join(complaints)}. It belongs to another model or another version of "
            "it: get the files that belong together."
        )


def _parts(path: Path) -> list[Path]:
    """A weight file, or its shards where an index lists them."""
    index = path.with_name(f"{path.name}.index.json")
    if path.is_file() or not index.is_file():
        return [path]
    shards = set(json.loads(index.read_text())["weight_map"].values())
    return [path.with_name(shard) for shard in sorted(shards)]


def _empty(kind: Any, config: Any, **changes: Any) -> Any:
    """The model without memory for its weights."""
    with torch.device("meta"):
        return kind.from_config(config, **changes)


def _shapes(model: torch.nn.Module) -> Shapes:
    return _tensor_shapes(model.state_dict())


def _tensor_shapes(tensors: Mapping[str, torch.Tensor]) -> Shapes:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def _product(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a number"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
