"""The numbers of the reference implementation; each unit has more in its own tests."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import parity
import pytest
from parity import TOLERANCES, differences, largest_difference, load_case

from facemogle.network.text import Text, token_ids
from facemogle.runs.schedule import dynamic_shift, make_schedule

CASE = "case_render_128_s4_seed42.npz"


def test_a_whole_run_reproduces_the_reference(pipeline) -> None:
    past = {
        name: difference
        for name, difference in differences(pipeline, load_case(CASE)).items()
        if not difference <= TOLERANCES[name]
    }
    assert past == {}


@pytest.mark.parametrize(
    ("num_tokens", "num_steps"), [(64, 4), (64, 8), (256, 4), (256, 8), (1024, 28), (4096, 50)]
)
def test_noise_levels_reproduce_the_reference(pipeline, num_tokens, num_steps) -> None:
    unit = load_case("unit_schedule.npz")
    schedule = make_schedule(pipeline.scheduler, num_tokens, num_steps)
    key = f"seq{num_tokens}_steps{num_steps}"
    assert dynamic_shift(schedule.config, num_tokens) == pytest.approx(unit[f"mu_seq{num_tokens}"])
    np.testing.assert_allclose(
        np.asarray(schedule.sigmas), unit[f"sigmas_{key}"], rtol=0, atol=2e-7
    )
    np.testing.assert_allclose(
        np.asarray(schedule.timesteps), unit[f"timesteps_{key}"], rtol=0, atol=2e-4
    )


def test_text_features_reproduce_the_reference(pipeline) -> None:
    unit = load_case("unit_text.npz")
    for row, prompt in enumerate(map(str, unit["prompts"])):
        clip_ids = token_ids(prompt, pipeline.tokenizer, 77)
        t5_ids = token_ids(prompt, pipeline.tokenizer_2, 512)
        assert clip_ids[0].tolist() == unit["clip_input_ids"][row].tolist()
        assert t5_ids[0].tolist() == unit["t5_input_ids"][row].tolist()
        text = Text(*pipeline.encode_prompt(prompt)[:2])
        pooled = unit["pooled_prompt_embeds"][row]
        assert largest_difference(text.pooled[0].numpy(), pooled) < 1e-5
        start = text.sequence[0, :32].numpy()
        assert largest_difference(start, unit["prompt_embeds_first32"][row]) < 1e-4


def run_main(monkeypatch: pytest.MonkeyPatch, *cases: str) -> int:
    weights = ["--flux", "tiny_flux", "--face-mogle", "tiny_face_mogle"]
    monkeypatch.setattr(sys, "argv", ["parity.py", *weights, *cases])
    return parity.main()


def test_the_command_fails_past_a_tolerance(monkeypatch, tmp_path, capsys) -> None:
    """A comparison that cannot fail proves nothing."""
    case: dict[str, Any] = dict(load_case(CASE))
    case["gating_weights"] = case["gating_weights"][..., ::-1]
    case["image"] = np.full_like(case["image"], np.nan)
    np.savez(tmp_path / "wrong.npz", **case)
    assert run_main(monkeypatch, CASE, str(tmp_path / "wrong.npz")) == 1
    right, wrong = capsys.readouterr().out.split("wrong.npz")
    assert "PAST" not in right
    past = [line.split()[0] for line in wrong.splitlines() if "PAST" in line]
    assert past == ["gating_weights", "image"]
    assert run_main(monkeypatch, CASE) == 0
