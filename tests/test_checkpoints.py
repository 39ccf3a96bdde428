from __future__ import annotations

import errno
import json
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
import torch
from conftest import load_tiny_pipeline
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from huggingface_hub.errors import (
    GatedRepoError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)
from reference_arrays import FIXTURES
from safetensors.torch import load_file, save_file

import facemogle
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.transformer import FaceMoGLETransformer
from facemogle.weights import downloads, folders
from facemogle.weights.headers import check_folder, missing_files
from facemogle.weights.loading import CheckpointError, load_mogle, load_pipeline, save_face_mogle

FLUX = FIXTURES / "tiny_flux"
FACE_MOGLE = FIXTURES / "tiny_face_mogle"


def image(pipeline: FaceMoGLEPipeline, label_map: np.ndarray) -> np.ndarray:
    short = FaceMoGLEPipeline(**pipeline.components, text_length=32)  # text is most of the work
    short.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(0)
    return short(
        "a man", label_map, 2, generator=generator, height=64, width=64, output_type="np"
    ).images


def assert_same(computed: np.ndarray, expected: np.ndarray) -> None:
    """Up to the last bits, which depend on where in memory a file's weights come to lie."""
    np.testing.assert_allclose(computed, expected, rtol=0, atol=1e-5)


def test_own_folder_gives_the_same_pixels(pipeline, label_map, tmp_path) -> None:
    expected = image(pipeline, label_map)
    FaceMoGLEPipeline(
        **pipeline.components, default_size=64, default_steps=3, text_length=32
    ).save_pretrained(tmp_path)
    assert not list(tmp_path.rglob("*.bin"))
    loaded = load_pipeline(tmp_path, device="cpu")
    assert {name: loaded.config[f"default_{name}"] for name in ("size", "steps")} == {
        "size": 64,
        "steps": 3,
    }
    assert loaded.config["text_length"] == 32
    assert_same(image(loaded, label_map), expected)


def test_published_layout_gives_the_same_pixels(own_pipeline, label_map, tmp_path) -> None:
    own_pipeline.mogle.register_to_config(time_scale=1.0)
    own_pipeline.mogle.gating.time_scale = 1.0
    expected = image(own_pipeline, label_map)
    save_face_mogle(own_pipeline, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "global_local_mask_moe.safetensors",
        "pytorch_lora_weights.safetensors",
    ]
    for path in tmp_path.iterdir():
        assert load_file(path).keys() == load_file(FACE_MOGLE / path.name).keys()
    loaded = load_pipeline(FLUX, face_mogle=tmp_path, device="cpu")
    assert loaded.mogle.config["time_scale"] == 1.0
    assert_same(image(loaded, label_map), expected)


@pytest.mark.parametrize("name", ["global_local_mask_moe.pt", "mogle.pt"])
def test_published_pt_is_the_safetensors_twin(name, label_map, pipeline, tmp_path) -> None:
    nested = tmp_path / "runs"
    nested.mkdir()
    shutil.copy(FACE_MOGLE / "global_local_mask_moe.pt", nested / name)
    shutil.copy(FACE_MOGLE / "pytorch_lora_weights.safetensors", nested)
    loaded = load_pipeline(FLUX, face_mogle=tmp_path, device="cpu")
    assert_same(image(loaded, label_map), image(pipeline, label_map))


class Payload:
    def __reduce__(self):
        return (exec, ("raise SystemExit('pickled code was run')",))


def test_pickled_code_is_not_run(tmp_path) -> None:
    path = tmp_path / "mogle.pt"
    path.write_bytes(pickle.dumps(Payload(), protocol=2))
    with pytest.raises(CheckpointError, match="more than tensors"):
        load_mogle(path)
    torch.save({"payload": Payload()}, path)
    with pytest.raises(CheckpointError, match="more than tensors"):
        load_mogle(path)


def test_other_weights_are_refused(tmp_path) -> None:
    path = tmp_path / "mogle.pt"
    torch.save({"weight": torch.zeros(3)}, path)
    with pytest.raises(CheckpointError, match="does not hold a MoGLE"):
        load_mogle(path)


