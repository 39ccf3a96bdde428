"""Training on a handful of made-up faces: it runs, resumes, and what it writes is a pipeline."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from made_up_faces import CAPTIONS, SENTENCE

from facemogle.__main__ import main
from facemogle.faces.folder import FaceFolder, MapKind
from facemogle.masks.label_map import decouple
from facemogle.network.tokens import encode_pixels, painted_per_token, position_ids
from facemogle.training.batches import (
    Batch,
    FlowData,
    square_of_tokens,
    token_weights,
)
from facemogle.training.clock import Steps
from facemogle.training.data import Joined, Shuffled, Visit, endless, to_model_range
from facemogle.training.flow import (
    MOST_GLOBAL,
    FlowModel,
    flow_loss,
    gate_loss,
    guidance_term,
    with_guidance_input,
    without_guidance_input,
)
from facemogle.training.latent_store import LatentStore, region_shares
from facemogle.training.recipe import PAPER, REGION_WEIGHTS, FlowRecipe, ModelRecipe, VAERecipe
from facemogle.training.run import Run, learning_rate_factor, make_accelerator
from facemogle.training.text import (
    build_encoders,
    build_tokenizers,
    extend_vocabulary,
    vary_caption,
)
from facemogle.training.vae import build_vae
from facemogle.transformer import FaceMoGLETransformer
from facemogle.weights.loading import load_pipeline


def train(
    faces: Path,
    out: Path,
    *stages: str,
    start: Path | None = None,
    recipe: str = "embedded",
    blend: float = 1,
) -> int:
    arguments = ["train", "--data", str(faces), "--out", str(out), "--vae-steps", "2"]
    arguments += ["--recipe", recipe, "--blend", str(blend)]
    arguments += ["--from", str(start)] if start else []
    return main(arguments + [word for stage in stages for word in ("--stage", stage)])


@pytest.fixture(scope="module")
def trained(small_shape: None, faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of one step: leave it as it is."""
    out = tmp_path_factory.mktemp("trained")
    assert train(faces, out, "32:2:1") == 0
    return out


def test_the_command_writes_a_pipeline_that_draws(
    faces: Path, trained: Path, tmp_path: Path
) -> None:
    """A stopped run goes on, with the same ids for words, which are learnt in a random order; the
    saved folder loads in one precision and makes an image.
    """
    words = load_pipeline(trained / "pipeline").tokenizer.get_vocab()
    out = shutil.copytree(trained, tmp_path / "out")
    assert train(faces, out, "32:2:1", "64:2:1:2") == 0
    pipeline = load_pipeline(out / "pipeline")
    assert pipeline.tokenizer.get_vocab() == words
    models = [m for m in pipeline.components.values() if isinstance(m, torch.nn.Module)]
    assert {m.dtype for m in models} == {torch.float32}
    label_map = np.zeros((64, 64), np.uint8)
    label_map[16:48, 16:48] = 1
    output = pipeline("a woman", label_map, num_inference_steps=2)
    assert output.images[0].size == (64, 64)
    assert output.trace.gate_weights.shape == (2, 16, 20)


