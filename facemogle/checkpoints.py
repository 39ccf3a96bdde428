"""Names and folders -> a ready pipeline, and the layout that Face-MoGLE's weights are published in.

A folder is either ours, as `FaceMoGLEPipeline.save_pretrained` writes it, or FLUX's with the
Face-MoGLE part in another one: `pytorch_lora_weights.safetensors` and `global_local_mask_moe`
(`.safetensors`, or `.pt` as published; also seen as `mogle.pt`). No pickled code is ever run.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from diffusers.quantizers import PipelineQuantizationConfig
from huggingface_hub import constants, get_token, snapshot_download
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from facemogle import memory
from facemogle.lora import LORA_FILE
from facemogle.memory import Offload, Quantisation
from facemogle.mogle import MoGLE
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.transformer import FaceMoGLETransformer
from facemogle.weight_files import (
    CheckpointError,
    check_folder,
    check_lora,
    check_mogle,
    missing_files,
)

__all__ = ["CheckpointError", "load_base", "load_mogle", "load_pipeline", "save_face_mogle"]

MINI_FOLDER = Path(__file__).resolve().parent.parent / "checkpoints" / "mini"
FLUX_REPOSITORY = "black-forest-labs/FLUX.1-dev"
FACE_MOGLE_REPOSITORY = "XavierJiezou/face-mogle-models"
REFERENCE_TIME_SCALE = 1000.0
"""What the authors' inference scripts multiply t with before the gate gets it."""

Compat = Literal["reference-inference"]

MOGLE_FILES = ("global_local_mask_moe.safetensors", "global_local_mask_moe.pt", "mogle.pt")


def load_pipeline(
    name_or_path: str | Path = "mini",
    *,
    face_mogle: str | Path | None = None,
    local_dir: str | Path | None = None,
    device: str | None = None,
    torch_dtype: torch.dtype | None = None,
    quantize: Quantisation | None = None,
    offload: Offload | None = None,
    compat: Compat | None = None,
) -> FaceMoGLEPipeline:
    """Load everything that a picture needs.

    name_or_path: "mini", the model in this repository; "flux", FLUX.1-dev and the published
        Face-MoGLE weights from the hub; or a folder, ours or FLUX's.
    face_mogle: folder of the Face-MoGLE part, which a FLUX folder needs.
    local_dir: where "flux" lies or is downloaded to, as plain files in the folders FLUX.1-dev and
        face-mogle-models; None = the hub's cache. What is there already needs no network.
    device: "cpu", "cuda", ...; None = a GPU if there is one.
    torch_dtype: None = bfloat16 on a GPU, float32 elsewhere.
    quantize: "nf4", "int8" or "fp8" weights of transformer and T5; None = as they are stored.
    offload: "model", "group" or "sequential": how much is on the GPU at a time; None = all of it.
    compat: "reference-inference" makes pictures as the authors' inference scripts do: their local
        experts see black pictures (if by accident), and the gate gets t * 1000.
    Names and shapes of tensors are checked before weights are read. Raises CheckpointError.
    """
    where = _device(device)
    dtype = torch_dtype or (torch.bfloat16 if where.type == "cuda" else torch.float32)
    _check_choices(
        quantize=(quantize, Quantisation), offload=(offload, Offload), compat=(compat, Compat)
    )
    quantised = None if quantize is None else memory.quantisation_config(quantize, where, dtype)
    if offload is not None and where.type == "cpu":
        raise CheckpointError(
            f"offload is {offload}, which keeps weights off a GPU, but the device is cpu. Leave it "
            "(--offload) away, or name a GPU."
        )
    if local_dir is not None and name_or_path != "flux":
        raise CheckpointError(
            f"{local_dir} is given as the place of flux, but the model is {name_or_path}. Name the "
            "model flux, or leave local_dir (--local-dir) away."
        )
    folder = _folder(str(name_or_path), local_dir)
    if face_mogle is None and name_or_path == "flux":
        face_mogle = _face_mogle_folder(local_dir)
    try:
        if face_mogle is not None:
            pipeline = _from_flux(folder, Path(face_mogle), dtype, quantised)
        elif (folder / "mogle").is_dir():
            check_folder(folder)
            pipeline = FaceMoGLEPipeline.from_pretrained(
                folder, dtype=dtype, quantization_config=quantised
            )
        else:
            raise CheckpointError(
                f"{folder} has no Face-MoGLE part (no folder mogle). If it is a FLUX folder, name "
                "that of the Face-MoGLE weights too: face_mogle=... (--face-mogle)."
            )
    except SafetensorError as error:
        raise CheckpointError(
            f"A file in {folder} or {face_mogle} is damaged ({error}). Get it again."
        ) from error
    if compat is not None:
        _follow_reference(pipeline)
    if offload is None:
        return pipeline.to(where)
    memory.offload(pipeline, where, offload)
    return pipeline


def load_base(
    name_or_path: str | Path, lora_rank: int, dtype: torch.dtype = torch.float32
) -> FaceMoGLEPipeline:
    """Load a base model with a new, untrained Face-MoGLE part, to train one for it.

    name_or_path: as for `load_pipeline`; a Face-MoGLE part that is there is left away.
    Raises CheckpointError.
    """
    folder = _folder(str(name_or_path), None)
    check_folder(folder)
    transformer = FaceMoGLETransformer.from_pretrained(folder, subfolder="transformer", dtype=dtype)
    transformer.add_condition_lora(lora_rank)
    return FaceMoGLEPipeline.from_pretrained(
        folder,
        transformer=transformer,
        mogle=MoGLE(transformer.config["in_channels"]),
        dtype=dtype,
    )