def test_damaged_weights_are_refused(tmp_path) -> None:
    folder = shutil.copytree(FACE_MOGLE, tmp_path / "face_mogle")
    path = folder / "pytorch_lora_weights.safetensors"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match="damaged"):
        load_pipeline(FLUX, face_mogle=folder, device="cpu")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"name_or_path": "nowhere"},
            "nowhere is not a model: it must be mini, flux, or a folder or",
        ),
        ({"name_or_path": FLUX}, "has no Face-MoGLE part.*--face-mogle"),
        ({"name_or_path": FLUX, "face_mogle": FLUX / "vae"}, "has no global_local_mask_moe"),
        ({"name_or_path": FLUX, "device": "tpu9"}, "'tpu9' is not a device"),
        ({"name_or_path": FLUX, "device": "cuda:99"}, "'cuda:99' is not there"),
    ],
)
def test_a_wrong_name_is_answered_with_the_remedy(arguments, message) -> None:
    with pytest.raises(CheckpointError, match=message):
        load_pipeline(**arguments)


def test_a_missing_embedded_model_is_named(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(folders, "MINI_FOLDER", tmp_path / "mini")
    with pytest.raises(CheckpointError, match="comes with the repository"):
        load_pipeline("mini")


@pytest.fixture
def layout(tmp_path, monkeypatch) -> Path:
    """A copy of the official layout to spoil: FLUX.1-dev and beside it face-mogle-models.

    Reading its weights fails: what is wrong must have been found before.
    """
    shutil.copytree(FLUX, tmp_path / "FLUX.1-dev")
    shutil.copytree(FACE_MOGLE, tmp_path / "face-mogle-models")

    def read(*arguments: object, **options: object) -> None:
        pytest.fail("weights were read before they were checked")

    monkeypatch.setattr(FaceMoGLETransformer, "from_pretrained", read)
    return tmp_path


def load_layout(folder: Path) -> FaceMoGLEPipeline:
    flux, face_mogle = folder / "FLUX.1-dev", folder / "face-mogle-models"
    return load_pipeline(flux, face_mogle=face_mogle, device="cpu")


Tensors = dict[str, torch.Tensor]


def drop(tensors: Tensors) -> None:
    tensors.pop(sorted(tensors)[0])


def add(tensors: Tensors) -> None:
    tensors["stranger.weight"] = torch.zeros(2)


def cut(tensors: Tensors) -> None:
    name = sorted(tensors)[0]
    tensors[name] = tensors[name][..., :1].contiguous()


@pytest.mark.parametrize(
    "file",
    [
        "FLUX.1-dev/transformer/diffusion_pytorch_model.safetensors",
        "face-mogle-models/pytorch_lora_weights.safetensors",
        "face-mogle-models/global_local_mask_moe.safetensors",
        "face-mogle-models/global_local_mask_moe.pt",
    ],
)
@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (drop, r"lacks 1 tensor \("),
        (add, r"has unexpected 1 tensor \(stranger.weight\)"),
        (cut, r"has wrongly shaped 1 tensor \(.* is .*1 instead of \d+"),
    ],
)
def test_wrong_tensors_are_named_before_weights_are_read(
    layout: Path, file: str, spoil: Callable[[Tensors], None], complaint: str
) -> None:
    """Half an hour of reading used to end in a traceback of a thousand keys, or in noise."""
    path = layout / file
    if path.suffix == ".pt":
        path.with_suffix(".safetensors").unlink()
        tensors = torch.load(path, weights_only=True)
        spoil(tensors)
        torch.save(tensors, path)
    else:
        tensors = load_file(path)
        spoil(tensors)
        save_file(tensors, path)
    with pytest.raises(CheckpointError, match=f"{path.name if 'mogle' in file else 'transformer'}"):
        load_layout(layout)
    with pytest.raises(CheckpointError, match=complaint):
        load_layout(layout)


@pytest.mark.parametrize(
    "file",
    [
        "transformer/diffusion_pytorch_model.safetensors",
        "text_encoder_2/model.safetensors",
        "vae/config.json",
        "tokenizer_2/tokenizer_config.json",
        "scheduler/scheduler_config.json",
    ],
)
def test_a_missing_file_is_named(layout: Path, file: str) -> None:
    (layout / "FLUX.1-dev" / file).unlink()
    with pytest.raises(CheckpointError, match=f"lacks 1 file: {file}"):
        load_layout(layout)


