"""Names -> folders of models on this machine, downloaded if they are not there yet."""

from __future__ import annotations

import re
from pathlib import Path

from huggingface_hub import get_token
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

from facemogle.network.lora import LORA_FILE
from facemogle.weights.downloads import download
from facemogle.weights.errors import CheckpointError
from facemogle.weights.headers import missing_files
from facemogle.weights.names import MINI_FOLDER
from facemogle.weights.published import MOGLE_FILES

FLUX_REPOSITORY = "black-forest-labs/FLUX.1-dev"
PREVIEW_REPOSITORY = "madebyollin/taef1"
MODEL_FILES = ["model_index.json", "*/*.json", "*/*.txt", "*/*.model", "*/*.safetensors"]
FACE_MOGLE_FILES = ["*.safetensors", "*.pt"]
PREVIEW_FILES = ["config.json", "diffusion_pytorch_model.safetensors"]


_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")


def folder_of(name_or_path: str, local_dir: str | Path | None) -> Path:
    """Folder of a model; arguments as of `load_pipeline`. Raises CheckpointError."""
    hub_id = FLUX_REPOSITORY if name_or_path == "flux" else hub_id_of(name_or_path)
    if hub_id is not None:
        place = _place(hub_id, local_dir)
        if place and (place / "model_index.json").is_file() and not missing_files(place):
            return place
        folder = _download(hub_id, MODEL_FILES, place)
    else:
        folder = MINI_FOLDER if name_or_path == "mini" else Path(name_or_path)
    if (folder / "model_index.json").is_file():
        return folder
    if name_or_path == "mini":
        raise CheckpointError(
            f"The embedded model is not at {folder}. It comes with the repository: get all of it, "
            "or name another model's folder."
        )
    raise CheckpointError(
        f"{name_or_path} is not a model: it must be mini, flux, or a folder or hub id (owner/name) "
        "with a model_index.json."
    )


def face_mogle_folder(name_or_path: str, local_dir: str | Path | None) -> Path:
    """Folder of Face-MoGLE weights; arguments as of `load_pipeline`. Raises CheckpointError."""
    hub_id = hub_id_of(name_or_path)
    if hub_id is None:
        return Path(name_or_path)
    place = _place(hub_id, local_dir)
    if place and any(place.rglob(LORA_FILE)) and any(any(place.rglob(n)) for n in MOGLE_FILES):
        return place
    return _download(hub_id, FACE_MOGLE_FILES, place)


def hub_id_of(name_or_path: str) -> str | None:
    """The name as an id on the hub, unless something of this name lies on this machine."""
    is_id = _HUB_ID.fullmatch(name_or_path) and not Path(name_or_path).exists()
    return name_or_path if is_id else None


def preview_folder(folder: Path, *, may_download: bool) -> Path | None:
    """Folder of the tiny VAE that previews are made by: in a model's folder, or beside it.

    may_download: whether to ask the hub if there is none. Raises CheckpointError.
    """
    name = PREVIEW_REPOSITORY.split("/")[1]
    for place in (folder / name, folder.parent / name):
        if (place / "config.json").is_file():
            return place
    return _download(PREVIEW_REPOSITORY, PREVIEW_FILES, None) if may_download else None


def _place(hub_id: str, local_dir: str | Path | None) -> Path | None:
    return None if local_dir is None else Path(local_dir) / hub_id.split("/")[1]


def _download(repository: str, patterns: list[str], place: Path | None) -> Path:
    """Fetch what is missing, into a folder or (None) into the hub's cache."""
    page = f"https://huggingface.co/{repository}"
    try:
        return download(
            repository,
            instead="name a folder that holds it: local_dir=... (--local-dir)",
            allow_patterns=patterns,
            local_dir=place,
        )
    except GatedRepoError as error:
        reason = (
            "The token on this machine belongs to an account that has not accepted it, or "
            "may not read gated repositories."
            if get_token()
            else "There is no token on this machine."
        )
        raise CheckpointError(
            f"{repository} is open only to those who accepted its licence. {reason} Accept it at "
            f"{page}, make a token with read access at https://huggingface.co/settings/tokens, and "
            "log in with: hf auth login (in a Space: set it as the secret HF_TOKEN)"
        ) from error
    except RepositoryNotFoundError as error:
        raise CheckpointError(
            f"{repository} is not a folder on this machine, and {page} does not exist or is not "
            "open to the token on this machine: check the name."
        ) from error