def save_face_mogle(pipeline: FaceMoGLEPipeline, folder: str | Path) -> None:
    """Write the Face-MoGLE part alone in the published layout, as safetensors."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    pipeline.save_lora_weights(folder)
    tensors = {name: tensor.contiguous() for name, tensor in pipeline.mogle.state_dict().items()}
    metadata = {"format": "pt", "time_scale": str(pipeline.mogle.config.time_scale)}
    save_file(tensors, folder / MOGLE_FILES[0], metadata=metadata)


def load_mogle(path: str | Path, dtype: torch.dtype = torch.float32) -> MoGLE:
    """Load a MoGLE in the published layout, `.safetensors` or `.pt`.

    The file does not tell its time scale, unless `save_face_mogle` wrote it: then it is 1000.
    """
    path = Path(path)
    tensors, time_scale = _read_mogle(path)
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


def _read_mogle(path: Path) -> tuple[dict[str, Tensor], float]:
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


def _from_flux(
    folder: Path,
    face_mogle: Path,
    dtype: torch.dtype,
    quantised: PipelineQuantizationConfig | None,
) -> FaceMoGLEPipeline:
    mogle_file, lora_file = _find(face_mogle, MOGLE_FILES), _find(face_mogle, [LORA_FILE])
    check_folder(folder)
    check_lora(lora_file, folder)
    check_mogle(mogle_file, _read_mogle(mogle_file)[0], folder)
    mogle = load_mogle(mogle_file, dtype)
    transformer = FaceMoGLETransformer.from_pretrained(
        folder,
        subfolder="transformer",
        dtype=dtype,
        quantization_config=quantised and quantised.quant_mapping["transformer"],
    )
    transformer.load_condition_lora(lora_file)
    return FaceMoGLEPipeline.from_pretrained(
        folder, transformer=transformer, mogle=mogle, dtype=dtype, quantization_config=quantised
    )


def _follow_reference(pipeline: FaceMoGLEPipeline) -> None:
    """See `compat` of `load_pipeline`."""
    pipeline.register_to_config(local_masks="empty")
    pipeline.mogle.register_to_config(time_scale=REFERENCE_TIME_SCALE)
    pipeline.mogle.gating.time_scale = REFERENCE_TIME_SCALE


def _check_choices(**given: tuple[str | None, Any]) -> None:
    """Raise CheckpointError for an argument that is none of a Literal's values."""
    for name, (value, literal) in given.items():
        if value is not None and value not in get_args(literal):
            raise CheckpointError(
                f"{name}: {value!r} is unknown; take {', '.join(get_args(literal))}."
            )


def _find(folder: Path, names: Sequence[str]) -> Path:
    """The first of these files in a folder or below it."""
    for name in names:
        if found := sorted(folder.rglob(name)):
            return found[0]
    raise CheckpointError(
        f"{folder} has no {' or '.join(names)}. Give the folder of the Face-MoGLE weights."
    )


def _folder(name_or_path: str, local_dir: str | Path | None) -> Path:
    if name_or_path == "flux":
        place = None if local_dir is None else Path(local_dir) / FLUX_REPOSITORY.split("/")[1]
        if place and (place / "model_index.json").is_file() and not missing_files(place):
            return place
        return _download(FLUX_REPOSITORY, ["model_index.json", "*/*"], place)
    folder = MINI_FOLDER if name_or_path == "mini" else Path(name_or_path)
    if (folder / "model_index.json").is_file():
        return folder
    if name_or_path == "mini":
        raise CheckpointError(
            f"The embedded model is not at {folder}. It comes with the repository: get all of it, "
            "or name another model's folder."
        )
    raise CheckpointError(
        f"{name_or_path} is no model: it must be mini, flux, or a folder with a model_index.json."
    )


def _face_mogle_folder(local_dir: str | Path | None) -> Path:
    place = None if local_dir is None else Path(local_dir) / FACE_MOGLE_REPOSITORY.split("/")[1]
    if place and any(place.rglob(LORA_FILE)) and any(any(place.rglob(n)) for n in MOGLE_FILES):
        return place
    return _download(FACE_MOGLE_REPOSITORY, ["*.safetensors", "*.pt"], place)


def _download(repository: str, patterns: list[str], place: Path | None) -> Path:
    """Fetch what is missing, into a folder or (None) into the hub's cache."""
    page = f"https://huggingface.co/{repository}"
    try:
        return Path(snapshot_download(repository, allow_patterns=patterns, local_dir=place))
    except GatedRepoError as error:
        reason = (
            "The token on this machine is of an account that has not done so, or may not read "
            "gated repositories."
            if get_token()
            else "There is no token on this machine that says who asks."
        )
        raise CheckpointError(
            f"{repository} is open only to those who accepted its licence. {reason} Accept it at "
            f"{page}, make a token with read access at https://huggingface.co/settings/tokens, and "
            "log in with: hf auth login (in a Space: set it as the secret HF_TOKEN)"
        ) from error
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        reason = (
            "HF_HUB_OFFLINE is set, which forbids downloads: unset it"
            if constants.HF_HUB_OFFLINE
            else "Check the network connection"
        )
        raise CheckpointError(
            f"{repository} could not be downloaded from huggingface.co, and is not on this machine "
            f"yet. {reason}, or name a folder that holds it: local_dir=... (--local-dir)."
        ) from error


def _device(name: str | None) -> torch.device:
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise CheckpointError(f"{name!r} is no device: take cpu, cuda or cuda:1.") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise CheckpointError(
            f"Device {name!r} is not there: torch sees {torch.cuda.device_count()} CUDA GPUs. Take "
            "cpu, or install torch with CUDA."
        )
    return device
