"""`FaceMoGLEPipeline`: prompt and mask -> image, as a diffusers pipeline.

Shapes: P prompts, B = P * num_images_per_prompt images, N tokens = (height / p) * (width / p),
where a token paints p x p pixels (16, or more where the VAE enlarges), R = 20 experts, C = 64
channels of a token, T text tokens, D and E widths of the text encoders.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
import torch
from diffusers.image_processor import VaeImageProcessor
from diffusers.models.autoencoders.autoencoder_dc import AutoencoderDC
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
    FlowMatchEulerDiscreteScheduler,
)
from diffusers.utils.outputs import BaseOutput
from PIL import Image
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer, T5EncoderModel, T5Tokenizer

from facemogle.gate.trace import Trace
from facemogle.masks.hiding import hidden
from facemogle.masks.reading import decouple, read_mask
from facemogle.mogle import MoGLE
from facemogle.network.text import Text, pooled_features, text_of
from facemogle.network.tokens import (
    PIXELS_PER_TOKEN,
    VAE,
    decode_tokens,
    encode_image,
    painted_per_token,
)
from facemogle.prompts.reading import PromptReading, read_prompt
from facemogle.runs.area import Area
from facemogle.runs.callback import TENSORS, Call, StepCallback, called_back, of_call, pass_on
from facemogle.runs.checks import check_choices, check_prompt, check_size, listed, suggesting
from facemogle.runs.denoising import Inputs, Step, Steps, denoise
from facemogle.runs.edit import Edit
from facemogle.runs.experts import UNTOUCHED, Experts, LocalMasks
from facemogle.runs.face import Face
from facemogle.runs.mask_tokens import MaskEncoder, runs_on_cpu
from facemogle.runs.prepare import prepare
from facemogle.runs.previews import LatentToRGB, decode_by_tiny, quick_decoder
from facemogle.runs.recorded import Recorded
from facemogle.runs.request import (
    Change,
    Request,
    given_text,
    grid_of,
    mask_size,
    noise_source,
)
from facemogle.runs.run import Run
from facemogle.transformer import FaceMoGLETransformer

__all__ = ["FaceMoGLEOutput", "FaceMoGLEPipeline", "Step"]

OutputType = Literal["pil", "np", "pt", "latent"]

CACHED_MASK_IMAGES = 256
CACHED_PROMPTS = 16


@dataclass
class FaceMoGLEOutput(BaseOutput):
    """images: as `output_type` asks. traces: each image's gate weights; None without a mask."""

    images: list[Image.Image] | np.ndarray | Tensor
    traces: list[Trace] | None = None

    @property
    def trace(self) -> Trace | None:
        """The gate weights of the only, or of the first image."""
        return None if self.traces is None else self.traces[0]


