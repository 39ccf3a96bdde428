"""A request and a pipeline's models -> all that the denoising loop needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
    FlowMatchEulerDiscreteScheduler,
)
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor

from facemogle.mogle import MoGLE
from facemogle.network.text import Text
from facemogle.network.tokens import pack
from facemogle.runs.denoising import Emphasis, Guidance, Inputs, Mixture, Steps, denoise
from facemogle.runs.encoding import Encoding
from facemogle.runs.experts import UNTOUCHED
from facemogle.runs.request import Request
from facemogle.runs.schedule import make_schedule
from facemogle.transformer import FaceMoGLETransformer


class Denoising(Encoding):
    """The part of the pipeline that denoises."""

    transformer: FaceMoGLETransformer
    mogle: MoGLE
    scheduler: FlowMatchEulerDiscreteScheduler

    def steps(self, request: Request) -> Steps:
        """The denoising steps of a request; work starts with the first one.

        Close the generator to cancel; send it `Changes` to go on from these.
        """
        return self._denoised(lambda: prepare(self, request))

    @torch.no_grad()  # while the generator runs, not while its consumer does
    def _denoised(self, prepared: Callable[[], Inputs]) -> Steps:
        try:
            yield from denoise(self.transformer, prepared())
        finally:
            self.maybe_free_model_hooks()


def prepare(pipeline: Denoising, request: Request) -> Inputs:
    """Noise, text features and mask tokens of a request, on the pipeline's device."""
    device = pipeline._execution_device
    latents = _noise(pipeline, request, device)
    schedule = make_schedule(
        pipeline.scheduler, latents.shape[1], request.num_steps, request.sigmas, request.timesteps
    )
    guidance = _guidance(pipeline, request)
    return Inputs(
        schedule,
        latents,
        request.grid,
        _text(pipeline, request, device),
        _negative(pipeline, request, guidance, device),
        guidance,
        _mixture(pipeline, request, device),
        request.sampled_tokens,
        _emphases(pipeline, request, device),
    )


def _guidance(pipeline: Denoising, request: Request) -> Guidance:
    interval = pipeline.config["guided_from"], pipeline.config["guided_until"]
    if pipeline.transformer.config["guidance_embeds"]:
        return Guidance(request.guidance_scale, request.true_cfg_scale, *interval)
    return Guidance(None, request.guidance_scale, *interval)


def _text(pipeline: Denoising, request: Request, device: torch.device) -> Text:
    prompts = request.prompts, device, request.prompts_2, request.text_length
    text = request.text or pipeline.text_of(*prompts)
    return _for_each_image(text, pipeline, request, device)


def _negative(
    pipeline: Denoising, request: Request, guidance: Guidance, device: torch.device
) -> Text | None:
    """What guidance by two passes leads away from; None where it would change nothing."""
    has_own = request.negative_text is not None or request.negative_prompts is not None
    prompts = (*request.prompts, *(request.prompts_2 or ()))
    is_read = any(pipeline.read_prompt(prompt).text for prompt in set(prompts) - {""})
    has_prompt = request.text is not None or is_read
    # With an input of its own for guidance, a model predicts twice only if asked to, as FLUX does.
    is_asked = has_own or (has_prompt and guidance.embedded is None)
    if not is_asked or guidance.scale == 1:
        return None
    prompts = request.negative_prompts or ("",)
    negative = request.negative_text or pipeline.text_of(
        prompts, device, length=request.text_length
    )
    return _for_each_image(negative, pipeline, request, device)


def _for_each_image(
    text: Text, pipeline: Denoising, request: Request, device: torch.device
) -> Text:
    target = device, pipeline.transformer.dtype
    rows = (request.for_each_image(one.to(*target)) for one in (text.sequence, text.pooled))
    return Text(*rows)


def _mixture(pipeline: Denoising, request: Request, device: torch.device) -> Mixture | None:
    tokens, strengths, emphasis = request.condition_latents, request.experts.strengths, UNTOUCHED
    if request.label_maps is not None:
        tokens = _mask_tokens(pipeline, request, request.experts.muted, device)
        if pipeline.config["strength_guides"]:
            strengths, emphasis = (strengths[0], *UNTOUCHED[1:]), (1.0, *strengths[1:])
    if tokens is None:
        return None
    target = device, pipeline.mogle.dtype
    factors = (
        None if some == UNTOUCHED else torch.tensor(some).to(*target)
        for some in (strengths, emphasis)
    )
    return Mixture(pipeline.mogle, request.for_each_image(tokens.to(*target)), *factors)


def _emphases(pipeline: Denoising, request: Request, device: torch.device) -> tuple[Emphasis, ...]:
    """One for each strength of regions that the masks have, where strength is guidance."""
    if request.label_maps is None or not pipeline.config["strength_guides"]:
        return ()
    experts, target = request.experts, (device, pipeline.mogle.dtype)
    shown = set(np.unique(np.stack(request.label_maps)).tolist()) - set(experts.muted)
    local = experts.strengths[1:]
    emphases = []
    for strength in sorted({local[region] for region in shown} - {1}):
        gone = {region for region in shown if local[region] == strength}
        mixture = None
        if gone < shown:
            tokens = _mask_tokens(pipeline, request, (*experts.muted, *gone), device)
            mixture = Mixture(pipeline.mogle, request.for_each_image(tokens.to(*target)))
        # Less of a region shows beside it, too. More of it would change light and background there.
        where = _shares(request, gone).to(*target) if strength > 1 else None
        emphases.append(Emphasis(mixture, strength, where))
    return tuple(emphases)


def _shares(request: Request, regions: Collection[int]) -> Tensor:
    """How much of each token's square regions cover, 0 to 1: float32 (B, N, 1)."""
    inside = np.isin(np.stack(request.label_maps or ()), list(regions)).astype(np.float32)
    shares = F.adaptive_avg_pool2d(torch.from_numpy(inside), request.grid)
    return request.for_each_image(shares.flatten(1)[..., None])


def _mask_tokens(
    pipeline: Denoising, request: Request, muted: Sequence[int], device: torch.device
) -> Tensor:
    """Tokens of the mask images (P, R, N, C), with some regions hidden."""
    return torch.cat(
        [
            pipeline.encode_mask(one, request.experts.local_masks, muted, device)
            for one in request.label_maps or ()
        ]
    )


def _noise(pipeline: Denoising, request: Request, device: torch.device) -> Tensor:
    target, source = (device, pipeline.transformer.dtype), request.noise
    if isinstance(source, Tensor):
        return source.to(*target)
    if isinstance(source, int):
        source = torch.Generator("cpu").manual_seed(source)
    rows, columns = request.grid
    channels = pipeline.transformer.config["in_channels"] // 4
    shape = (request.count, channels, 2 * rows, 2 * columns)
    generator = list(source) if isinstance(source, tuple) else source
    return pack(randn_tensor(shape, generator, *target))