def test_training_goes_on_from_a_model(faces: Path, trained: Path, tmp_path: Path) -> None:
    """Fine-tuning must keep the model's VAE and weights and the ids of its words, not begin again
    beside them, learn the captions' new words, and not tell in its files where they came from.
    """
    first = trained / "pipeline"
    more = tmp_path / "more"
    shutil.copytree(faces, more)
    rows = [{"id": str(n), "caption": "a lady with tousled hair"} for n in range(4)]
    (more / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert train(more, tmp_path / "second", "32:2:1", start=first) == 0
    old, new = load_pipeline(first), load_pipeline(tmp_path / "second" / "pipeline")
    assert "▁tousled" not in old.tokenizer_2.get_vocab()
    assert new.tokenizer_2.tokenize("Lady with tousled hair")[0] == "▁Lady"
    assert new.tokenizer_2.get_vocab().items() > old.tokenizer_2.get_vocab().items()
    for part, most in (("vae", 0.0), ("text_encoder_2", 1e-3), ("mogle", 1e-3)):
        weights = (getattr(p, part).state_dict().values() for p in (old, new))
        moved = [(a - b[: len(a)]).abs().max() for a, b in zip(*weights, strict=True)]
        assert max(map(float, moved)) <= most
    configs = (tmp_path / "second" / "pipeline").rglob("*config.json")
    assert not any(str(tmp_path) in config.read_text() for config in configs)
    assert train(faces, tmp_path / "third", "32:2:1", start=tmp_path / "none") == 2


def test_a_blend_has_its_share_of_what_was_learnt(
    faces: Path, trained: Path, tmp_path: Path
) -> None:
    """None of it is the model that it began with: shares swapped would forget all."""
    first = trained / "pipeline"
    assert train(faces, tmp_path / "second", "32:2:1", start=first, blend=0) == 0
    old, new = (load_pipeline(p).mogle for p in (first, tmp_path / "second" / "pipeline"))
    for a, b in zip(old.parameters(), new.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_model_that_paints_larger_than_it_reads_goes_on_to(faces: Path, tmp_path: Path) -> None:
    """Its default size is that of what it paints, of as many tokens as it was trained on."""
    assert train(faces, tmp_path, "32:2:1", start=Path("mini")) == 0
    pipeline = load_pipeline(tmp_path / "pipeline")
    assert pipeline.config["default_size"] == 2 * painted_per_token(pipeline.vae) == 64


def test_a_folder_without_captions_is_named(tmp_path: Path, capsys) -> None:
    assert train(tmp_path, tmp_path / "out", "32:2:1") == 2
    assert "metadata.jsonl" in capsys.readouterr().err


@pytest.mark.parametrize("stage", ["64", "65:1:1", "64:0:1", "64:a:1", "64:1:1:1:1"])
def test_a_wrong_stage_is_refused(stage: str, faces: Path, tmp_path: Path, capsys) -> None:
    with pytest.raises(SystemExit):
        train(faces, tmp_path, stage)
    assert repr(stage) in capsys.readouterr().err


class Numbers(torch.utils.data.Dataset):
    def __len__(self) -> int:
        return 5

    def __getitem__(self, visit: Visit) -> torch.Tensor:
        return torch.full((4,), float(visit.face))


def test_joined_sets_hold_each_others_visits() -> None:
    joined = Joined([Numbers(), Numbers()])
    assert [int(joined[Visit(n, 0)][0]) for n in (0, 4, 5, 9)] == [0, 4, 0, 4]


def small_run(folder: Path, until: int) -> torch.nn.Module:
    """Train a line through noise to step `until` of 6, resuming what the folder holds."""
    torch.manual_seed(1)
    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    accelerator = make_accelerator("auto")  # accelerate allows one precision in a process
    run = Run(accelerator, model, [optimizer], folder, Steps(6), ema_decay=0.5)
    batches = endless(Numbers(), 2, seed=3, step=run.step)

    def loss_of(batch: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"loss": (run.model(batch) - torch.randn(2, 1)).square().mean()}

    run.train(batches, loss_of, until=until / 6)
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
    order = [visit.face for visit in whole]
    assert sorted(order[:5]) == list(range(5))
    assert order[:5] != order[5:10]
    assert len({visit.seed for visit in whole}) == 17


def test_processes_share_the_batches_of_one() -> None:
    """Two processes with batches of 3 must see what one with batches of 6 sees, step by step."""
    one = list(islice(Shuffled(5, seed=2, start=12), 12))
    two = [list(islice(Shuffled(5, 2, 12, process, 2, 3), 6)) for process in range(2)]
    assert [*two[0][:3], *two[1][:3], *two[0][3:], *two[1][3:]] == one


def test_learning_rate_rises_stays_and_falls() -> None:
    rates = [learning_rate_factor(step / 1000, 0.4) for step in range(1001)]
    assert rates[0] == rates[-1] == 0.02
    assert rates[:50] == sorted(rates[:50]) and rates[600:] == sorted(rates[600:], reverse=True)
    assert {*rates[50:600]} == {1}
    assert {learning_rate_factor(passed, 0) for passed in (0, 1)} == {1}


def test_latents_are_those_that_the_pipeline_uses(faces: Path, tmp_path: Path) -> None:
    """Training and sampling must encode alike, empty regions too, and what is stored must come
    back as it was.
    """
    vae = build_vae(VAERecipe()).eval()
    folder = FaceFolder(faces, 64)
    store = LatentStore(folder, vae, tmp_path)
    kinds = [MapKind(*flags) for flags in product((False, True), repeat=3)]
    for kind in kinds:
        expected = encode_pixels(vae, to_model_range(decouple(folder.label_map(1, kind))))
        assert torch.allclose(store.regions(1, kind).float(), expected, atol=5e-3)
    image = encode_pixels(vae, to_model_range(folder[1].image[None]))[0]
    assert torch.allclose(store.image(1).float(), image, atol=5e-3)
    again = LatentStore(folder, build_vae(VAERecipe()).eval(), tmp_path)
    assert torch.equal(again.image(1), store.image(1))


def test_a_sample_depends_on_its_visit_alone(faces: Path, tmp_path: Path) -> None:
    """Or a resumed run, or one on two machines, would see other noise than one on one. Another
    visit has other noise: seeds that differ in their upper half alone gave all the same.
    """
    store = LatentStore(FaceFolder(faces, 64), build_vae(VAERecipe()).eval(), tmp_path)
    data = FlowData(store, FlowRecipe())
    visit, later = islice((v for v in Shuffled(len(data), seed=0) if v.face == 1), 2)
    once, torch_noise, again, other = data[visit], torch.randn(3), data[visit], data[later]
    for a, b in zip(once[:-1], again[:-1], strict=True):
        assert isinstance(a, torch.Tensor) and torch.equal(a, b)
    assert once[-1] == again[-1]
    assert not torch.equal(once[1], other[1])
    assert not torch.equal(torch_noise, torch.randn(3))


def test_all_label_maps_and_captions_of_a_face_are_used(faces: Path, tmp_path: Path) -> None:
    store = LatentStore(FaceFolder(faces, 64), build_vae(VAERecipe()).eval(), tmp_path)
    data = FlowData(store, FlowRecipe(painted=1, hidden=0, drop_region=0, drop_text=0))
    rows = [data[Visit(1, seed)] for seed in range(12)]
    maps = [store.regions(1, MapKind(bare, True)) for bare in (False, True)]
    assert {[torch.equal(row[2], m) for m in maps].index(True) for row in rows} == {0, 1}
    captions = {row[-1] for row in rows}
    assert SENTENCE in captions and any(c.lower().startswith("a ") for c in captions)


def test_what_people_look_at_weighs_more() -> None:
    """Weights must lie where the region lies, and leave the loss' scale alone."""
    label_map = np.zeros((32, 48), np.uint8)
    label_map[16:, 32:] = 4
    weights = token_weights(region_shares(label_map), REGION_WEIGHTS)
    assert weights.argmax() == 5 and weights[5] > 5 * weights[0]
    assert torch.allclose(weights.mean(), torch.tensor(1.0))


def test_shares_are_of_the_map_that_the_experts_see(faces: Path, tmp_path: Path) -> None:
    """A gate that learnt of a hidden region would tell where it was."""
    store = LatentStore(FaceFolder(faces, 64), build_vae(VAERecipe()).eval(), tmp_path)
    data = FlowData(store, FlowRecipe(painted=0, bare=0, hidden=1, drop_region=0))
    row = data[Visit(2, 5)]
    label_map = store.faces.label_map(2, MapKind(hidden=True))
    assert torch.equal(row[3].float(), region_shares(label_map))
    assert torch.equal(row[2], store.regions(2, MapKind(hidden=True)))
    assert torch.equal(row[3].float().sum(1), torch.ones(16)) and not row[3][:, 0].any()
    half = np.zeros((16, 32), np.uint8)
    half[:8, :16], half[:, 16:] = 13, 1
    assert region_shares(half)[0, [1, 14]].tolist() == [0.5, 0.5] and region_shares(half)[1, 2] == 1


def test_the_gate_s_prior_wants_regions_and_more_of_the_global_expert_in_noise() -> None:
    """A mix of just that is as low as the loss gets, at every t."""
    shares = F.one_hot(torch.tensor([[1, 5, 14]]), 20).float().expand(2, 3, 20)
    shares = 0.5 * shares + 0.5 * shares.roll(1, 1)
    t = torch.tensor([0.0, 1.0])
    logits = torch.zeros(2, 3, 20, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.3)
    for _ in range(300):
        optimizer.zero_grad()
        gate_loss(logits.softmax(2), shares, t).backward()
        optimizer.step()
    weights = logits.softmax(2).detach()
    assert torch.allclose(weights[0], shares[0], atol=0.01)
    assert torch.allclose(weights[1, :, 0], torch.tensor(MOST_GLOBAL), atol=0.01)
    assert torch.allclose(weights[1, :, 1:], (1 - MOST_GLOBAL) * shares[1, :, 1:], atol=0.01)


@torch.no_grad()
def test_the_gate_s_prior_is_part_of_the_loss(small_model: FlowModel) -> None:
    """Where there is a gate, and as far as the recipe wants it; the paper's has none."""
    batch, _ = small_batch(small_model, [1.0, 1.0])
    without, with_it = (flow_loss(small_model, batch, IDS, gate_weight=w) for w in (0.0, 0.5))
    assert torch.allclose(with_it["loss"], without["loss"] + 0.5 * without["gate"])
    assert flow_loss(small_model, batch, IDS, conditioned=False, gate_weight=0.5)["gate"] == 0
    assert PAPER.gate_weight == PAPER.hidden == 0


def test_every_parameter_is_trained_once() -> None:
    """Muon and AdamW must share the model between them: a tensor in both is moved twice."""
    recipe = ModelRecipe(width=64, head_dim=32, double_blocks=1, single_blocks=1)
    model = FlowModel.untrained(recipe, *build_encoders(recipe, *build_tokenizers(CAPTIONS, 48)))
    matrices = model.matrices()
    names = {id(p): name for name, p in model.named_parameters()}
    assert all(p.ndim == 2 for p in matrices) and len(matrices) == len({*map(id, matrices)})
    assert not any("lora" in names[id(p)] or "mogle" in names[id(p)] for p in matrices)


def small_batch(model: FlowModel, guidance: list[float]) -> tuple[Batch, list[torch.Tensor]]:
    """Faces of 2x4 tokens, and the ids of as many empty prompts."""
    rows = len(guidance)
    draw = torch.Generator().manual_seed(0)
    clean, noise = (torch.randn(rows, 8, 64, generator=draw) for _ in range(2))
    regions = torch.randn(rows, 20, 8, 64, generator=draw)
    t = torch.linspace(0.2, 0.8, rows)
    config: Any = model.text_encoder.config
    last = config.eos_token_id  # where CLIP looks for the pooled feature
    ids = [torch.full((rows, 5), last), torch.arange(5).repeat(rows, 1)]
    empty = [torch.full((rows, 5), last), torch.zeros(rows, 5, dtype=torch.long)]
    shares = F.one_hot(torch.arange(8).repeat(rows, 1) + 1, 20).float()
    weights = torch.ones(rows, 8)
    return Batch(clean, noise, regions, shares, t, weights, torch.tensor(guidance), *ids), empty


@pytest.fixture
def small_model() -> FlowModel:
    torch.manual_seed(0)
    recipe = ModelRecipe(width=64, head_dim=32, double_blocks=1, single_blocks=1)
    model = FlowModel.untrained(recipe, *build_encoders(recipe, *build_tokenizers(CAPTIONS, 48)))
    torch.nn.init.normal_(model.transformer.proj_out.weight)  # or it would predict nothing
    return model.eval()


IDS = position_ids((2, 4))


@torch.no_grad()
def test_guidance_is_learnt_from_what_the_prompt_changes(small_model: FlowModel) -> None:
    """Of the scale less one, or a model told to go three times as far would go four times; and
    only where a scale was drawn.
    """
    batch, empty = small_batch(small_model, [1.0, 3.0, 2.0])
    x_t = batch.noise
    term = guidance_term(small_model, batch, x_t, IDS, empty, conditioned=True)
    plain = replace(batch, guidance=torch.ones(3))
    unprompted = replace(plain, clip_ids=empty[0], t5_ids=empty[1])
    difference = small_model(plain, x_t, IDS)[0] - small_model(unprompted, x_t, IDS)[0]
    assert difference[1:].abs().min() > 0
    expected = difference * torch.tensor([0.0, 2.0, 1.0])[:, None, None]
    assert torch.allclose(term, expected, atol=1e-5)
    with_term = flow_loss(small_model, batch, IDS, guide=lambda x_t: torch.full_like(x_t, 10.0))
    assert with_term["loss"] > flow_loss(small_model, batch, IDS)["loss"] + 10


@torch.no_grad()
def test_a_model_without_an_input_for_guidance_gets_a_silent_one(small_model: FlowModel) -> None:
    """Training goes on from models that had none; a random one would undo what they learnt."""
    stock: Any = FaceMoGLETransformer.from_config(
        {**small_model.transformer.config, "guidance_embeds": False}
    )
    more = with_guidance_input(stock)
    assert more.config["guidance_embeds"] and with_guidance_input(more) is more
    inputs = {
        "hidden_states": torch.randn(1, 8, 64),
        "encoder_hidden_states": torch.randn(1, 5, 128),
        "pooled_projections": torch.randn(1, 128),
        "timestep": torch.tensor([0.5]),
        "img_ids": IDS,
        "txt_ids": torch.zeros(5, 3),
        "condition_tokens": torch.randn(1, 8, 64),
    }
    guided = more(**inputs, guidance=torch.tensor([4.0])).sample
    assert torch.equal(guided, stock(**inputs).sample)

    torch.nn.init.normal_(more.get_parameter("time_text_embed.guidance_embedder.linear_2.weight"))
    less = without_guidance_input(more)
    assert not less.config["guidance_embeds"]
    unguided = more(**inputs, guidance=torch.tensor([1.0])).sample
    assert not torch.allclose(unguided, stock(**inputs).sample, atol=1e-3)
    assert torch.allclose(less(**inputs).sample, unguided, atol=1e-4)


@torch.no_grad()
def test_a_square_of_tokens_is_what_it_was_in_the_image(small_model: FlowModel) -> None:
    """Latents, regions and weights must be cut alike, or the mask tells of another place."""
    batch, _ = small_batch(small_model, [1.0, 1.0])
    tokens = torch.tensor([1, 2, 5, 6])
    part = batch.cropped(tokens)
    assert torch.equal(part.clean, batch.clean[:, tokens])
    assert torch.equal(part.regions, batch.regions[:, :, tokens])
    assert part.noise.shape == (2, 4, 64) and part.weights.shape == (2, 4)
    for seed in range(50):
        rows, columns = np.divmod(square_of_tokens(16, random.Random(seed)).numpy(), 16)
        sides = [np.ptp(side) + 1 for side in (rows, columns)]
        assert sides[0] == sides[1] and 8 <= sides[0] <= 12 and len(rows) == sides[0] ** 2
    assert square_of_tokens(1, random.Random(0)).tolist() == [0]


def test_captions_vary_but_invent_nothing() -> None:
    """Of a sentence nothing can be omitted at its commas, but anyone may type it all small."""
    sentences = {vary_caption(SENTENCE, random.Random(n)) for n in range(40)}
    ends = {one.removesuffix(".") for one in (SENTENCE, SENTENCE.lower())}
    assert sentences == ends | {f"{one}." for one in ends}
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
    for tokenizer in (clip, t5):
        assert tokenizer.unk_token_id not in tokenizer("a zebra's 7 hats? to")["input_ids"][1:-1]
    assert clip("man").input_ids[-1] == clip.eos_token_id


def embedding_of(encoder: Any) -> torch.Tensor:
    return encoder.get_input_embeddings().weight


def test_new_words_join_the_vocabulary_and_old_ones_stay(tmp_path: Path) -> None:
    """An old word with another id would mean something else; a new one without an embedding of its
    own could only be spelled; a stored tokenizer must read as the one that was trained.
    """
    tokenizers = build_tokenizers(CAPTIONS, 48)
    encoders = build_encoders(ModelRecipe(), *tokenizers)
    before = [embedding_of(encoder).clone() for encoder in encoders]
    text = "This goatee, and THAT moustache"
    extended = extend_vocabulary(*tokenizers, *encoders, ["This goatee and that moustache"])
    assert len(extended[1].tokenize("goatee Goatee")) == 2
    assert [word.removesuffix("</w>") for word in extended[0].tokenize(text)] == [
        "this", "goatee", ",", "and", "that", "moustache"
    ]  # fmt: skip
    for old, new, encoder, rows in zip(tokenizers, extended, encoders, before, strict=True):
        assert all(old(caption).input_ids == new(caption).input_ids for caption in CAPTIONS)
        weight = embedding_of(encoder)
        assert len(weight) == len(new) == encoder.config.vocab_size > len(rows)
        assert torch.equal(weight[: len(rows)], rows)
        assert weight[len(rows) :].std() > rows.std() / 2
        new.save_pretrained(tmp_path / type(new).__name__)
        read = type(new).from_pretrained(tmp_path / type(new).__name__)
        assert read(text).input_ids == new(text).input_ids
    assert extend_vocabulary(*extended, *encoders, [text.lower()])[1] is extended[1]