class FaceMoGLEPipeline(DiffusionPipeline):
    """Mask- and text-guided face generation (Face-MoGLE, arXiv 2509.00428).

    A call makes one image, or several of one size together. Calls leave no state on the
    pipeline, so threads may share it (not with CPU offload, which moves models around).

    default_size: height and width of images, in pixels. default_steps: denoising steps.
    default_guidance: how strongly the prompt guides.
    text_length: T5 tokens read of a prompt.
    local_masks: what local experts see, unless `stream` is told otherwise.
    edit_context: tokens around an edit that the model needs to see, see
        `facemogle.runs.request.Change`; None = all of the image's.
    guided_from, guided_until: the highest and lowest t at which a model without an input for
        guidance is guided; see `facemogle.runs.denoising.denoise`.

    An attribute beside these, no part of what is saved:
    preview_vae: what `preview` decodes by; None = a linear map.
    """

    preview_vae: AutoencoderTiny | None

    model_cpu_offload_seq = "text_encoder->text_encoder_2->transformer->vae"
    _exclude_from_cpu_offload = ("mogle",)  # small, and not called by its `forward`
    _callback_tensor_inputs = TENSORS

    def __init__(
        self,
        transformer: FaceMoGLETransformer,
        vae: VAE,
        text_encoder: CLIPTextModel,
        text_encoder_2: T5EncoderModel,
        tokenizer: CLIPTokenizer,
        tokenizer_2: T5Tokenizer,
        scheduler: FlowMatchEulerDiscreteScheduler,
        mogle: MoGLE,
        default_size: int = 512,
        default_steps: int = 28,
        text_length: int = 512,
        local_masks: str = "regions",
        edit_context: int | None = None,
        guided_from: float = 1.0,
        guided_until: float = 0.0,
        default_guidance: float = 3.5,
    ) -> None:
        super().__init__()
        self.register_modules(
            transformer=transformer,
            vae=vae,
            text_encoder=text_encoder,
            text_encoder_2=text_encoder_2,
            tokenizer=tokenizer,
            tokenizer_2=tokenizer_2,
            scheduler=scheduler,
            mogle=mogle,
        )
        self.register_to_config(
            default_size=default_size,
            default_steps=default_steps,
            text_length=text_length,
            local_masks=local_masks,
            edit_context=edit_context,
            guided_from=guided_from,
            guided_until=guided_until,
            default_guidance=default_guidance,
        )
        self.image_processor = VaeImageProcessor(vae_scale_factor=PIXELS_PER_TOKEN)
        self.mask_encoder = MaskEncoder(CACHED_MASK_IMAGES)
        self.preview_vae = None
        self._latent_to_rgb = lru_cache(1)(LatentToRGB.fitted)
        self._quick_decoder = lru_cache(1)(quick_decoder)
        self._cached_text = lru_cache(CACHED_PROMPTS)(self._text_of)
        self._call = Call()

    @suggesting
    def __call__(
        self,
        prompt: str | Sequence[str] | None = "",
        mask: Any = None,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        generator: torch.Generator | Sequence[torch.Generator] | None = None,
        height: int | None = None,
        width: int | None = None,
        *,
        prompt_2: str | Sequence[str] | None = None,
        negative_prompt: str | Sequence[str] | None = None,
        true_cfg_scale: float = 1.0,
        num_images_per_prompt: int = 1,
        local_masks: LocalMasks | None = None,
        muted: Sequence[int] = (),
        expert_strengths: Sequence[float] = UNTOUCHED,
        latents: Tensor | None = None,
        prompt_embeds: Tensor | None = None,
        pooled_prompt_embeds: Tensor | None = None,
        negative_prompt_embeds: Tensor | None = None,
        negative_pooled_prompt_embeds: Tensor | None = None,
        condition_latents: Tensor | None = None,
        sigmas: Sequence[float] | None = None,
        timesteps: Sequence[float] | None = None,
        sampled_tokens: Sequence[int] | None = None,
        max_sequence_length: int | None = None,
        output_type: OutputType = "pil",
        return_dict: bool = True,
        callback_on_step_end: StepCallback | None = None,
        callback_on_step_end_tensor_inputs: Sequence[str] = ("latents",),
    ) -> Any:
        """Generate images. Arguments not described here are those of `request`.

        output_type: "pil" list of images; "np" float32 (B, H, W, 3) in [0, 1]; "pt" the same as
            tensor (B, 3, H, W); "latent" tokens (B, N, C).
        callback_on_step_end: called after each step as diffusers' pipelines do, with the pipeline,
            the step's index, its timestep (0..1000) and a dict of tensors; "latents" and
            "prompt_embeds" in the dict that it returns replace those of the run.
        callback_on_step_end_tensor_inputs: names of the tensors that it gets.
        Returns FaceMoGLEOutput, or with return_dict false the tuple (images, traces).
        """
        check_choices("output_type", [output_type], get_args(OutputType))
        names = getattr(callback_on_step_end, "tensor_inputs", callback_on_step_end_tensor_inputs)
        check_choices("callback_on_step_end_tensor_inputs", names, TENSORS)
        request = self.request(
            prompt,
            mask,
            num_inference_steps,
            guidance_scale,
            generator,
            height,
            width,
            prompt_2=prompt_2,
            negative_prompt=negative_prompt,
            true_cfg_scale=true_cfg_scale,
            num_images_per_prompt=num_images_per_prompt,
            local_masks=local_masks,
            muted=muted,
            expert_strengths=expert_strengths,
            latents=latents,
            prompt_embeds=prompt_embeds,
            pooled_prompt_embeds=pooled_prompt_embeds,
            negative_prompt_embeds=negative_prompt_embeds,
            negative_pooled_prompt_embeds=negative_pooled_prompt_embeds,
            condition_latents=condition_latents,
            sigmas=sigmas,
            timesteps=timesteps,
            sampled_tokens=sampled_tokens,
            max_sequence_length=max_sequence_length,
        )
        done = self._called(request, callback_on_step_end, names)
        images, traces = done[-1].latents, None
        if done[0].gate_weights is not None:
            traces = [Trace.from_steps(done, request.grid, index) for index in range(len(images))]
        if output_type != "latent":
            images = self._decode(images, request.grid, output_type)
            self.maybe_free_model_hooks()
        return FaceMoGLEOutput(images, traces) if return_dict else (images, traces)

    @suggesting
    def request(
        self,
        prompt: str | Sequence[str] | None = "",
        mask: Any = None,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        generator: torch.Generator | Sequence[torch.Generator] | None = None,
        height: int | None = None,
        width: int | None = None,
        *,
        prompt_2: str | Sequence[str] | None = None,
        negative_prompt: str | Sequence[str] | None = None,
        true_cfg_scale: float = 1.0,
        num_images_per_prompt: int = 1,
        local_masks: LocalMasks | None = None,
        muted: Sequence[int] = (),
        expert_strengths: Sequence[float] = UNTOUCHED,
        latents: Tensor | None = None,
        prompt_embeds: Tensor | None = None,
        pooled_prompt_embeds: Tensor | None = None,
        negative_prompt_embeds: Tensor | None = None,
        negative_pooled_prompt_embeds: Tensor | None = None,
        condition_latents: Tensor | None = None,
        sigmas: Sequence[float] | None = None,
        timesteps: Sequence[float] | None = None,
        sampled_tokens: Sequence[int] | None = None,
        max_sequence_length: int | None = None,
        before: Recorded | None = None,
        strength: float = 1.0,
        margin: int | None = None,
        area: Area | None = None,
        context: int | None = None,
    ) -> Request:
        """Check arguments, and read masks at this model's size.

        prompt: empty or None = no text. T5 tokens beyond `max_sequence_length` are omitted, with a
            warning in the log. A list of P prompts makes P images together.
        mask: label map uint8 (H, W) or whatever else `read_mask` takes, resized to the image by
            nearest neighbour; None = text alone. A list has a mask for each prompt; one prompt, or
            one mask, serves all of the others.
        num_inference_steps: 1 or more; None = the config's default_steps.
        guidance_scale: how strongly the prompt guides, 0 to 100; 1 = no more than it says, None =
            the config's default_guidance. FLUX.1-dev has an input for it. For models without, such
            as mini, steps also predict without the prompt, at twice the cost, and go so many times
            the difference, from the config's guided_from to its guided_until.
        generator: source of the noise; None = torch's global one. The same mask, prompt, seed,
            steps and size give the same pixels on one machine. A list has one for each of the B
            images, which then are those that it makes one by one, but for rounding.
        height, width: of the image, multiples of p; None = the config's default_size.
        prompt_2: for T5, in place of the prompt, which CLIP reads.
        negative_prompt: what guidance by two passes leads away from, in place of no text.
        true_cfg_scale: of two passes, for a model that has an input for guidance as well: with a
            negative prompt, as in FluxPipeline.
        num_images_per_prompt: images of each prompt, one after the other.
        local_masks: "regions" shows each local expert its region. "empty" shows them black
            images, as the authors' inference scripts did; only to compare with their images.
            None = the config's local_masks.
        muted: region indices that are hidden from all experts, see `facemogle.masks.hiding`: the
            model decides by itself what is there, as it now and then has to in training.
        expert_strengths: R factors from 0 to 100 on the gate's weights, which then are brought back
            to a sum of 1: 1 = untouched, 0 = not heard.
        latents: noise (B, N, C) in place of the generator's.
        prompt_embeds, pooled_prompt_embeds: (P, T, D), (P, E) in place of the prompts' features, as
            `encode_prompt` returns them; negative_prompt_embeds, negative_pooled_prompt_embeds: the
            same of the negative prompt.
        condition_latents: (P, R, N, C) in place of masks; see `encode_mask`.
        sigmas, timesteps: see `facemogle.runs.schedule.make_schedule`.
        sampled_tokens: indices of the tokens that are sampled, 0..N-1 row by row, in every image.
            The transformer sees no others, which makes it quicker; they stay as they are, and have
            gate weights all the same. None = all.
        max_sequence_length: T5 tokens read of a prompt; None = the config's text_length.
        before, strength, margin, area, context: for an edit of one image, see `Change`.
        Raises ValueError; for the mask MaskError, which is one.
        """
        per_token = painted_per_token(self.vae)
        height, width = check_size(height, width, self.config["default_size"], per_token)
        grid, change = (height // per_token, width // per_token), None
        if before is not None:
            grid = grid_of(before.label_map.shape)
            change = Change(before, strength, margin, area, context)
        if num_inference_steps is None:
            num_inference_steps = self.config["default_steps"] if sigmas is None else len(sigmas)
        if guidance_scale is None:
            guidance_scale = self.config["default_guidance"]
        return Request(
            prompts=_prompts(prompt, "prompt"),
            prompts_2=None if prompt_2 is None else _prompts(prompt_2, "prompt_2"),
            negative_prompts=_negative(negative_prompt),
            label_maps=_label_maps(mask, mask_size(grid)),
            grid=grid,
            num_steps=num_inference_steps,
            guidance_scale=guidance_scale,
            true_cfg_scale=true_cfg_scale,
            noise=noise_source(generator, latents),
            experts=Experts(
                tuple(muted),
                tuple(expert_strengths),
                local_masks or cast(LocalMasks, self.config["local_masks"]),
            ),
            num_images_per_prompt=num_images_per_prompt,
            text=given_text("", prompt_embeds, pooled_prompt_embeds),
            negative_text=given_text(
                "negative_", negative_prompt_embeds, negative_pooled_prompt_embeds
            ),
            condition_latents=condition_latents,
            sigmas=None if sigmas is None else tuple(sigmas),
            timesteps=None if timesteps is None else tuple(timesteps),
            sampled_tokens=None if sampled_tokens is None else tuple(sampled_tokens),
            text_length=max_sequence_length,
            change=change,
        )

    def stream(self, *arguments: Any, **options: Any) -> Steps:
        """Generate step by step. Arguments are those of `request`, and are checked at once; work
        starts with the first step.

        Close the generator to cancel; send it `Changes` to go on from these.
        """
        return self.steps(self.request(*arguments, **options))

    def steps(self, request: Request) -> Steps:
        """The denoising steps of a request; see `stream`."""
        return self._denoised(lambda: prepare(self, request))

    def run(self, request: Request) -> Run:
        """What makes the image of a request for one whole face, or for an edit.

        Raises ValueError for an edit that changes nothing.
        """
        change = request.change
        return Face(self, request) if change is None else Edit(self, request, change)

    @torch.no_grad()  # while the generator runs, not while its consumer does
    def _denoised(self, prepared: Callable[[], Inputs]) -> Steps:
        try:
            yield from denoise(self.transformer, prepared())
        finally:
            self.maybe_free_model_hooks()

    def _called(
        self, request: Request, callback: StepCallback | None, names: Sequence[str]
    ) -> list[Step]:
        """All steps of a call, or those until a callback interrupted it."""
        self._call.guidance_scale = request.guidance_scale
        with torch.no_grad():
            inputs = prepare(self, request)
        done, steps = [], self._denoised(lambda: inputs)
        seen = called_back(self, self._call, steps, inputs, callback or pass_on, names)
        with closing(steps), self.progress_bar(total=request.num_steps) as bar:  # pyright: ignore
            for step in seen:
                done.append(step)
                bar.update()
        self._call.current_timestep = None
        return done

    guidance_scale = of_call("guidance_scale", "How strongly the prompt guides, for callbacks.")
    num_timesteps = of_call("num_timesteps", "Denoising steps of the call, for callbacks.")
    current_timestep = of_call("current_timestep", "The timestep under way, 0..1000, or None.")
    interrupt = of_call("interrupt", "Whether a callback has asked to stop.")
    _guidance_scale, _num_timesteps = guidance_scale, num_timesteps
    _current_timestep, _interrupt = current_timestep, interrupt

    @torch.no_grad()
    def encode_prompt(
        self,
        prompt: str | Sequence[str],
        prompt_2: str | Sequence[str] | None = None,
        device: torch.device | None = None,
        num_images_per_prompt: int = 1,
        prompt_embeds: Tensor | None = None,
        pooled_prompt_embeds: Tensor | None = None,
        max_sequence_length: int | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Features of P prompts, as FluxPipeline's method of this name returns them.

        Arguments are those of `request`; device: None = the pipeline's.
        Returns T5's sequences (B, T, D), CLIP's pooled outputs (B, E), position ids (T, 3).
        """
        device = device or self._execution_device
        text = given_text("", prompt_embeds, pooled_prompt_embeds)
        if text is None:
            second = None if prompt_2 is None else _prompts(prompt_2, "prompt_2")
            prompts = _prompts(prompt, "prompt")
            text = self.text_of(prompts, device, second, max_sequence_length)
        sequence, pooled = (
            rows.repeat_interleave(num_images_per_prompt, dim=0)
            for rows in (text.sequence, text.pooled)
        )
        ids = torch.zeros(sequence.shape[1], 3, device=device, dtype=self.text_encoder.dtype)
        return sequence, pooled, ids

    def text_of(
        self,
        prompts: Sequence[str],
        device: torch.device,
        prompts_2: Sequence[str] | None = None,
        length: int | None = None,
    ) -> Text:
        """Features of P prompts on a device; see `request`.

        Those of the last prompts are cached: call `forget` after changing an encoder's weights.
        """
        kinds = tuple(encoder.dtype for encoder in (self.text_encoder, self.text_encoder_2))
        length = length or self.config["text_length"]
        second = prompts if prompts_2 is None else prompts_2
        most = max(len(prompts), len(second))
        both = (tuple(given) * (most // len(given)) for given in (prompts, second))
        pairs = zip(*both, strict=True)
        return Text.stacked([self._cached_text(*pair, length, device, kinds) for pair in pairs])

    def read_prompt(self, prompt: str, length: int | None = None) -> PromptReading:
        """What the model is to read of a prompt, and what of it does not reach the model.

        length: T5 tokens that it reads; None = the config's text_length.
        """
        return read_prompt(prompt, self.tokenizer_2, length or self.config["text_length"])

    def forget(self) -> None:
        """Drop what was derived from prompts, mask images and the VAE before."""
        self._cached_text.cache_clear()
        self._latent_to_rgb.cache_clear()
        self._quick_decoder.cache_clear()
        self.mask_encoder.forget()

    @torch.no_grad()
    def _text_of(
        self, prompt: str, prompt_2: str, length: int, device: torch.device, _dtypes: Any
    ) -> Text:
        tokenizers = self.tokenizer, self.tokenizer_2
        encoders = self.text_encoder, self.text_encoder_2
        text = text_of(self.read_prompt(prompt_2, length), tokenizers, encoders, device)
        if prompt == prompt_2:
            return text
        seen = self.read_prompt(prompt, length).text
        return replace(text, pooled=pooled_features(seen, tokenizers[0], encoders[0], device))

    @torch.no_grad()
    def encode_mask(
        self,
        label_map: np.ndarray,
        local_masks: LocalMasks | None = None,
        muted: Sequence[int] = (),
        device: torch.device | None = None,
    ) -> Tensor:
        """Tokens of the 20 mask images (1, R, N, C); images seen before are not encoded again.

        label_map: uint8 (H, W), both multiples of 16. local_masks, muted: as for `stream`.
        device: as for `encode_prompt`.
        """
        images = decouple(hidden(label_map, muted))
        if (local_masks or self.config["local_masks"]) == "empty":
            images[1:] = 0
        device = device or self._execution_device
        return self.mask_encoder.tokens(self.vae, images, device)[None]

    @torch.no_grad()
    def record(self, image: Image.Image, mask: Any, seed: int = 0) -> Recorded:
        """An image that no run led to, to edit it: straight from noise to its tokens.

        image: of any size; resized to the model's. mask: what `read_mask` takes, of that image.
        seed: of the noise. Raises MaskError.
        """
        side = self.config["default_size"]
        grid = self.grid_of(side, side)
        large, small = (
            np.array(image.convert("RGB").resize(size[::-1], Image.Resampling.LANCZOS))
            for size in (self.image_size(grid), mask_size(grid))  # encoders read what masks have
        )
        tokens = encode_image(self.vae, small, self._execution_device)[None].cpu()
        noise = torch.randn(tokens.shape, generator=torch.Generator().manual_seed(seed))
        label_map = read_mask(mask, size=mask_size(grid)).label_map
        latents = torch.cat([noise.to(tokens.dtype), tokens])
        return Recorded(label_map, large, (1.0, 0.0), latents)

    def decode(self, latents: Tensor, height: int, width: int) -> Image.Image:
        """Image of tokens (1, N, C): a step's `latents` or `clean_latents`."""
        return self._decode(latents, self.grid_of(height, width), "pil")[0]

    @torch.no_grad()
    def preview(self, latents: Tensor, height: int, width: int) -> Image.Image:
        """About the image that `decode` makes of tokens (1, N, C), and sooner."""
        grid, device = self.grid_of(height, width), self._execution_device
        if isinstance(self.vae, AutoencoderDC):  # is quick itself
            on_cpu = runs_on_cpu(self.vae, device)
            vae = self._quick_decoder(self.vae) if on_cpu else self.vae
            pixels = decode_tokens(vae, latents.to(device), grid).float()
        elif self.preview_vae is not None:
            pixels = decode_by_tiny(self.preview_vae, latents, grid)
        else:
            pixels = self._latent_to_rgb(self.vae, device).pixels(latents, grid)
        images: Any = self.image_processor.postprocess(pixels, output_type="pil")
        return images[0]

    def enable_group_offload(self, *arguments: Any, **options: Any) -> None:
        """Keep weights in main memory or on disk but for the block or layer that is at work.

        Arguments are those of `DiffusionPipeline.enable_group_offload`. On disk the folder must be
        empty or this very model's: files that are there are taken as they are.
        """
        if isinstance(self.vae, AutoencoderDC):
            # As AutoencoderKL says of itself: these are called, and not the whole VAE.
            self.vae._group_offload_block_modules = ["encoder", "decoder"]
        # T5 has its embedding in two modules; the second would be written when it is gone already.
        self.text_encoder_2.set_input_embeddings(self.text_encoder_2.get_input_embeddings())
        super().enable_group_offload(*arguments, **options)

    def load_condition_lora(self, path: str | Path) -> None:
        """Load the condition stream's low-rank terms in the published layout: a safetensors file or
        its folder.

        For a LoRA of the base model there is `load_lora_weights`.
        Raises ValueError for another model's, and then changes nothing.
        """
        self.transformer.load_condition_lora(path)

    def save_condition_lora(self, folder: str | Path) -> Path:
        """Write the condition stream's terms as `pytorch_lora_weights.safetensors`."""
        return self.transformer.save_condition_lora(folder)

    def grid_of(self, height: int, width: int) -> tuple[int, int]:
        """(rows, columns) of the tokens of an image of this size in pixels."""
        per_token = painted_per_token(self.vae)
        return height // per_token, width // per_token

    def image_size(self, grid: tuple[int, int]) -> tuple[int, int]:
        """(height, width) in pixels of an image with a grid of (rows, columns) tokens."""
        per_token = painted_per_token(self.vae)
        return grid[0] * per_token, grid[1] * per_token

    @torch.no_grad()
    def _decode(self, latents: Tensor, grid: tuple[int, int], output_type: OutputType) -> Any:
        # One at a time: in as little memory as one image needs, and with the same last bits.
        rows = latents.to(self._execution_device).split(1)
        images = torch.cat([decode_tokens(self.vae, row, grid) for row in rows])
        return self.image_processor.postprocess(images, output_type=output_type)


def _prompts(prompt: str | Sequence[str] | None, name: str) -> tuple[str, ...]:
    return tuple(check_prompt(one, name) for one in listed(prompt))


def _negative(prompt: str | Sequence[str] | None) -> tuple[str, ...] | None:
    return None if prompt is None else _prompts(prompt, "negative_prompt")


def _label_maps(mask: Any, size: tuple[int, int]) -> tuple[np.ndarray, ...] | None:
    """Label maps of a mask, or of a list of them. Raises MaskError."""
    if mask is None:
        return None
    return tuple(read_mask(one, size=size).label_map for one in listed(mask))