def test_a_cut_off_file_is_named(layout: Path) -> None:
    """A download that stopped leaves a file whose header promises more than there is."""
    path = layout / "FLUX.1-dev" / "text_encoder_2" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(CheckpointError, match=r"text_encoder_2.model\.safetensors is damaged"):
        load_layout(layout)


def test_shards_are_read_together_and_each_missing_one_is_named(layout: Path) -> None:
    """FLUX.1-dev's transformer comes in three files, which one name alone does not find."""
    folder = layout / "FLUX.1-dev" / "transformer"
    whole = folder / "diffusion_pytorch_model.safetensors"
    tensors = load_file(whole)
    whole.unlink()
    shards = [f"diffusion_pytorch_model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    places = {name: shards[n % 2] for n, name in enumerate(sorted(tensors))}
    for shard in shards:
        save_file({k: v for k, v in tensors.items() if places[k] == shard}, folder / shard)
    index = folder / f"{whole.name}.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": places}))
    check_folder(layout / "FLUX.1-dev")
    (folder / shards[1]).unlink()
    assert missing_files(layout / "FLUX.1-dev") == [f"transformer/{shards[1]}"]


def test_our_own_folder_is_checked_too(layout: Path, pipeline) -> None:
    pipeline.save_pretrained(layout / "own")
    check_folder(layout / "own")
    (path,) = (layout / "own" / "mogle").glob("*.safetensors")
    tensors = load_file(path)
    drop(tensors)
    save_file(tensors, path)
    with pytest.raises(CheckpointError, match="mogle lacks 1 tensor"):
        load_pipeline(layout / "own", device="cpu")


def refusal(error: type[RepositoryNotFoundError], status: int) -> RepositoryNotFoundError:
    request = httpx2.Request("GET", "https://huggingface.co")
    return error("refused", response=httpx2.Response(status, request=request))


@pytest.mark.parametrize(
    ("error", "token", "offline", "message"),
    [
        (refusal(GatedRepoError, 401), None, False, "no token.*FLUX.1-dev, make.*hf auth login"),
        (refusal(GatedRepoError, 403), "hf_x", False, "accepted its licence.*has not accepted it"),
        (LocalEntryNotFoundError("no"), None, False, "Check the network.*--local-dir"),
        (LocalEntryNotFoundError("no"), None, True, "HF_HUB_OFFLINE is set.*--local-dir"),
        (httpx2.RemoteProtocolError("peer closed"), None, False, "Check the network.*--local-dir"),
        (OSError(errno.ENOSPC, "No space left"), None, False, "The disk is full. Make room"),
        (OSError(errno.EROFS, "Read-only"), None, False, "It can only be read.*--local-dir"),
    ],
    ids=["no token", "licence", "network", "offline", "broken off", "full", "read-only"],
)
def test_flux_tells_how_to_get_it(monkeypatch, error, token, offline, message) -> None:
    """The hub's own words are "401" or "cannot find the file", or a traceback."""

    def refuse(repository: str, **options: object) -> str:
        raise error

    monkeypatch.setattr(downloads, "snapshot_download", refuse)
    monkeypatch.setattr(folders, "get_token", lambda: token)
    monkeypatch.setattr(downloads.constants, "HF_HUB_OFFLINE", offline)
    with pytest.raises(CheckpointError, match=message):
        load_pipeline("flux")


def test_a_local_dir_that_holds_everything_needs_no_hub(tmp_path, monkeypatch, label_map) -> None:
    """Machines without network asked the hub all the same, and waited for its timeouts."""
    shutil.copytree(FLUX, tmp_path / "FLUX.1-dev")
    shutil.copytree(FACE_MOGLE, tmp_path / "face-mogle-models")
    asked = []

    def fetch(repository: str, local_dir: Path, **options: object) -> str:
        asked.append(repository)
        shutil.copytree(FLUX, local_dir, dirs_exist_ok=True)
        return str(local_dir)

    monkeypatch.setattr(downloads, "snapshot_download", fetch)
    load_pipeline("flux", local_dir=tmp_path, device="cpu")
    assert not asked
    (tmp_path / "FLUX.1-dev" / "vae" / "config.json").unlink()
    load_pipeline("flux", local_dir=tmp_path, device="cpu")
    assert asked == [folders.FLUX_REPOSITORY]
    with pytest.raises(CheckpointError, match=r"Name the model flux or a hub id"):
        load_pipeline("mini", local_dir=tmp_path)


