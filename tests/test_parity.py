"""The numbers of the reference implementation, as `tests/parity.py` compares them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import parity
import pytest
from parity import kind_of
from reference_arrays import FIXTURES, Case, load_case

FILES = sorted(path.name for path in FIXTURES.glob("*.npz"))


@pytest.mark.parametrize("name", FILES)
def test_every_array_reproduces_the_reference(pipeline, name) -> None:
    case = load_case(name)
    kind = kind_of(case)
    found = kind.differences(pipeline, case)
    assert {array: d for array, d in found.items() if not d <= kind.tolerance(array)} == {}


def images_case(draw: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        "palette": np.zeros((19, 3), np.uint8),
        "label_map": draw.integers(0, 19, (32, 32)).astype(np.uint8),
    }


def vae_case(draw: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        "images": draw.random((1, 3, 32, 48), np.float32),
        "eps": draw.standard_normal((1, 16, 4, 6), np.float32),
        "decode_tokens": draw.standard_normal((1, 6, 64), np.float32),
        "decoded": np.zeros((1, 3, 32, 48), np.float32),
    }


def training_case(draw: np.random.Generator) -> dict[str, np.ndarray]:
    tokens = (2, 6, 64)
    return {
        "grad_names": np.array(["x_embedder.lora_A_0.weight", "mogle.gating.gate.2.bias"]),
        "prompts": np.array(["She is attractive.", ""]),
        "timestep": np.array([0.3, 0.8], np.float32),
        "guidance": np.ones(2, np.float32),
        "x_0": draw.standard_normal(tokens, np.float32),
        "x_1": draw.standard_normal(tokens, np.float32),
        "condition_latents": draw.standard_normal((2, 20, *tokens[1:]), np.float32),
        "images": np.zeros((2, 3, 32, 48), np.float32),
    }


def run_main(monkeypatch: pytest.MonkeyPatch, *files: str) -> int:
    monkeypatch.setattr(sys, "argv", ["parity.py", *files])
    return parity.main()


def past(output: str) -> list[str]:
    return [line.split()[0] for line in output.splitlines() if "PAST" in line]


def write(folder: Path, name: str, case: Case) -> str:
    np.savez(folder / name, allow_pickle=False, **case)
    return str(folder / name)


@pytest.mark.parametrize(
    ("made_up", "array"),
    [
        (images_case, "images"),
        (vae_case, "tokens"),
        (vae_case, "decoded"),
        (training_case, "loss"),
        (training_case, "grad_norms"),
        (training_case, "grad_gate_2_weight"),
    ],
)
def test_a_wrong_array_is_found(pipeline, made_up, array, monkeypatch, tmp_path, capsys) -> None:
    """A comparison that cannot fail proves nothing. Of these parts no file of the reference may lie
    here, so these are made up of what the package itself computes.
    """
    inputs = made_up(np.random.default_rng(0))
    kind = kind_of(inputs)
    computed = kind.compute(pipeline, inputs)
    right = {**inputs, **kind.compute(pipeline, {**inputs, **computed})}
    assert run_main(monkeypatch, write(tmp_path, "right.npz", right)) == 0
    moved = right[array].copy()
    moved.flat[0] += np.asarray(1 if moved.dtype == np.uint8 else 1e-3 * np.abs(moved).max())
    capsys.readouterr()
    assert run_main(monkeypatch, write(tmp_path, "wrong.npz", {**right, array: moved})) == 1
    assert past(capsys.readouterr().out) == [array]


def test_the_command_fails_past_a_tolerance(monkeypatch, tmp_path, capsys) -> None:
    case = dict(load_case("case_render_128_s4_seed42.npz"))
    case["gating_weights"] = case["gating_weights"][..., ::-1]
    case["image"] = np.full_like(case["image"], np.nan)
    case["latents"] = case["latents"][:, :-1]
    assert run_main(monkeypatch, write(tmp_path, "wrong.npz", case)) == 1
    assert past(capsys.readouterr().out) == ["gating_weights", "latents", "image"]


def test_an_array_that_nothing_is_compared_with_is_named(pipeline) -> None:
    case = load_case("unit_mogle.npz")
    with pytest.raises(ValueError, match="Nothing is compared with newcomer"):
        kind_of(case).differences(pipeline, {**case, "newcomer": case["x"]})
    with pytest.raises(ValueError, match="newcomer"):
        kind_of({"newcomer": case["x"]})
