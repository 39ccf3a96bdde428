"""What a page or a program asks for -> a checked request of the model's size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from facemogle.masks.reading import MaskError, read_mask
from facemogle.runs.experts import UNTOUCHED, Experts
from facemogle.runs.request import Request
from facemogle.serving.facts import Facts

MAX_PROMPT = 10_000
MAX_STEPS = 100
MAX_SEED = 2**63 - 1


def read_drawing(mask: bytes | None) -> np.ndarray:
    """The label map of any image that `read_mask` understands: uint8 (H, W). Raises MaskError."""
    if mask is None:
        raise MaskError("There is no mask. Give a PNG of labels or of palette colours.")
    return read_mask(mask).label_map


def read_request(
    facts: Facts,
    drawing: np.ndarray,
    prompt: object,
    seed: object,
    steps: object,
    muted: object = (),
    expert_strengths: object = UNTOUCHED,
    *,
    is_draft: bool = False,
    has_previews: bool = True,
) -> Request:
    """Check what came from outside.

    facts: of the model. drawing: uint8 (H, W), labels 0..18, of any size.
    seed, steps, expert_strengths: numbers, or text of some, as JSON from a browser has them.
    Raises ValueError with the value and the remedy.
    """
    return facts.request(
        drawing,
        _prompt(prompt),
        whole_number("Seed", seed, 0, MAX_SEED),
        whole_number("Steps", steps, 1, MAX_STEPS),
        experts=Experts(
            tuple(_listed("muted", muted)), tuple(_listed("expert_strengths", expert_strengths))
        ),
        is_draft=is_draft,
        has_previews=has_previews,
    )


def read_share(name: str, value: object) -> float:
    """A number over 0, up to 1: 0.5 or "0.5". Raises ValueError."""
    try:
        share = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        share = math.nan
    if not 0 < share <= 1:
        raise ValueError(f"{name} is {_shortened(value)}. Give a number over 0, up to 1.")
    return share


def whole_number(name: str, value: object, low: int, high: int) -> int:
    """Accept 7, 7.0 and "7": JSON from a browser has all three. Raises ValueError."""
    remedy = f"Give a whole number from {low} to {high}."
    try:
        number = int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} is {_shortened(value)}. {remedy}") from None
    if isinstance(value, float) and number != value:
        raise ValueError(f"{name} is {value}. {remedy}")
    if not low <= number <= high:
        raise ValueError(f"{name} {_shortened(number)} is out of range. {remedy}")
    return number


def _prompt(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"The prompt is {value!r}. Give text; it may be empty.")
    if len(value) > MAX_PROMPT:
        raise ValueError(
            f"The prompt has {len(value)} characters. Shorten it to at most {MAX_PROMPT}."
        )
    return value.strip()


def _listed(name: str, value: object) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{name} is {_shortened(value)}. Give a list.")
    return value


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
