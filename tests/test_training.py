"""Training on a handful of made-up faces: it runs, resumes, and what it writes is a pipeline."""

from __future__ import annotations

import json
import random
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from facemogle.__main__ import main
from facemogle.checkpoints import load_pipeline
from facemogle.label_map import decouple
from facemogle.latents import encode_pixels
from facemogle.training.data import FaceFolder, Shuffled, endless, to_model_range
from facemogle.training.flow import FlowModel
from facemogle.training.latent_store import LatentStore
from facemogle.training.recipe import FlowRecipe, VAERecipe
from facemogle.training.run import Run, learning_rate_factor, make_accelerator
from facemogle.training.text import build_encoders, build_tokenizers, vary_caption
from facemogle.training.vae import build_vae

CAPTIONS = (
    "a rendered portrait of a young woman with fair skin, long blond hair, smiling",
    "a rendered portrait of a man with dark skin, short black hair, round glasses",
)


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four pictures of coloured blocks with label maps and captions."""
    folder = tmp_path_factory.mktemp("faces")
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    draw = np.random.default_rng(0)
    lines = []
    for n in range(4):
        label_map = np.kron(draw.integers(0, 19, (4, 4)), np.ones((16, 16))).astype(np.uint8)
        colors = draw.integers(0, 256, (19, 3)).astype(np.uint8)
        Image.fromarray(colors[label_map]).save(folder / "images" / f"{n}.png")
        Image.fromarray(label_map).save(folder / "labels" / f"{n}.png")
        lines.append(json.dumps({"id": str(n), "caption": CAPTIONS[n % 2]}))
    (folder / "metadata.jsonl").write_text("\n".join(lines))
    return folder


def train(faces: Path, out: Path, *stages: str, start: Path | None = None) -> int:
    arguments = ["train", "--data", str(faces), "--out", str(out), "--vae-steps", "2"]
    arguments += ["--from", str(start)] if start else []
    return main(arguments + [word for stage in stages for word in ("--stage", stage)])


def test_the_command_writes_a_pipeline_that_draws(faces: Path, tmp_path: Path) -> None:
    """A stopped run goes on; the saved folder loads in one precision and makes a picture."""
    assert train(faces, tmp_path, "32:2:1") == 0
    assert train(faces, tmp_path, "32:2:1", "64:2:1:2") == 0
    pipeline = load_pipeline(str(tmp_path / "pipeline"))
    models = [m for m in pipeline.components.values() if isinstance(m, torch.nn.Module)]
    assert {m.dtype for m in models} == {torch.float32}
    label_map = np.zeros((64, 64), np.uint8)
    label_map[16:48, 16:48] = 1
    output = pipeline("a woman", label_map, num_inference_steps=2)
    assert output.images[0].size == (64, 64)
    assert output.trace.gate_weights.shape == (2, 16, 20)


def test_training_goes_on_from_a_model(faces: Path, tmp_path: Path) -> None:
    """Fine-tuning must keep the model's words, VAE and weights, not begin anew beside them, and
    its files must not tell where on this machine they came from.
    """
    assert train(faces, tmp_path / "first", "32:2:1") == 0
    first = tmp_path / "first" / "pipeline"
    assert train(faces, tmp_path / "second", "32:2:1", start=first) == 0
    old, new = load_pipeline(first), load_pipeline(tmp_path / "second" / "pipeline")
    assert new.tokenizer_2.get_vocab() == old.tokenizer_2.get_vocab()
    for part, most in (("vae", 0.0), ("text_encoder_2", 1e-3), ("mogle", 1e-3)):
        weights = (getattr(p, part).state_dict().values() for p in (old, new))
        moved = max(float((a - b).abs().max()) for a, b in zip(*weights, strict=True))
        assert moved <= most
    configs = (tmp_path / "second" / "pipeline").rglob("*config.json")
    assert not any(str(tmp_path) in config.read_text() for config in configs)
    assert train(faces, tmp_path / "third", "32:2:1", start=tmp_path / "none") == 2


def test_a_folder_without_captions_is_named(tmp_path: Path, capsys) -> None:
    assert train(tmp_path, tmp_path / "out", "32:2:1") == 2
    assert "metadata.jsonl" in capsys.readouterr().err


@pytest.mark.parametrize("stage", ["64", "65:1:1", "64:0:1", "64:a:1", "64:1:1:1:1"])
def test_a_wrong_stage_is_refused(stage: str, faces: Path, tmp_path: Path, capsys) -> None:
    with pytest.raises(SystemExit):
        train(faces, tmp_path, stage)
    assert repr(stage) in capsys.readouterr().err


def small_run(folder: Path, until: int) -> torch.nn.Module:
    """Train a line through noise to step `until` of 6, resuming what the folder holds."""
    torch.manual_seed(1)
    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    accelerator = make_accelerator("auto")  # accelerate allows one precision in a process
    run = Run(accelerator, model, [optimizer], folder, 6, ema_decay=0.5)
    data = torch.utils.data.TensorDataset(torch.arange(5.0)[:, None].expand(5, 4))
    batches = endless(data, 2, seed=3, step=run.step)

    def loss_of(batch: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        return {"loss": (run.model(batch[0]) - torch.randn(2, 1)).square().mean()}

    run.train(batches, loss_of, until=until)
    return run.averaged()


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    """Data order, noise, optimizer and EMA all go on; a lost one makes long runs worse unseen."""
    small_run(tmp_path / "two", until=3)
    resumed, whole = small_run(tmp_path / "two", until=6), small_run(tmp_path / "one", until=6)
    for a, b in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(a, b)


def test_order_is_the_same_from_any_start() -> None:
    whole = list(islice(Shuffled(5, seed=2), 17))
    assert list(islice(Shuffled(5, seed=2, start=8), 9)) == whole[8:]
    assert sorted(whole[:5]) == list(range(5))
    assert whole[:5] != whole[5:10]


def test_learning_rate_rises_stays_and_falls() -> None:
    rates = [learning_rate_factor(step, 1000) for step in range(1000)]
    assert rates[0] < 0.02 and rates[-1] <= 0.02
    assert max(rates) == 1 == rates[500]


def test_latents_are_those_that_the_pipeline_uses(faces: Path, tmp_path: Path) -> None:
    """Training and sampling must encode alike, empty regions too, and encoding must resume."""
    vae = build_vae(VAERecipe()).eval()
    folder = FaceFolder(faces, 64)
    store = LatentStore.of(folder, vae, tmp_path)
    again = LatentStore.of(folder, vae, tmp_path)
    assert np.array_equal(store.regions, again.regions)
    face = folder[1]
    clean, regions = again.read(1)
    with torch.inference_mode():
        expected = encode_pixels(vae, to_model_range(decouple(face.label_map)))
        assert torch.allclose(regions.float(), expected, atol=5e-3)
        picture = encode_pixels(vae, to_model_range(face.image[None]))[0]
        assert torch.allclose(clean.float(), picture, atol=5e-3)


def test_every_parameter_is_trained_once() -> None:
    """Muon and AdamW must share the model between them: a tensor in both is moved twice."""
    recipe = FlowRecipe(width=64, head_dim=32, double_blocks=1, single_blocks=1)
    model = FlowModel.untrained(recipe, *build_encoders(recipe, *build_tokenizers(CAPTIONS, 48)))
    matrices = model.matrices()
    names = {id(p): name for name, p in model.named_parameters()}
    assert all(p.ndim == 2 for p in matrices) and len(matrices) == len({*map(id, matrices)})
    assert not any("lora" in names[id(p)] or "mogle" in names[id(p)] for p in matrices)


def test_captions_vary_but_invent_nothing() -> None:
    draw = random.Random(0)
    varied = {vary_caption(CAPTIONS[1], draw) for _ in range(50)}
    words = set(CAPTIONS[1].lower().replace(",", "").split())
    assert len(varied) > 10
    for caption in varied:
        assert set(caption.lower().replace(",", "").replace(".", "").split()) <= words
        assert "man with dark skin" in caption.lower()


def test_tokenizers_know_the_captions_words_and_spell_others() -> None:
    clip, t5 = build_tokenizers(CAPTIONS, 48)
    assert t5.tokenize("Woman with glasses") == ["▁Woman", "▁with", "▁glasses"]
    assert t5.unk_token_id not in t5("a zebra's 7 hats?").input_ids
    assert clip("man").input_ids[-1] == clip.eos_token_id
