"""`FaceMoGLEPipeline`: prompt and mask -> image, as a diffusers pipeline.

Shapes: P prompts, B = P * num_images_per_prompt images, N tokens = (height / p) * (width / p),
where a token paints p x p pixels (16, or more where the VAE enlarges), R = 20 experts, C = 64
channels of a token, T text tokens, D and E widths of the text encoders.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

import diffusers
import numpy as np
import torch
from diffusers.image_processor import VaeImageProcessor
from diffusers.models.autoencoders.autoencoder_dc import AutoencoderDC
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
    FlowMatchEulerDiscreteScheduler,
)
from diffusers.utils.outputs import BaseOutput
from PIL import Image
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer, T5EncoderModel, T5Tokenizer

from facemogle.gate.trace import Trace
from facemogle.mogle import MoGLE
from facemogle.network.base_lora import BaseLoRAMixin
from facemogle.network.tokens import PIXELS_PER_TOKEN
from facemogle.runs.arguments import Requesting
from facemogle.runs.callback import TENSORS, Call, StepCallback, called_back, of_call, pass_on
from facemogle.runs.checks import check_choices, suggesting
from facemogle.runs.decoding import OutputType
from facemogle.runs.denoising import Step, Steps
from facemogle.runs.edit import Edit
from facemogle.runs.experts import UNTOUCHED, LocalMasks
from facemogle.runs.face import Face
from facemogle.runs.mask_tokens import MaskEncoder
from facemogle.runs.prepare import Denoising, prepare
from facemogle.runs.previews import LatentToRGB, quick_decoder
from facemogle.runs.request import Request
from facemogle.runs.run import Run
from facemogle.transformer import FaceMoGLETransformer

__all__ = ["FaceMoGLEOutput", "FaceMoGLEPipeline", "Step"]

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


class FaceMoGLEPipeline(Requesting, Denoising, BaseLoRAMixin):
    """Mask- and text-guided face generation (Face-MoGLE, arXiv 2509.00428).

    A call makes one image, or several of one size together. Calls leave no state on the
    pipeline, so threads may share it (not with CPU offload, which moves models around).

    default_size: height and width of images, in pixels. default_steps: denoising steps.
    fixed_size: whether it makes no other size, as it has learnt this one only.
    default_guidance: how strongly the prompt guides.
    text_length: T5 tokens read of a prompt.
    local_masks: what local experts see, unless `stream` is told otherwise.
    edit_context: tokens around an edit that the model needs to see, see
        `facemogle.runs.request.Change`; None = all of the image's.
    strength_guides: whether `expert_strengths` of regions guide, see
        `facemogle.runs.denoising.Emphasis`: for a model that saw masks with regions hidden in
        training. Otherwise they are factors on the gate's weights.
    guided_from, guided_until: the highest and lowest t at which a model without an input for
        guidance is guided; see `facemogle.runs.denoising.denoise`.

    An attribute beside these, no part of what is saved:
    preview_vae: what `preview` decodes by; None = a linear map.
    """

    model_cpu_offload_seq = "text_encoder->text_encoder_2->transformer->vae"
    _exclude_from_cpu_offload = ("mogle",)  # small, and not called by its `forward`
    _callback_tensor_inputs = TENSORS

    def __init__(
        self,
        transformer: FaceMoGLETransformer,
        vae: AutoencoderKL | AutoencoderDC,
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
        strength_guides: bool = False,
        fixed_size: bool = False,
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
            strength_guides=strength_guides,
            fixed_size=fixed_size,
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

    def stream(self, *arguments: Any, **options: Any) -> Steps:
        """Generate step by step. Arguments are those of `request`, and are checked at once; work
        starts with the first step.

        Close the generator to cancel; send it `Changes` to go on from these.
        """
        return self.steps(self.request(*arguments, **options))

    def run(self, request: Request) -> Run:
        """What makes the image of a request for one whole face, or for an edit.

        Raises ValueError for an edit that changes nothing.
        """
        change = request.change
        return Face(self, request) if change is None else Edit(self, request, change)

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

    def enable_group_offload(self, *arguments: Any, **options: Any) -> None:
        """Keep weights in main memory or on disk but for the block or layer that is at work.

        Arguments are those of `DiffusionPipeline.enable_group_offload`. On disk the folder must be
        empty or this very model's: files that are there are taken as they are.
        """
        if isinstance(self.vae, AutoencoderDC):
            # As AutoencoderKL says of itself: these are called, and not the whole VAE.
            vae: Any = self.vae
            vae._group_offload_block_modules = ["encoder", "decoder"]
        # T5 has its embedding in two modules; the second would be written when it is gone already.
        self.text_encoder_2.set_input_embeddings(self.text_encoder_2.get_input_embeddings())
        super().enable_group_offload(*arguments, **options)

    def fuse_lora(self, *arguments: Any, **options: Any) -> None:
        """Add the LoRAs to the base model's weights; see `FluxLoraLoaderMixin.fuse_lora`."""
        super().fuse_lora(*arguments, **options)
        self.forget()

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


# Where `DiffusionPipeline.from_pretrained` looks for the class that a folder names.
setattr(diffusers, FaceMoGLEPipeline.__name__, FaceMoGLEPipeline)
