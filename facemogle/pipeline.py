"""`FaceMoGLEPipeline`: prompt and mask -> image, as a diffusers pipeline.

Shapes: P prompts, B = P * num_images_per_prompt images, N tokens = (height / 16) * (width / 16),
R = 20 experts, C = 64 channels of a token, T text tokens, D width of a text encoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

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
from diffusers.utils.torch_utils import randn_tensor
from PIL import Image
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer, T5EncoderModel, T5Tokenizer

from facemogle.gate.trace import Trace
from facemogle.masks.reading import decouple, read_mask
from facemogle.masks.regions import REGIONS
from facemogle.mogle import MoGLE
from facemogle.network.text import Text, text_of
from facemogle.network.tokens import (
    PIXELS_PER_TOKEN,
    VAE,
    decode_tokens,
    pack,
)
from facemogle.prompts.reading import PromptReading, read_prompt
from facemogle.runs.callback import StepCallback, called_back
from facemogle.runs.denoising import Mixture, Step, Steps, denoise, make_schedule
from facemogle.runs.mask_tokens import MaskEncoder, runs_on_cpu
from facemogle.runs.previews import LatentToRGB, decode_by_tiny, quick_decoder
from facemogle.runs.request import (
    LocalMasks,
    Request,
    check_choices,
    check_size,
    grid_of,
    listed,
)
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
    edit_context: tokens around an edit that the model needs to see, see `facemogle.runs.edit.Edit`;
        None = all of the image's.
    guided_from, guided_until: the highest and lowest t at which a model without an input for
        guidance is guided; see `facemogle.runs.denoising.denoise`.

    An attribute beside these, no part of what is saved:
    preview_vae: what `preview` decodes by; None = a linear map.
    """

    preview_vae: AutoencoderTiny | None

    model_cpu_offload_seq = "text_encoder->text_encoder_2->transformer->vae"
    _exclude_from_cpu_offload = ("mogle",)  # small, and not called by its `forward`
    _callback_tensor_inputs = (
        "latents",
        "clean_latents",
        "velocity",
        "condition_tokens",
        "gate_weights",
    )

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
        self._remembered_text = lru_cache(CACHED_PROMPTS)(self._text_of)

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
        output_type: OutputType = "pil",
        return_dict: bool = True,
        callback_on_step_end: StepCallback | None = None,
        callback_on_step_end_tensor_inputs: Sequence[str] = ("latents",),
        **options: Any,
    ) -> Any:
        """Generate images. Arguments not named here are those of `stream`.

        output_type: "pil" list of images; "np" float32 (B, H, W, 3) in [0, 1]; "pt" the same as
            tensor (B, 3, H, W); "latent" tokens (B, N, C).
        callback_on_step_end: called after each step with pipeline, index, t and a dict of tensors;
            "latents" in the dict that it returns, if any, replaces the step's.
        callback_on_step_end_tensor_inputs: names of the step's tensors that it gets.
        Returns FaceMoGLEOutput, or with return_dict false the tuple (images, traces).
        """
        check_choices("output_type", [output_type], get_args(OutputType))
        inputs = callback_on_step_end_tensor_inputs
        check_choices("callback_on_step_end_tensor_inputs", inputs, self._callback_tensor_inputs)
        size = check_size(height, width, self.config["default_size"])
        steps = self.stream(
            prompt, mask, num_inference_steps, guidance_scale, generator, *size, **options
        )
        num_steps = self._num_steps(num_inference_steps, options.get("sigmas"))
        done = []
        with closing(steps), self.progress_bar(total=num_steps) as bar:  # pyright: ignore
            for step in called_back(self, steps, callback_on_step_end, inputs):
                done.append(step)
                bar.update()
        images, traces, grid = done[-1].latents, None, grid_of(size)
        if done[0].gate_weights is not None:
            traces = [Trace.from_steps(done, grid, index) for index in range(len(images))]
        if output_type != "latent":
            images = self._decode(images, grid, output_type)
            self.maybe_free_model_hooks()
        return FaceMoGLEOutput(images, traces) if return_dict else (images, traces)

    def stream(
        self,
        prompt: str | Sequence[str] | None = "",
        mask: Any = None,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        generator: torch.Generator | Sequence[torch.Generator] | None = None,
        height: int | None = None,
        width: int | None = None,
        *,
        num_images_per_prompt: int = 1,
        local_masks: LocalMasks | None = None,
        muted: Sequence[int] = (),
        expert_strengths: Sequence[float] | None = None,
        latents: Tensor | None = None,
        prompt_embeds: Tensor | None = None,
        pooled_prompt_embeds: Tensor | None = None,
        condition_latents: Tensor | None = None,
        sigmas: Sequence[float] | None = None,
        timesteps: Sequence[float] | None = None,
        sampled_tokens: Sequence[int] | None = None,
    ) -> Steps:
        """Generate step by step. Arguments are checked at once; work starts with the first step.

        Close the generator to cancel; send it latents to go on from these.

        prompt: empty or None = no text. T5 tokens beyond the config's text_length are left out,
            with a warning in the log. A list of P prompts makes P images together.
        mask: label map uint8 (H, W) or whatever else `read_mask` takes, resized to the image by
            nearest neighbour; None = text alone. A list has a mask for each prompt; one prompt, or
            one mask, serves all of the others.
        num_inference_steps: 1 or more; None = the config's default_steps.
        guidance_scale: how strongly the prompt guides; 1 = not more than it says, None = the
            config's default_guidance. FLUX.1-dev has an input for it. For models without, such as
            mini, steps also predict without the prompt, at twice the cost, and go so many times
            the difference, from the config's guided_from to its guided_until.
        generator: source of the noise; None = torch's global one. The same mask, prompt, seed,
            steps and size give the same pixels on one machine. A list has one for each of the B
            images, which then are those that it makes one by one, but for rounding.
        height, width: multiples of 16 pixels; None = the config's default_size.
        num_images_per_prompt: images of each prompt, one after the other.
        local_masks: "regions" shows each local expert its region. "empty" shows them black
            images, as the authors' inference scripts did; only to compare with their images.
            None = the config's local_masks.
        muted: region indices whose local expert is shown a black image, as training does now and
            then to each; the global expert still sees these regions.
        expert_strengths: R factors from 0 to 100 on the gate's weights, which then are brought back
            to a sum of 1: 1 = untouched, 0 = not heard. None = all 1.
        latents: noise (B, N, C) in place of the generator's.
        prompt_embeds, pooled_prompt_embeds: (P, T, D), (P, D) in place of the prompts' features.
        condition_latents: (P, R, N, C) in place of masks; see `encode_mask`.
        sigmas, timesteps: see `facemogle.runs.denoising.make_schedule`.
        sampled_tokens: indices of the tokens that are sampled, 0..N-1 row by row, in every image.
            The transformer sees no others, which makes it quicker; they stay as they are, and have
            gate weights all the same. None = all.
        Raises ValueError; for the mask MaskError, which is one.
        """
        size = check_size(height, width, self.config["default_size"])
        request = Request(
            prompts=["" if one is None else one for one in listed(prompt)],
            label_maps=_label_maps(mask, size),
            num_images_per_prompt=num_images_per_prompt,
            num_steps=self._num_steps(num_inference_steps, sigmas),
            guidance_scale=self._guidance(guidance_scale),
            generator=generator,
            size=size,
            local_masks=local_masks or self.config["local_masks"],
            muted=tuple(muted),
            expert_strengths=expert_strengths,
            latents=latents,
            prompt_embeds=prompt_embeds,
            pooled_prompt_embeds=pooled_prompt_embeds,
            condition_latents=condition_latents,
            sigmas=sigmas,
            timesteps=timesteps,
            sampled_tokens=sampled_tokens,
        )
        return self._sample(request)

    @torch.no_grad()  # while the generator runs, not while its consumer does
    def _sample(self, request: Request) -> Steps:
        try:
            device = self._execution_device
            latents = self._noise(request, device)
            num_tokens = latents.shape[1]
            schedule = make_schedule(
                self.scheduler, num_tokens, request.num_steps, request.sigmas, request.timesteps
            )
            text, mixture = self._text(request, device), self._mixture(request, device)
            yield from denoise(
                self.transformer,
                schedule,
                latents,
                grid_of(request.size),
                text,
                request.guidance_scale,
                mixture,
                request.sampled_tokens,
                self.config["guided_from"],
                self.config["guided_until"],
            )
        finally:
            self.maybe_free_model_hooks()

    def _guidance(self, scale: float | None) -> float:
        return self.config["default_guidance"] if scale is None else scale

    @torch.no_grad()
    def encode_prompt(self, prompt: str, device: torch.device | None = None) -> Text:
        """Features of a prompt: `sequence` (1, T, D) of T5 and `pooled` (1, D) of CLIP.

        Those of the last prompts are remembered: call `forget` after changing an encoder's weights.
        device: None = the pipeline's, which takes diffusers milliseconds to find out.
        """
        encoders = self.text_encoder, self.text_encoder_2
        kinds = tuple(encoder.dtype for encoder in encoders)
        return self._remembered_text(prompt, device or self._execution_device, kinds)

    def read_prompt(self, prompt: str) -> PromptReading:
        """What the model is to read of a prompt, and what of it does not reach the model."""
        return read_prompt(prompt, self.tokenizer_2, self.config["text_length"])

    def forget(self) -> None:
        """Drop what was derived from prompts, mask images and the VAE before."""
        self._remembered_text.cache_clear()
        self._latent_to_rgb.cache_clear()
        self._quick_decoder.cache_clear()
        self.mask_encoder.forget()

    def _text_of(self, prompt: str, device: torch.device, _dtypes: Any) -> Text:
        tokenizers = self.tokenizer, self.tokenizer_2
        encoders = self.text_encoder, self.text_encoder_2
        return text_of(self.read_prompt(prompt), tokenizers, encoders, device)

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
        images = decouple(label_map)
        images[[REGIONS[region].expert for region in muted]] = 0
        if (local_masks or self.config["local_masks"]) == "empty":
            images[1:] = 0
        device = device or self._execution_device
        return self.mask_encoder.tokens(self.vae, images, device)[None]

    def decode(self, latents: Tensor, height: int, width: int) -> Image.Image:
        """Image of tokens (1, N, C): a step's `latents` or `clean_latents`."""
        return self._decode(latents, grid_of((height, width)), "pil")[0]

    @torch.no_grad()
    def preview(self, latents: Tensor, height: int, width: int) -> Image.Image:
        """About the image that `decode` makes of tokens (1, N, C), and sooner."""
        grid, device = grid_of((height, width)), self._execution_device
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

    def load_lora_weights(self, path: str | Path) -> None:
        """Load the condition stream's LoRA in the published layout: safetensors file or folder.

        For a LoRA of the base model there is `pipeline.transformer.load_lora_adapter`.
        """
        self.transformer.load_condition_lora(path)

    def save_lora_weights(self, folder: str | Path) -> Path:
        """Write the condition stream's LoRA as `pytorch_lora_weights.safetensors`."""
        return self.transformer.save_condition_lora(folder)

    def _text(self, request: Request, device: torch.device) -> Text:
        text = request.text
        unprompted = None
        if text is None:
            known = {prompt: self.encode_prompt(prompt, device) for prompt in set(request.prompts)}
            text = Text.stacked([known[prompt] for prompt in request.prompts])
            has_input = self.transformer.config["guidance_embeds"]
            can_guide = request.guidance_scale != 1 and not has_input
            if can_guide and any(self.read_prompt(prompt).text for prompt in known):
                unprompted = known.get("") or self.encode_prompt("", device)
        texts = [text] if unprompted is None else [text, unprompted]
        target = device, self.transformer.dtype
        return Text.stacked(
            [
                Text(*(request.for_each_image(rows.to(*target)) for rows in (t.sequence, t.pooled)))
                for t in texts
            ]
        )

    def _mixture(self, request: Request, device: torch.device) -> Mixture | None:
        tokens = request.condition_latents
        if request.label_maps is not None:
            masks = (request.local_masks, request.muted)
            tokens = torch.cat(
                [self.encode_mask(one, *masks, device) for one in request.label_maps]
            )
        if tokens is None:
            return None
        target = device, self.mogle.dtype
        strengths = request.strengths
        strengths = None if strengths is None else torch.tensor(strengths).to(*target)
        return Mixture(self.mogle, request.for_each_image(tokens.to(*target)), strengths)

    def _noise(self, request: Request, device: torch.device) -> Tensor:
        target = device, self.transformer.dtype
        if request.latents is not None:
            return request.latents.to(*target)
        rows, columns = grid_of(request.size)
        channels = self.transformer.config["in_channels"] // 4
        shape = (request.count, channels, 2 * rows, 2 * columns)
        return pack(randn_tensor(shape, request.generator, *target))

    @torch.no_grad()
    def _decode(self, latents: Tensor, grid: tuple[int, int], output_type: OutputType) -> Any:
        # One at a time: in as little memory as one image needs, and with the same last bits.
        rows = latents.to(self._execution_device).split(1)
        images = torch.cat([decode_tokens(self.vae, row, grid) for row in rows])
        return self.image_processor.postprocess(images, output_type=output_type)

    def _num_steps(self, asked: int | None, sigmas: Sequence[float] | None) -> int:
        if asked is not None:
            return asked
        return self.config["default_steps"] if sigmas is None else len(sigmas)


def _label_maps(mask: Any, size: tuple[int, int]) -> list[np.ndarray] | None:
    """Label maps of a mask, or of a list of them. Raises MaskError."""
    if mask is None:
        return None
    return [read_mask(one, size=size).label_map for one in listed(mask)]