@pytest.fixture
def hub(monkeypatch, tmp_path, pipeline) -> dict[str, Path]:
    """A hub with a model of ours, a FLUX and a Face-MoGLE part for it; what is asked for is copied
    into a folder of the test's.
    """
    pipeline.save_pretrained(tmp_path / "hub" / "ours")
    repositories = {
        "someone/ours": tmp_path / "hub" / "ours",
        "someone/a.flux": FLUX,
        "someone/face-mogle": FACE_MOGLE,
    }

    def fetch(repository: str, allow_patterns: list[str], local_dir: Path | None) -> str:
        if repository not in repositories:
            raise refusal(RepositoryNotFoundError, 404)
        place = local_dir or tmp_path / "cache" / repository
        for file in repositories[repository].rglob("*"):
            name = str(file.relative_to(repositories[repository]))
            if file.is_file() and any(fnmatch(name, pattern) for pattern in allow_patterns):
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, place / name)
        return str(place)

    monkeypatch.setattr(downloads, "snapshot_download", fetch)
    monkeypatch.chdir(tmp_path)
    return repositories


def test_hub_ids_name_models_as_folders_do(hub, pipeline, label_map, tmp_path) -> None:
    """Only mini, flux and folders were known by name."""
    expected = image(pipeline, label_map)
    assert_same(image(load_pipeline("someone/ours", device="cpu"), label_map), expected)
    options: dict[str, Any] = {"face_mogle": "someone/face-mogle", "device": "cpu"}
    assert_same(image(load_pipeline("someone/a.flux", **options), label_map), expected)
    assert_same(image(load_pipeline(FLUX, **options), label_map), expected)
    load_pipeline("someone/ours", device="cpu", local_dir=tmp_path / "here")
    assert (tmp_path / "here" / "ours" / "model_index.json").is_file()


def test_a_folder_of_that_name_comes_before_the_hub(hub, tmp_path) -> None:
    shutil.copytree(hub["someone/ours"], tmp_path / "someone" / "ours")
    hub.clear()
    load_pipeline("someone/ours", device="cpu")


def test_what_the_hub_does_not_have_is_named(hub) -> None:
    """A misspelt folder is asked for on the hub: the answer must speak of both."""
    with pytest.raises(CheckpointError, match=r"chekpoints/mini is not a folder.*check the name"):
        load_pipeline("chekpoints/mini")
    with pytest.raises(CheckpointError, match="someone/face-mogle is not a model"):
        load_pipeline("someone/face-mogle")


def test_diffusers_finds_the_class_that_a_folder_names(pipeline, label_map, tmp_path) -> None:
    """It said that diffusers has no attribute FaceMoGLEPipeline."""
    pipeline.save_pretrained(tmp_path)
    loaded = DiffusionPipeline.from_pretrained(tmp_path)
    assert type(loaded) is FaceMoGLEPipeline
    assert_same(image(loaded, label_map), image(pipeline, label_map))


def test_bfloat16_everywhere(label_map) -> None:
    loaded = load_pipeline(FLUX, face_mogle=FACE_MOGLE, device="cpu", torch_dtype=torch.bfloat16)
    modules = [part for part in loaded.components.values() if isinstance(part, torch.nn.Module)]
    dtypes = {p.dtype for module in modules for p in module.parameters()}
    assert dtypes == {torch.bfloat16}
    pixels = image(loaded, label_map)
    assert pixels.dtype == np.float32 and np.isfinite(pixels).all()


def test_names_of_the_package_are_there() -> None:
    assert all(getattr(facemogle, name) is not None for name in facemogle.__all__)
    with pytest.raises(AttributeError):
        _ = facemogle.nothing


def test_reading_masks_does_not_load_torch() -> None:
    """The command line answers bad masks at once; importing torch takes seconds."""
    code = (
        "import sys, facemogle, facemogle.masks.reading, facemogle.gate.trace;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_loading_twice_gives_the_same_pixels(label_map) -> None:
    first, second = (image(load_tiny_pipeline(), label_map) for _ in range(2))
    assert np.array_equal(first, second)
