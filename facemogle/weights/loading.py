"""Names and folders -> a ready pipeline.

A folder is either ours, as `FaceMoGLEPipeline.save_pretrained` writes it, or FLUX's with the
Face-MoGLE part in another one, in the published layout.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.quantizers import PipelineQuantizationConfig
from safetensors import SafetensorError

from facemogle.mogle import MoGLE
from facemogle.network.lora import LORA_FILE
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.transformer import FaceMoGLETransformer
from facemogle.weights import fitting
from facemogle.weights.devices import device_of, usual_dtype
from facemogle.weights.fitting import Offload, Quantisation
from facemogle.weights.folders import (
    PREVIEW_REPOSITORY,
    face_mogle_folder,
    folder_of,
    hub_id_of,
    preview_folder,
)
from facemogle.weights.headers import CheckpointError, check_folder, check_lora, check_mogle
from facemogle.weights.published import (
    FACE_MOGLE_REPOSITORY,
    MOGLE_FILES,
    REFERENCE_TIME_SCALE,
    find_file,
    load_mogle,
    read_mogle,
    save_face_mogle,
)

__all__ = ["CheckpointError", "load_base", "load_mogle", "load_pipeline", "save_face_mogle"]

log = logging.getLogger(__name__)

Compat = Literal["reference-inference"]


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
    """Load everything that an image needs.

    name_or_path: "mini", the model in this repository; "flux", FLUX.1-dev and the published
        Face-MoGLE weights from the hub; or a folder or hub id, of one of ours or of a FLUX.
    face_mogle: folder or hub id of the Face-MoGLE part, which a FLUX folder needs.
    local_dir: where "flux" or a hub id lies or is downloaded to, as plain files in folders of the
        repositories' names, such as FLUX.1-dev and face-mogle-models; None = the hub's cache. What
        is there already needs no network.
        What lies in its folder taef1, or in one of a folder of yours, makes previews.
    device: "cpu", "cuda", "mps", ...; None = a GPU if there is one.
    torch_dtype: of weights and arithmetic; None = bfloat16 on a GPU, float16 on one without it,
        float32 elsewhere.
    quantize: "nf4", "int8" or "fp8" weights of transformer and T5; None = as they are stored.
    offload: "model", "group" or "sequential": how much is on the GPU at a time; None = all of it.
    compat: "reference-inference" makes images as the authors' inference scripts do: their local
        experts see black images (if by accident), and the gate gets t * 1000.
    Names and shapes of tensors are checked before weights are read. Raises CheckpointError.
    """
    where = device_of(device)
    dtype = torch_dtype or usual_dtype(where)
    _check_choices(
        quantize=(quantize, Quantisation), offload=(offload, Offload), compat=(compat, Compat)
    )
    quantised = None if quantize is None else fitting.quantisation_config(quantize, where, dtype)
    if offload is not None and where.type == "cpu":
        raise CheckpointError(
            f"offload is {offload}, which keeps weights off a GPU, but the device is cpu. Omit "
            "--offload, or name a GPU."
        )
    folder, part = _folders(str(name_or_path), face_mogle, local_dir)
    pipeline = _read(folder, part, dtype, quantised)
    if compat is not None:
        _follow_reference(pipeline)
    if isinstance(pipeline.vae, AutoencoderKL):
        may_download = name_or_path == "flux" and local_dir is None
        pipeline.preview_vae = _preview_vae(folder, pipeline.vae, may_download, where, dtype)
    if offload is None:
        return pipeline.to(where)
    fitting.offload(pipeline, where, offload)
    return pipeline


def load_base(
    name_or_path: str | Path, lora_rank: int, dtype: torch.dtype = torch.float32
) -> FaceMoGLEPipeline:
    """Load a base model with a new, untrained Face-MoGLE part, to train one for it.

    name_or_path: as for `load_pipeline`; a Face-MoGLE part that is there is ignored.
    Raises CheckpointError.
    """
    folder = folder_of(str(name_or_path), None)
    check_folder(folder)
    transformer = FaceMoGLETransformer.from_pretrained(folder, subfolder="transformer", dtype=dtype)
    transformer.add_condition_lora(lora_rank)
    return FaceMoGLEPipeline.from_pretrained(
        folder,
        transformer=transformer,
        mogle=MoGLE(transformer.config["in_channels"]),
        dtype=dtype,
    )


def _folders(
    name: str, face_mogle: str | Path | None, local_dir: str | Path | None
) -> tuple[Path, Path | None]:
    """Folders of a model and of its Face-MoGLE part (None = it is in the model's); arguments as of
    `load_pipeline`.
    """
    if face_mogle is None and name == "flux":
        face_mogle = FACE_MOGLE_REPOSITORY
    named = [name] if face_mogle is None else [name, str(face_mogle)]
    if local_dir is not None and not any(one == "flux" or hub_id_of(one) for one in named):
        raise CheckpointError(
            f"{local_dir} is given as the place of what comes from the hub, but the model is "
            f"{name}. Name the model flux or a hub id, or omit local_dir (--local-dir)."
        )
    part = None if face_mogle is None else str(face_mogle)
    folder = folder_of(name, local_dir)
    return folder, None if part is None else face_mogle_folder(part, local_dir)


def _read(
    folder: Path,
    face_mogle: Path | None,
    dtype: torch.dtype,
    quantised: PipelineQuantizationConfig | None,
) -> FaceMoGLEPipeline:
    """The pipeline of one folder of ours, or of a FLUX folder and its Face-MoGLE part's."""
    try:
        if face_mogle is not None:
            return _from_flux(folder, face_mogle, dtype, quantised)
        if (folder / "mogle").is_dir():
            check_folder(folder)
            return FaceMoGLEPipeline.from_pretrained(
                folder, dtype=dtype, quantization_config=quantised
            )
    except SafetensorError as error:
        raise CheckpointError(
            f"A file in {folder} or {face_mogle} is damaged ({error}). Get it again."
        ) from error
    raise CheckpointError(
        f"{folder} has no Face-MoGLE part (no folder mogle). If it is a FLUX folder, name that or "
        "the hub id of the Face-MoGLE weights too: face_mogle=... (--face-mogle)."
    )


def _from_flux(
    folder: Path,
    face_mogle: Path,
    dtype: torch.dtype,
    quantised: PipelineQuantizationConfig | None,
) -> FaceMoGLEPipeline:
    mogle_file, lora_file = find_file(face_mogle, MOGLE_FILES), find_file(face_mogle, [LORA_FILE])
    check_folder(folder)
    check_lora(lora_file, folder)
    check_mogle(mogle_file, read_mogle(mogle_file)[0], folder)
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


def _preview_vae(
    folder: Path, vae: AutoencoderKL, may_download: bool, device: torch.device, dtype: torch.dtype
) -> AutoencoderTiny | None:
    """The tiny VAE with the latents of `vae`; None if there is none to be had."""
    try:
        place = preview_folder(folder, may_download=may_download)
        if place is None:
            return None
        tiny: Any = AutoencoderTiny.from_pretrained(place, dtype=dtype, use_safetensors=True)
        if tiny.config["latent_channels"] != vae.config["latent_channels"]:
            raise CheckpointError(f"{place} is of other latents.")
        return tiny.to(device)
    except Exception as error:  # whatever it is, images do not depend on it
        log.info("Previews are coarse, without %s: %r", PREVIEW_REPOSITORY, error)
        return None


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
