"""Edit one region of an image and keep the rest of it.

A finished image is kept with the latents that led to it. An edit samples again inside its area
only: after every step the latents outside are put back to what they were at that noise level, so
that what is new grows into what is old; in the end untouched pixels are pasted back. (Blended
latent diffusion, arXiv 2206.02779, along a stored trajectory.)

>>> before = Recorded.from_steps(pipeline.stream(prompt, mask, generator=seeded), pipeline, mask)
>>> change = Edit(pipeline, before, other_mask, prompt, strength=0.75)
>>> steps = list(change.steps())
>>> change.image(steps[-1].latents)

Shapes: H, W pixels of the image, N tokens, C channels of a token, K noise levels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from facemogle.masks.label_map import changed_regions
from facemogle.masks.reading import read_mask
from facemogle.network.tokens import PIXELS_PER_TOKEN, encode_image, pack
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.denoising import Step, Steps, make_schedule
from facemogle.runs.request import check_steps, grid_of

PIXELS_PER_LATENT = PIXELS_PER_TOKEN // 2

REDRAWN = 0.25
"""A touched region of which this share changed is made anew as a whole: an eye that was moved, but
not all of the skin around it."""

Decode = Callable[[Tensor, int, int], Image.Image]
"""Tokens (1, N, C), height and width in pixels -> image."""

_MARGINS_PER_SIDE = 16
_NOTHING_SEEN = 0.1  # share of a window: with less of the edge in it, an offset fades out


@dataclass(frozen=True, eq=False)
class Recorded:
    """An image that was accepted, with the way that led to it.

    label_map: uint8 (H, W). image: uint8 (H, W, 3).
    times: K noise levels, falling from 1 = noise to 0 = image.
    latents: tokens at these levels (K, N, C).
    """

    label_map: np.ndarray
    image: np.ndarray
    times: tuple[float, ...]
    latents: Tensor

    @classmethod
    def from_steps(
        cls, steps: Iterable[Step], pipeline: FaceMoGLEPipeline, label_map: np.ndarray
    ) -> Recorded:
        """Run a stream of the pipeline to its end. label_map: uint8, of the image's size."""
        done = list(steps)
        image = pipeline.decode(done[-1].latents, *label_map.shape)
        return cls.from_run(done, np.asarray(image), label_map)

    @classmethod
    def from_run(cls, done: Sequence[Step], image: np.ndarray, label_map: np.ndarray) -> Recorded:
        """Keep a whole run. done: all of its steps. image: uint8 (H, W, 3), their last one's."""
        first = done[0]
        start = first.clean_latents + first.t * first.velocity  # what the step started from
        return cls(
            label_map,
            image,
            (*(step.t for step in done), 0.0),
            torch.cat([start, *(step.latents for step in done)]).cpu(),
        )

    @classmethod
    def from_image(
        cls,
        pipeline: FaceMoGLEPipeline,
        image: Image.Image,
        mask: Any,
        generator: torch.Generator | None = None,
    ) -> Recorded:
        """An image that no run led to: straight from noise to its tokens.

        image: of any size; resized to the model's. mask: what `read_mask` takes, of that image.
        generator: source of the noise.
        """
        side = pipeline.config["default_size"]
        pixels = np.array(image.convert("RGB").resize((side, side), Image.Resampling.LANCZOS))
        with torch.no_grad():
            tokens = encode_image(pipeline.vae, pixels, pipeline._execution_device).cpu()
        noise = torch.randn(tokens.shape, generator=generator, dtype=torch.float32)
        latents = torch.stack([noise.to(tokens.dtype), tokens])
        return cls(read_mask(mask, size=(side, side)).label_map, pixels, (1.0, 0.0), latents)

    def at(self, time: float) -> Tensor:
        """Tokens (1, N, C) at a noise level in [0, 1]; straight between two that were kept.

        Sampling itself goes straight from level to level, so this is where it passed.
        """
        levels = np.array(self.times[::-1])
        later = int(np.clip(np.searchsorted(levels, time), 1, len(levels) - 1))
        low, high = levels[later - 1], levels[later]
        share = float((time - low) / (high - low))
        after, before = self.latents[-later], self.latents[-1 - later]
        if share in (0.0, 1.0):  # a kept level must come back bit for bit
            return (before if share else after)[None]
        return torch.lerp(after, before, min(max(share, 0.0), 1.0))[None]


