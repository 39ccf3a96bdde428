from __future__ import annotations

import pytest
import torch
from reference_arrays import FIXTURES, load_case
from torch import Tensor

from facemogle.mogle import MoGLE
from facemogle.network.sinusoid import sinusoid
from facemogle.weights.loading import load_mogle


@pytest.fixture(scope="module")
def mogle() -> MoGLE:
    return load_mogle(FIXTURES / "tiny_face_mogle" / "global_local_mask_moe.safetensors")


@pytest.fixture(scope="module")
def unit() -> dict[str, Tensor]:
    return {name: torch.from_numpy(array) for name, array in load_case("unit_mogle.npz").items()}


def assert_close(computed: Tensor, stored: Tensor, tolerance: float) -> None:
    torch.testing.assert_close(computed, stored, rtol=0, atol=tolerance)


def test_bfloat16_stays_bfloat16() -> None:
    """Sinusoids are float32 and would carry the whole gate along."""
    mogle = load_mogle(FIXTURES / "tiny_face_mogle" / "global_local_mask_moe.pt", torch.bfloat16)
    x = torch.zeros(1, 20, 3, 64, dtype=torch.bfloat16)
    tokens, weights = mogle(x, x[:, 0], torch.tensor([0.5]))
    assert tokens.dtype == weights.dtype == torch.bfloat16


@torch.no_grad()
def test_weights_of_a_token_sum_to_one(mogle: MoGLE) -> None:
    x_t = 30 * torch.randn(3, 5, 64, generator=torch.Generator().manual_seed(0))
    weights = mogle.gate(x_t.flip(0), x_t, torch.tensor([0.0, 0.5, 1.0]))
    assert (weights >= 0).all()
    assert_close(weights.sum(-1), torch.ones(3, 5), 1e-6)


@torch.no_grad()
def test_an_expert_sees_its_own_image_only(mogle: MoGLE, unit: dict[str, Tensor]) -> None:
    """An expert that is fed another region's latents passes every test on shapes."""
    before = mogle.experts(unit["x"])
    for expert in (0, 1, 19):
        changed = unit["x"].clone()
        changed[:, expert] += 1
        difference = (mogle.experts(changed) - before).abs().amax((0, 2, 3))
        assert difference.nonzero().flatten().tolist() == [expert]


@torch.no_grad()
def test_time_scale_is_where_t_is_scaled(mogle: MoGLE, unit: dict[str, Tensor]) -> None:
    """Training gave the gate 0..1 and sampling 0..1000: the checkpoint has to tell which."""
    trained = MoGLE(time_scale=1.0)
    trained.load_state_dict(mogle.state_dict())
    t = torch.tensor([0.3])
    expected = mogle(unit["x"], unit["noise_latent"], t / 1000)
    actual = trained(unit["x"], unit["noise_latent"], t)
    assert_close(actual[1], expected[1], 1e-6)


def test_configuration_and_weights_survive_a_folder(mogle: MoGLE, tmp_path) -> None:
    changed = MoGLE(hidden_channels=16, time_scale=1.0)
    changed.save_pretrained(tmp_path)
    loaded = MoGLE.from_pretrained(tmp_path)
    assert loaded.config["time_scale"] == loaded.gating.time_scale == 1.0
    assert loaded.state_dict().keys() == mogle.state_dict().keys()
    for name, tensor in changed.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)


def test_sinusoid_is_cosines_then_sines_at_falling_frequencies() -> None:
    features = sinusoid(torch.tensor([0.0, 2.0]), 64)
    assert features[0].tolist() == [1.0] * 32 + [0.0] * 32
    frequencies = 10_000 ** (-torch.arange(32, dtype=torch.float64) / 32)
    expected = torch.cat([(2 * frequencies).cos(), (2 * frequencies).sin()]).float()
    assert_close(features[1], expected, 1e-6)
