"""The parts of an image, ready to be run one by one on the inputs of a real image."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from facemogle.bench.memory import peak_memory
from facemogle.bench.plain import plain_latents
from facemogle.bench.stock import Kept, Stock
from facemogle.network.text import Text
from facemogle.network.tokens import pack
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.area import Area
from facemogle.runs.request import Request, grid_of
from facemogle.runs.run import finished

PROMPT = "A woman with long black hair"
HAT = 14
NEAR = 2
"""Tokens around a change that an edit seen from near sees."""

STEP, STEPS, DECODE = "transformer step", "all transformer steps", "decode"
FIRST, SECOND = "whole image, no mask image known", "whole image, one region changed"
EDIT, NEAR_EDIT = "edit of one region", "edit of one region, seen from near"
HALF_EDIT = "edit of one region, strength 0.5"
PLAIN = "whole image by the plain rendering"
STOCK, STOCK_EDIT = "whole image by stock pieces", "edit of one region by stock pieces"
"""Names, in the report, of the parts that its ratios are made of."""


class Part(NamedTuple):
    """What is timed, and what must happen before without being timed."""

    run: Callable[[], Any]
    prepare: Callable[[], Any] = lambda: None


class Parts:
    """Everything that an image consists of.

    text: features in place of the prompt, for a pipeline without text encoders.
    stock: made before the pipeline was sped up; None = not to be compared with.
    """

    def __init__(
        self,
        pipeline: FaceMoGLEPipeline,
        label_map: np.ndarray,
        num_steps: int,
        text: dict[str, Tensor] | None = None,
        stock: Stock | None = None,
    ) -> None:
        self.pipeline = pipeline
        self.stock = stock
        self.num_steps = num_steps
        self.label_map = label_map
        self.text = text or {}
        self.changed = label_map.copy()  # after a stroke of hat in the upper left corner
        self.changed[: label_map.shape[0] // 8, : label_map.shape[1] // 4] = HAT

        self.calls: list[tuple[Any, Any]] = []  # of the transformer: arguments and options
        hook = pipeline.transformer.register_forward_pre_hook(
            lambda _, args, kwargs: self.calls.append((args, kwargs)), with_kwargs=True
        )
        *_, self.last_step = pipeline.steps(self._request(label_map))
        hook.remove()
        self.before = finished(pipeline.run(self._request(label_map)))

        mogle = pipeline.mogle
        self.x_t = self.last_step.latents.to(mogle.dtype)
        self.condition_latents = pipeline.encode_mask(label_map).to(mogle.device, mogle.dtype)
        self.expert_tokens = mogle.experts(self.condition_latents)

    def all(self) -> dict[str, Part]:
        """Parts by name."""
        pipeline, forget = self.pipeline, self.pipeline.forget
        parts = {
            "encode prompt": Part(lambda: pipeline.encode_prompt(PROMPT), forget),
            "encode mask, no image known": Part(
                lambda: pipeline.encode_mask(self.label_map), forget
            ),
            "encode mask, one region changed": Part(
                lambda: pipeline.encode_mask(self.changed), self._know
            ),
            "experts, once per mask": Part(lambda: pipeline.mogle.experts(self.condition_latents)),
            "gate and mix, once per step": Part(self._gate),
            STEP: Part(self.step),
            STEPS: Part(self.steps),
            DECODE: Part(lambda: self._decoded(self.last_step.latents)),
            FIRST: Part(lambda: self.image(self.label_map), self._know_prompts),
            SECOND: Part(lambda: self.image(self.changed), self._know),
            EDIT: Part(lambda: self.edit(None), self._know),
            NEAR_EDIT: Part(lambda: self.edit(NEAR), self._know),
            HALF_EDIT: Part(lambda: self.edit(None, strength=0.5), self._know),
            PLAIN: Part(self.plain_image, forget),
        }
        if self.stock is not None:
            stock = partial(self.stock_image, self.stock), partial(self.stock_edit, self.stock)
            parts |= {STOCK: Part(stock[0], forget), STOCK_EDIT: Part(stock[1], forget)}
        if self.text:
            del parts["encode prompt"]
        return parts

    def step(self) -> tuple[Tensor]:
        """A call of the transformer, as in an image's first step."""
        transformer = self.pipeline.transformer
        transformer._reset_stateful_cache()  # else first-block caching would leave most of it out
        with transformer.cache_context("step"):
            arguments, options = self.calls[0]
            return transformer(*arguments, **options)

    def steps(self) -> None:
        """The calls of the transformer in an image, and nothing else: some may have no rows for
        guidance.
        """
        transformer = self.pipeline.transformer
        transformer._reset_stateful_cache()
        for arguments, options in self.calls:
            with transformer.cache_context("step"):
                transformer(*arguments, **options)

    def image(self, label_map: np.ndarray) -> Any:
        """The whole image, by the pipeline."""
        *_, last = self.pipeline.steps(self._request(label_map))
        return self._decoded(last.latents)

    def plain_image(self) -> Any:
        """The same by the plain rendering of the reference's algorithm."""
        text, noise = self._inputs()
        return self._decoded(
            plain_latents(self.pipeline, self.label_map, text, noise, self.num_steps)
        )

    def stock_image(self, stock: Stock) -> Any:
        """An image by stock pieces."""
        text, noise = self._inputs()
        return self._decoded(stock.latents(self.label_map, text, noise, self.num_steps))

    def stock_edit(self, stock: Stock) -> Any:
        """The edit of one region by stock pieces."""
        text, noise = self._inputs()
        tokens = self.before.at(0.0).to(noise)
        area = Area.between(self.label_map, self.changed)
        kept = Kept(tokens, area.weights(tokens.shape[2]).to(noise))
        return self._decoded(stock.latents(self.changed, text, noise, self.num_steps, kept))

    @torch.no_grad()
    def memory(self) -> dict[str, float]:
        """MiB that images take at most beside the models; nothing where that is not told."""
        found = {}
        parts = self.all()
        for name in (FIRST, EDIT, PLAIN, STOCK):
            if name not in parts:
                continue
            parts[name].prepare()
            peak = peak_memory(parts[name].run, self.pipeline._execution_device)
            if peak is not None:
                found[f"memory, MiB: {name}"] = peak
        return found

    def _inputs(self) -> tuple[Text, Tensor]:
        """Text features, encoded anew, and noise (1, N, C), for the other renderings."""
        pipeline, (rows, columns) = self.pipeline, grid_of(self.label_map.shape[:2])
        target = pipeline._execution_device, pipeline.transformer.dtype
        noise = torch.randn((1, 16, 2 * rows, 2 * columns), generator=_seeded(), dtype=target[1])
        if self.text:
            text = Text(*self.text.values())
        elif pipeline.transformer.config["guidance_embeds"]:
            text = pipeline.text_of((PROMPT,), target[0])
        else:
            text = pipeline.text_of((PROMPT, ""), target[0])
        text = Text(text.sequence.to(*target), text.pooled.to(*target))
        return text, pack(noise.to(target[0]))

    def _know_prompts(self) -> None:
        """Leave the prompts known and the mask images not."""
        self.pipeline.forget()
        for prompt in () if self.text else (PROMPT, ""):
            self.pipeline.encode_prompt(prompt)

    def _know(self) -> None:
        """Leave the mask images known as they are after the first image."""
        self.pipeline.mask_encoder.forget()
        self.pipeline.encode_mask(self.label_map)

    def _gate(self) -> None:
        mogle = self.pipeline.mogle
        t = torch.tensor([self.last_step.t])
        mogle.mix(mogle.gate(self.condition_latents[:, 0], self.x_t, t), self.expert_tokens)

    def edit(self, context: int | None = None, strength: float = 1.0) -> None:
        """An edit of one region. context: tokens around it that the model sees; None = its own."""
        change = {"before": self.before, "context": context, "strength": strength}
        finished(self.pipeline.run(self._request(self.changed, **change)))

    def _request(self, label_map: np.ndarray, **change: Any) -> Request:
        height, width = self.pipeline.image_size(grid_of(label_map.shape))
        return self.pipeline.request(
            "" if self.text else PROMPT,
            label_map,
            num_inference_steps=self.num_steps,
            generator=_seeded(),
            height=height,
            width=width,
            **self.text,
            **change,
        )

    def _decoded(self, latents: Tensor) -> Any:
        return self.pipeline.decode(
            latents, *self.pipeline.image_size(grid_of(self.label_map.shape))
        )