@dataclass(frozen=True, eq=False)
class Area:
    """Where an edit may change the image.

    pixels: float32 (H, W) in [0, 1]: 1 = new, 0 = as it was, between them a feathered edge.
    """

    pixels: np.ndarray

    @classmethod
    def between(cls, before: np.ndarray, after: np.ndarray, margin: int | None = None) -> Area:
        """What differs between two label maps, and a margin around it.

        before, after: uint8 (H, W). margin: pixels from what changed to where nothing may change
            any more; its outer half is feathered. None = 1/16 of the shorter side.
        Raises ValueError if nothing differs, or for a negative margin.
        """
        if margin is None:
            margin = min(before.shape) // _MARGINS_PER_SIDE
        if margin < 0:
            raise ValueError(f"margin is {margin}: give 0 pixels or more.")
        changed = before != after
        touched = changed_regions(before, after)
        if not touched:
            raise ValueError("The mask is the image's own: change it, or sample the whole face.")
        core = changed.copy()
        for region in touched:
            area = (before == region) | (after == region)
            if changed[area].mean() >= REDRAWN:
                core |= area
        if margin == 0:
            return cls(core.astype(np.float32))
        distance = cv2.distanceTransform((~core).astype(np.uint8), cv2.DIST_L2, 5)
        return cls(np.clip((margin - distance) / (margin / 2), 0, 1).astype(np.float32))

    @classmethod
    def everything(cls, size: tuple[int, int]) -> Area:
        """All of an image of (height, width) pixels."""
        return cls(np.ones(size, np.float32))

    def tokens(self, context: int) -> list[int]:
        """Indices of the tokens in which something may change, and of those around them.

        context: how many tokens around, in every direction.
        """
        rows, columns = grid_of(self.pixels.shape)
        blocks = self.pixels.reshape(rows, PIXELS_PER_TOKEN, columns, PIXELS_PER_TOKEN)
        inside = (blocks > 0).any(axis=(1, 3)).astype(np.uint8)
        near = cv2.dilate(inside, np.ones((2 * context + 1,) * 2, np.uint8))
        return np.flatnonzero(near).tolist()

    def weights(self, channels: int) -> Tensor:
        """Share of what is new in every token's channels, float32 (1, N, channels).

        A latent is as new as its newest pixel.
        """
        rows, columns = (length // PIXELS_PER_LATENT for length in self.pixels.shape)
        blocks = self.pixels.reshape(rows, PIXELS_PER_LATENT, columns, PIXELS_PER_LATENT)
        newest = torch.from_numpy(blocks.max(axis=(1, 3)))
        return pack(newest.expand(1, channels // 4, rows, columns))

    def paste(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """The new image inside, the old one's very pixels outside. All uint8 (H, W, 3).

        What is new takes over the light of its surroundings: a model that was not told of them,
        such as of a photograph's dark skin, has its own. So the difference of the two images in
        the feathered edge, where both should show the same, goes inwards as a smooth offset.
        """
        share = self.pixels[..., None]
        offset = self._spread(before.astype(np.float32) - after)
        mixed = np.clip(share * (after + offset) + (1 - share) * before, 0, 255)
        return np.where(share == 0, before, np.rint(mixed).astype(np.uint8))

    def _spread(self, difference: np.ndarray) -> np.ndarray:
        """A float32 (H, W, 3) as it is in the feathered edge; about a margin from there it ends."""
        edge = ((self.pixels > 0) & (self.pixels < 1)).astype(np.float32)
        result = np.zeros_like(difference)
        reach = min(edge.shape) // _MARGINS_PER_SIDE
        while edge.any() and reach >= 2:  # from the coarse to the fine
            window = (4 * reach + 1, 4 * reach + 1)
            seen = cv2.stackBlur(edge, window)[..., None]
            rest = cv2.stackBlur((difference - result) * edge[..., None], window)
            result += rest / np.maximum(seen, _NOTHING_SEEN)
            reach //= 2
        return result


class Edit:
    """One edit of a recorded image, of its size.

    pipeline: what made it, or any other with the same tokens.
    mask: what the image is to follow; whatever `read_mask` takes.
    prompt, and options: as for `FaceMoGLEPipeline.stream`.
    num_inference_steps: of a whole run; `strength` says how many of them are made.
    strength: in (0, 1]; 1 starts at noise, less starts at a later stored level, which takes as much
        less time and stays closer to what was there.
    area: where the image may change; None = `Area.between` the two masks, with `margin`.
    context: tokens around the area that the model sees of the rest of the image: fewer are
        quicker, and what is new may match the rest less well. None = the model's `edit_context`.
    Raises ValueError, for the mask MaskError, which is one.
    """

    def __init__(
        self,
        pipeline: FaceMoGLEPipeline,
        before: Recorded,
        mask: Any,
        prompt: str | None = "",
        num_inference_steps: int | None = None,
        *,
        strength: float = 1.0,
        margin: int | None = None,
        area: Area | None = None,
        context: int | None = None,
        **options: Any,
    ) -> None:
        if not 0 < strength <= 1:
            raise ValueError(f"strength is {strength}: give a number over 0, up to 1.")
        height, width = before.label_map.shape
        self.pipeline, self.before = pipeline, before
        self.label_map = read_mask(mask, size=(height, width)).label_map
        self.area = area or Area.between(before.label_map, self.label_map, margin)
        context = pipeline.config["edit_context"] if context is None else context
        self._sampled = None if context is None else self.area.tokens(context)
        count = pipeline.config["default_steps"]
        if num_inference_steps is not None:
            count = check_steps(num_inference_steps)
        self.num_steps = max(1, math.ceil(strength * count - 1e-9))
        even = np.linspace(1.0, 1 / count, count)[-self.num_steps :]
        schedule = make_schedule(
            pipeline.scheduler, before.latents.shape[1], self.num_steps, list(even)
        )
        self._levels = [float(sigma) for sigma in schedule.sigmas]
        self._stream = pipeline.stream(
            prompt,
            self.label_map,
            height=height,
            width=width,
            latents=before.at(self._levels[0]),
            sigmas=list(even),
            sampled_tokens=self._sampled,
            **options,
        )

    @property
    def kept(self) -> float:
        """Share of the pixels that stay what they were."""
        return float((self.area.pixels == 0).mean())

    def steps(self) -> Steps:
        """Sample, once. Closing the generator cancels; sent latents replace the step's."""
        weights = self.area.weights(self.before.latents.shape[2])
        with closing(self._stream) as stream:
            step = next(stream)
            while True:
                latents = step.latents
                old = self.before.at(self._levels[step.index + 1]).to(latents)
                latents = torch.lerp(old, latents, weights.to(latents))
                sent = yield replace(step, latents=latents)
                try:
                    step = stream.send(latents if sent is None else sent)
                except StopIteration:
                    return

    def image(self, latents: Tensor) -> Image.Image:
        """Decode tokens (1, N, C) of a step and paste the old image around the area.

        latents: the step's `latents` or `clean_latents`.
        """
        return self._pasted(latents, self.pipeline.decode)

    def preview(self, latents: Tensor) -> Image.Image:
        """About the same, and sooner; see `FaceMoGLEPipeline.preview`."""
        return self._pasted(latents, self.pipeline.preview)

    def _pasted(self, latents: Tensor, decode: Decode) -> Image.Image:
        # Predictions of what is kept anyway would be seen at the area's edge.
        kept = self.area.weights(latents.shape[2]).to(latents) == 0
        latents = torch.where(kept, self.before.at(0.0).to(latents), latents)
        return Image.fromarray(self.area.paste(self.before.image, self._decoded(latents, decode)))

    def _decoded(self, latents: Tensor, decode: Decode) -> np.ndarray:
        """Pixels uint8 (H, W, 3); away from what the model saw, they are the old image's."""
        if self._sampled is None:
            return np.asarray(decode(latents, *self.label_map.shape))
        grid = grid_of(self.label_map.shape)
        (top, left), (bottom, right) = (
            [int(end(indices)) for indices in np.unravel_index(self._sampled, grid)]
            for end in (np.min, np.max)
        )
        part = latents.unflatten(1, grid)[:, top : bottom + 1, left : right + 1]
        size = [PIXELS_PER_TOKEN * length for length in part.shape[1:3]]
        pixels, (y, x) = (
            self.before.image.copy(),
            (PIXELS_PER_TOKEN * top, PIXELS_PER_TOKEN * left),
        )
        pixels[y : y + size[0], x : x + size[1]] = decode(part.flatten(1, 2), *size)
        return pixels

    def recorded(self, done: Sequence[Step], image: np.ndarray) -> Recorded:
        """The edited image for further edits.

        done: all steps of this edit. image: uint8 (H, W, 3), `image` of the last one.
        """
        run = Recorded.from_run(done, image, self.label_map)
        kept = [i for i, time in enumerate(self.before.times) if time > run.times[0]]
        return replace(
            run,
            times=(*(self.before.times[i] for i in kept), *run.times),
            latents=torch.cat([self.before.latents[kept], run.latents]),
        )
