"""What a person asks for, complete and checked: the one way in for the page and for the API."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from facemogle.masks.reading import MaskError, read_mask
from facemogle.masks.regions import NUM_EXPERTS
from facemogle.runs.request import check_muted, check_strengths

MAX_PROMPT = 10_000
MAX_STEPS = 100
MAX_SEED = 2**63 - 1

UNTOUCHED = (1.0,) * NUM_EXPERTS
"""The experts' strengths that leave the gate's weights as they are."""


@dataclass(frozen=True)
class Job:
    """One image to make.

    label_map: uint8 (H, W), labels 0..18.
    prompt: what the image shows; empty means that the mask alone decides.
    seed: of the noise that sampling starts from, 0..2^63-1.
    steps: denoising steps, 1..100.
    strength: of an edit, in (0, 1]: the share of the steps that are made.
    whole_face: whether all may change, or only what the mask changed of the image before.
    is_draft: a quick look, which no later edit starts from.
    muted: regions whose local expert sees nothing of the mask.
    expert_strengths: factors on the 20 experts' gate weights; see ``FaceMoGLEPipeline.stream``.
    """

    label_map: np.ndarray
    prompt: str
    seed: int
    steps: int
    strength: float = 1.0
    whole_face: bool = True
    is_draft: bool = False
    muted: tuple[int, ...] = ()
    expert_strengths: tuple[float, ...] = UNTOUCHED

    @classmethod
    def checked(
        cls,
        mask: bytes | None,
        prompt: object,
        seed: object,
        steps: object,
        strength: object = 1.0,
        whole_face: object = True,
        is_draft: object = False,
        muted: object = (),
        expert_strengths: object = UNTOUCHED,
    ) -> Job:
        """Read and check what came from outside.

        mask: content of any image that ``read_mask`` understands.
        Raises ValueError (MaskError for the mask) with the value and the remedy.
        """
        if mask is None:
            raise MaskError("There is no mask. Give a PNG of labels or of palette colours.")
        return cls(
            label_map=read_mask(mask).label_map,
            prompt=_prompt(prompt),
            seed=_whole_number("Seed", seed, 0, MAX_SEED),
            steps=_whole_number("Steps", steps, 1, MAX_STEPS),
            strength=_share("Strength", strength),
            whole_face=bool(whole_face),
            is_draft=bool(is_draft),
            muted=check_muted(_listed("muted", muted)),
            expert_strengths=check_strengths(_listed("expert_strengths", expert_strengths)),
        )

    @property
    def experts(self) -> dict[str, Any]:
        """How the experts are to be heard, as arguments of ``FaceMoGLEPipeline.stream``."""
        return {"muted": self.muted, "expert_strengths": self.expert_strengths}

    @property
    def face(self) -> tuple[Any, ...]:
        """What makes it this face; jobs that share it differ in their masks at most."""
        return self.prompt, self.seed, sorted(self.muted), self.expert_strengths


def _prompt(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"The prompt is {value!r}. Give text; it may be empty.")
    if len(value) > MAX_PROMPT:
        raise ValueError(
            f"The prompt has {len(value)} characters. Shorten it to at most {MAX_PROMPT}."
        )
    return value.strip()


def _whole_number(name: str, value: object, low: int, high: int) -> int:
    """Accept 7, 7.0 and "7": JSON from a browser has all three."""
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


def _share(name: str, value: object) -> float:
    """Accept 0.5 and "0.5"."""
    try:
        share = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        share = math.nan
    if not 0 < share <= 1:
        raise ValueError(f"{name} is {_shortened(value)}. Give a number over 0, up to 1.")
    return share


def _listed(name: str, value: object) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{name} is {_shortened(value)}. Give a list.")
    return value


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
