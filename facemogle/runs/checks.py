"""Checks of single arguments: each raises ValueError with the value and the remedy."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from functools import wraps
from inspect import signature
from numbers import Integral, Real
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MAX_GUIDANCE = 100.0

_IMAGE_FILE = re.compile(r"\S+\.(png|jpe?g|webp|bmp|gif|tiff?|avif|npy)", re.IGNORECASE)


def suggesting(function: Callable[P, T]) -> Callable[P, T]:
    """The same; an argument of an unknown name is refused, and the right one suggested."""
    names = list(signature(function).parameters)

    @wraps(function)
    def checked(*arguments: P.args, **options: P.kwargs) -> T:
        for name in options:
            if name not in names:
                meant = get_close_matches(name, names, 1)
                remedy = f"did you mean {meant[0]}?" if meant else f"take {', '.join(names[1:])}."
                raise TypeError(f"There is no argument {name}: {remedy}")
        return function(*arguments, **options)

    return checked


def listed(value: Any) -> Sequence[Any]:
    """A list or tuple as it is, anything else as the one thing in a list."""
    return value if isinstance(value, list | tuple) else [value]


def check_prompt(prompt: object, name: str = "prompt") -> str:
    """A prompt as it is; "" for None."""
    if prompt is None:
        return ""
    if not isinstance(prompt, str):
        raise ValueError(
            f"{name} is or holds a {type(prompt).__name__}: give a string, or a list of strings "
            "for several images."
        )
    if _IMAGE_FILE.fullmatch(prompt.strip()):
        raise ValueError(
            f"{name} is {prompt!r}, the name of an image file: give masks as mask={prompt!r}, and "
            "as prompt what the face looks like."
        )
    return prompt


def check_size(
    height: int | None, width: int | None, default: int, multiple: int
) -> tuple[int, int]:
    """(height, width) of an image in pixels; None = `default`. multiple: of what they must be."""
    size = (default if height is None else height, default if width is None else width)
    for name, length in zip(("height", "width"), size, strict=True):
        if not isinstance(length, Integral) or length < 1 or length % multiple:
            raise ValueError(
                f"{name} is {length!r}: give a multiple of {multiple} pixels, e.g. {default}."
            )
    return size


def check_trained_size(height: int, width: int, side: int) -> None:
    """Pass if it is the square of this side, the only size that a model has learnt."""
    if (height, width) != (side, side):
        raise ValueError(
            f"The size is {width}x{height} pixels (width x height), and this model has learnt "
            f"{side}x{side} only: of any other it makes a blur or a broken face. Leave the size "
            "out and resize the image afterwards; FLUX.1-dev makes other sizes."
        )


def check_steps(count: int) -> int:
    """The number of denoising steps, as it is."""
    if not isinstance(count, Integral) or count < 1:
        raise ValueError(f"num_inference_steps is {count!r}: give a whole number, 1 or more.")
    return count


def check_guidance(scale: float, name: str = "guidance_scale") -> float:
    """The scale, as it is."""
    if isinstance(scale, bool) or not (
        isinstance(scale, Real) and math.isfinite(scale) and 0 <= scale <= MAX_GUIDANCE
    ):
        raise ValueError(
            f"{name} is {scale!r}: give a number from 0 to {MAX_GUIDANCE:.0f}, 1 = no extra "
            "guidance."
        )
    return float(scale)


def check_tokens(tokens: Sequence[int] | None, count: int) -> None:
    """Pass if these are some of an image's `count` tokens, each once, or None."""
    if tokens is None:
        return
    for token in tokens:
        if not isinstance(token, Integral) or not 0 <= token < count:
            raise ValueError(
                f"sampled_tokens has {token!r}: this image's are whole numbers from 0 to "
                f"{count - 1}."
            )
    if not 0 < len(set(tokens)) == len(tokens):
        raise ValueError(
            f"sampled_tokens are {len(tokens)}, {len(set(tokens))} different ones: give at least "
            "one, and each once."
        )


def check_choices(name: str, values: Iterable[str], choices: Sequence[str]) -> None:
    """Pass if each value is one of the choices."""
    for value in values:
        if value not in choices:
            raise ValueError(f"{name}: {value!r} is unknown; take {' or '.join(choices)}.")
