from __future__ import annotations

import pickle
import shutil
import subprocess
import sys

import httpx2
import numpy as np
import pytest
import torch
from conftest import load_tiny_pipeline
from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError
from parity import FIXTURES
from safetensors.torch import load_file

import facemogle
from facemogle import checkpoints
from facemogle.checkpoints import CheckpointError, load_mogle, load_pipeline, save_face_mogle
from facemogle.pipeline import FaceMoGLEPipeline

FLUX = FIXTURES / "tiny_flux"
FACE_MOGLE = FIXTURES / "tiny_face_mogle"


def picture(pipeline: FaceMoGLEPipeline, label_map: np.ndarray) -> np.ndarray:
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
    expected = picture(pipeline, label_map)
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
    assert_same(picture(loaded, label_map), expected)


def test_published_layout_gives_the_same_pixels(own_pipeline, label_map, tmp_path) -> None:
    own_pipeline.mogle.register_to_config(time_scale=1.0)
    own_pipeline.mogle.gating.time_scale = 1.0
    expected = picture(own_pipeline, label_map)
    save_face_mogle(own_pipeline, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "global_local_mask_moe.safetensors",
        "pytorch_lora_weights.safetensors",
    ]
    for path in tmp_path.iterdir():
        assert load_file(path).keys() == load_file(FACE_MOGLE / path.name).keys()
    loaded = load_pipeline(FLUX, face_mogle=tmp_path, device="cpu")
    assert loaded.mogle.config["time_scale"] == 1.0
    assert_same(picture(loaded, label_map), expected)


@pytest.mark.parametrize("name", ["global_local_mask_moe.pt", "mogle.pt"])
def test_published_pt_is_the_safetensors_twin(name, label_map, pipeline, tmp_path) -> None:
    nested = tmp_path / "runs"
    nested.mkdir()
    shutil.copy(FACE_MOGLE / "global_local_mask_moe.pt", nested / name)
    shutil.copy(FACE_MOGLE / "pytorch_lora_weights.safetensors", nested)
    loaded = load_pipeline(FLUX, face_mogle=tmp_path, device="cpu")
    assert_same(picture(loaded, label_map), picture(pipeline, label_map))


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
        ({"name_or_path": "nowhere"}, "nowhere is no model"),
        ({"name_or_path": FLUX}, "has no Face-MoGLE part.*--face-mogle"),
        ({"name_or_path": FLUX, "face_mogle": FLUX / "vae"}, "has no global_local_mask_moe"),
        ({"name_or_path": FLUX, "device": "tpu9"}, "'tpu9' is no device"),
        ({"name_or_path": FLUX, "device": "cuda:99"}, "'cuda:99' is not there"),
    ],
)
def test_a_wrong_name_is_answered_with_the_remedy(arguments, message) -> None:
    with pytest.raises(CheckpointError, match=message):
        load_pipeline(**arguments)


def test_a_missing_embedded_model_is_named(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(checkpoints, "MINI_FOLDER", tmp_path / "mini")
    with pytest.raises(CheckpointError, match="comes with the repository"):
        load_pipeline("mini")


@pytest.mark.parametrize("reason", ["gated", "offline"])
def test_flux_tells_how_to_get_it(monkeypatch, reason) -> None:
    def refuse(repository: str, **options: object) -> str:
        if reason == "offline":
            raise LocalEntryNotFoundError("no connection")
        request = httpx2.Request("GET", "https://huggingface.co")
        raise GatedRepoError("gated", response=httpx2.Response(401, request=request))

    monkeypatch.setattr(checkpoints, "snapshot_download", refuse)
    expected = "accepted its licence.*hf auth login" if reason == "gated" else "Check the network"
    with pytest.raises(CheckpointError, match=expected):
        load_pipeline("flux")


def test_bfloat16_everywhere(label_map) -> None:
    loaded = load_pipeline(FLUX, face_mogle=FACE_MOGLE, device="cpu", torch_dtype=torch.bfloat16)
    modules = [part for part in loaded.components.values() if isinstance(part, torch.nn.Module)]
    dtypes = {p.dtype for module in modules for p in module.parameters()}
    assert dtypes == {torch.bfloat16}
    pixels = picture(loaded, label_map)
    assert pixels.dtype == np.float32 and np.isfinite(pixels).all()


def test_names_of_the_package_are_there() -> None:
    assert all(getattr(facemogle, name) is not None for name in facemogle.__all__)
    with pytest.raises(AttributeError):
        _ = facemogle.nothing


def test_reading_masks_does_not_load_torch() -> None:
    """The command line answers bad masks at once; importing torch takes seconds."""
    code = (
        "import sys, facemogle, facemogle.regions, facemogle.mask, facemogle.trace;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_loading_twice_gives_the_same_pixels(label_map) -> None:
    first, second = (picture(load_tiny_pipeline(), label_map) for _ in range(2))
    assert np.array_equal(first, second)