@torch.no_grad()
def measure(parts: dict[str, Part], repeats: int, device: torch.device) -> dict[str, list[float]]:
    """Seconds that each part took in each repeat, after a round of warming up.

    All parts run in turn, and that several times, so that a change in the machine's load meets all
    of them.
    """

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    seconds: dict[str, list[float]] = {name: [] for name in parts}
    for repeat in tqdm(range(repeats + 1), unit="repeat"):
        for name, part in parts.items():
            part.prepare()
            wait()
            start = time.perf_counter()
            part.run()
            wait()
            if repeat > 0:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def ratios(seconds: dict[str, list[float]]) -> dict[str, float]:
    """How near an image comes to what its transformer steps and its decoding cost anyway, and how
    far it is from the other two renderings.
    """
    median = {name: statistics.median(times) for name, times in seconds.items()}
    least = median[STEPS] + median[DECODE]
    found = {
        "whole image / (all transformer steps + decode)": median[FIRST] / least,
        "the same after one region changed": median[SECOND] / least,
        "second image / first": median[SECOND] / median[FIRST],
        "plain rendering / whole image": median[PLAIN] / median[FIRST],
        "plain rendering / edit of one region": median[PLAIN] / median[EDIT],
        "plain rendering / edit seen from near": median[PLAIN] / median[NEAR_EDIT],
    }
    if STOCK in median:
        found["stock pieces / whole image"] = median[STOCK] / median[FIRST]
        found["stock pieces' edit / edit of one region"] = median[STOCK_EDIT] / median[EDIT]
    return found


def _seeded() -> torch.Generator:
    return torch.Generator("cpu").manual_seed(0)
