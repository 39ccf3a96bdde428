"""The reference implementation's numbers for one part at a time."""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np
import torch
from reference_arrays import Case, Kind
from torch import Tensor

from facemogle.masks.colors import COLORS
from facemogle.masks.label_map import decouple
from facemogle.masks.regions import NUM_EXPERTS
from facemogle.mogle import MoGLE
from facemogle.network.sinusoid import sinusoid
from facemogle.network.text import token_ids
from facemogle.network.tokens import decode_tokens, encode_pixels, pack, position_ids, unpack
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.runs.request import grid_of
from facemogle.runs.schedule import dynamic_shift, make_schedule
from facemogle.training.batches import Batch
from facemogle.training.flow import FlowModel, flow_loss
from facemogle.transformer import FaceMoGLETransformer

CLIP_LENGTH, T5_LENGTH = 77, 512
MISSING = torch.tensor(float("nan"))


def arrays(**tensors: Tensor) -> dict[str, np.ndarray]:
    return {name: tensor.detach().float().numpy() for name, tensor in tensors.items()}


def tensors_of(case: Case) -> dict[str, Tensor]:
    return {
        name: torch.from_numpy(array) for name, array in case.items() if array.dtype.kind != "U"
    }


@torch.no_grad()
def mogle_alone(pipeline: FaceMoGLEPipeline, case: Case) -> dict[str, np.ndarray]:
    """Stored timesteps go up to 1, as in training, and to 1000, as in sampling."""
    mogle, given = pipeline.mogle, tensors_of(case)
    x, x_t = given["x"], given["noise_latent"]
    times = given["timestep"].double() / 1000
    rows = [mogle(x, x_t, t[None]) for t in times]
    half = copy.deepcopy(mogle).bfloat16()
    half_rows = [half(x.bfloat16(), x_t.bfloat16(), t[None]) for t in times]
    several, at = given["batch_x"], given["batch_timestep"].double() / 1000
    tokens, weights = mogle(several, given["batch_noise_latent"], at)
    experts = mogle.experts(several)
    return arrays(
        time_proj=sinusoid(given["timestep"], x.shape[-1]),
        time_embedding=mogle.gating.embed_time(times),
        noise_projection=mogle.gating.noise_proj(x_t),
        expert_outputs=mogle.experts(x)[0],
        gating_weights=torch.cat([weights for _, weights in rows]),
        output=torch.cat([tokens for tokens, _ in rows]),
        bf16_gating_weights=torch.cat([weights for _, weights in half_rows]),
        bf16_output=torch.cat([tokens for tokens, _ in half_rows]),
        batch_gating_weights=weights,
        batch_output=tokens,
        batch_output_weight_is_scale=mogle.mix(
            weights.mean(1, keepdim=True).expand_as(weights), experts
        ),
        batch_output_no_gating=mogle.mix(torch.ones_like(weights), experts),
        batch_output_no_expert=mogle.mix(weights, several),
    )


@torch.no_grad()
def transformer_alone(pipeline: FaceMoGLEPipeline, case: Case) -> dict[str, np.ndarray]:
    transformer, given = pipeline.transformer, tensors_of(case)
    taken = "hidden_states encoder_hidden_states pooled_projections timestep guidance"
    inputs = {name: given[name] for name in [*taken.split(), "img_ids", "txt_ids"]}
    tokens = given["condition_latents"]

    def velocity(model: FaceMoGLETransformer, **options: Tensor) -> Tensor:
        return model(**inputs, **options).sample  # pyright: ignore[reportArgumentType]

    plain = copy.deepcopy(transformer)
    plain.add_condition_lora(4)  # untrained, they change nothing
    ids = torch.cat([given["txt_ids"], given["img_ids"]])
    cos, sin = transformer.pos_embed(ids)
    condition_cos, condition_sin = transformer.pos_embed(given["condition_ids"])
    embedded = transformer._embed_times(
        given["timestep"], given["guidance"], given["pooled_projections"]
    )
    predicted, inside = with_streams(
        transformer, lambda: velocity(transformer, condition_tokens=tokens)
    )
    return {
        **arrays(
            noise_pred=predicted,
            noise_pred_condition_ids_shifted=velocity(
                transformer, condition_tokens=tokens, condition_ids=given["condition_ids_shifted"]
            ),
            noise_pred_no_lora=velocity(plain, condition_tokens=tokens),
            noise_pred_no_condition=velocity(transformer),
            temb=embedded[:, 0],
            condition_temb=embedded[:, 1],
            rope_cos=cos,
            rope_sin=sin,
            condition_rope_cos=condition_cos,
            condition_rope_sin=condition_sin,
        ),
        **arrays(**inside),
    }


def with_streams(transformer: FaceMoGLETransformer, run: Any) -> tuple[Tensor, dict[str, Tensor]]:
    """What a run returns, and the streams before, between and after the blocks by their names."""
    inside: dict[str, Tensor] = {}
    blocks = {
        **{f"double{n}": block for n, block in enumerate(transformer.transformer_blocks)},
        **{f"single{n}": block for n, block in enumerate(transformer.single_transformer_blocks)},
    }

    def before(_block: Any, _arguments: Any, streams: dict[str, Any]) -> None:
        count = streams["num_condition"]
        inside["image_tokens_in"] = streams["hidden_states"][:, :-count].clone()
        inside["condition_tokens_in"] = streams["hidden_states"][:, -count:].clone()
        inside["text_tokens_in"] = streams["encoder_hidden_states"].clone()

    def after(name: str) -> Any:
        def hook(block: Any, _arguments: Any, streams: dict[str, Any], result: Any) -> None:
            text, joined = result
            count = streams["num_condition"]
            image, condition = joined[:, :-count].clone(), joined[:, -count:].clone()
            if name.startswith("double"):
                inside.update({f"{name}_text": text.clone(), f"{name}_image": image})
            else:
                inside[f"{name}_text_image"] = torch.cat([text, image], 1)
            if not getattr(block, "is_last", False):  # nothing reads them after the last block
                inside[f"{name}_condition"] = condition

        return hook

    def normed(_module: Any, _arguments: Any, result: Tensor) -> None:
        inside["norm_out"] = result.clone()

    hooks = [
        blocks["double0"].register_forward_pre_hook(before, with_kwargs=True),
        transformer.norm_out.register_forward_hook(normed),
        *(
            block.register_forward_hook(after(name), with_kwargs=True)
            for name, block in blocks.items()
        ),
    ]
    try:
        return run(), inside
    finally:
        for hook in hooks:
            hook.remove()


def noise_levels(pipeline: FaceMoGLEPipeline, case: Case) -> dict[str, np.ndarray]:
    computed = {}
    for name in case:
        num_tokens, num_steps = re.fullmatch(r"\w+_seq(\d+)(?:_steps(\d+))?", name).groups()  # pyright: ignore
        if num_steps is None:
            shift = dynamic_shift(pipeline.scheduler.config, int(num_tokens))
            computed[name] = np.array(shift)
        else:
            schedule = make_schedule(pipeline.scheduler, int(num_tokens), int(num_steps))
            computed[name] = np.asarray(getattr(schedule, name.partition("_")[0]))
    return computed


@torch.no_grad()
def text_features(pipeline: FaceMoGLEPipeline, case: Case) -> dict[str, np.ndarray]:
    prompts = [str(prompt) for prompt in case["prompts"]]
    sequence, pooled, ids = pipeline.encode_prompt(prompts)
    tokenizers = (pipeline.tokenizer, CLIP_LENGTH), (pipeline.tokenizer_2, T5_LENGTH)
    clip, t5 = (
        torch.cat([token_ids(prompt, *tokenizer) for prompt in prompts]).numpy()
        for tokenizer in tokenizers
    )
    return {
        "clip_input_ids": clip,
        "t5_input_ids": t5,
        "text_ids_shape": np.array(ids.shape),
        **arrays(pooled_prompt_embeds=pooled, prompt_embeds_first32=sequence[:, :32]),
    }


def mask_images(pipeline: FaceMoGLEPipeline, case: Case) -> dict[str, np.ndarray]:
    images = decouple(case["label_map"])
    return {
        "palette": COLORS,
        "images": images,
        "images_without_local_masks": np.concatenate([images[:1], np.zeros_like(images[1:])]),
    }


@torch.no_grad()
def vae_alone(pipeline: FaceMoGLEPipeline, case: Case) -> dict[str, np.ndarray]:
    """Tokens are the posterior's mode, to which the reference adds noise."""
    vae: Any = pipeline.vae
    given, config = tensors_of(case), vae.config
    pixels = given["images"] * 2 - 1
    rows, columns = grid_of(pixels.shape[2:])
    mode = encode_pixels(vae, pixels)
    posterior = vae.encode(pixels).latent_dist
    grid = grid_of(given["decoded"].shape[2:])
    decoded = decode_tokens(vae, given["decode_tokens"], grid)
    levels = ((decoded / 2 + 0.5).clamp(0, 1) * 255).round().permute(0, 2, 3, 1)
    return arrays(
        mean=unpack(mode, (rows, columns)) / config.scaling_factor + config.shift_factor,
        logvar=posterior.logvar,
        tokens=mode + pack(posterior.std * given["eps"]) * config.scaling_factor,
        token_ids=position_ids((rows, columns)),
        decode_latents=unpack(given["decode_tokens"], grid) / config.scaling_factor
        + config.shift_factor,
        decoded=decoded,
        decoded_uint8=levels,
    )


def training_step(pipeline: FaceMoGLEPipeline, case: Case) -> dict[str, np.ndarray]:
    """Loss and gradients of the paper's recipe: only low-rank terms, experts and gate are trained.

    The reference gives the gate t in 0..1 here, where it samples with 0..1000.
    """
    given, prompts = tensors_of(case), [str(prompt) for prompt in case["prompts"]]
    mogle = MoGLE(time_scale=1.0)
    mogle.load_state_dict(pipeline.mogle.state_dict())
    model = FlowModel(
        copy.deepcopy(pipeline.transformer),
        mogle,
        copy.deepcopy(pipeline.text_encoder),
        copy.deepcopy(pipeline.text_encoder_2),
    )
    model.requires_grad_(False)
    model.mogle.requires_grad_(True)
    model.transformer.condition_lora.requires_grad_(True)

    clean, noise, t = given["x_0"], given["x_1"], given["timestep"]
    shape = clean.shape[:2]
    batch = Batch(
        clean,
        noise,
        given["condition_latents"],
        torch.zeros(*shape, NUM_EXPERTS),
        t,
        torch.ones(shape),
        given["guidance"],
        torch.cat([token_ids(prompt, pipeline.tokenizer, CLIP_LENGTH) for prompt in prompts]),
        torch.cat([token_ids(prompt, pipeline.tokenizer_2, T5_LENGTH) for prompt in prompts]),
    )
    ids = position_ids(grid_of(case["images"].shape[2:]))
    loss = flow_loss(model, batch, ids)["loss"]
    loss.backward()
    x_t = (1 - t[:, None, None]) * clean + t[:, None, None] * noise
    with torch.no_grad():
        tokens, _ = model.mogle(batch.regions, x_t, t)
        prediction, _ = model(batch, x_t, ids)
    gradients = {
        published_name(name): torch.zeros_like(weight) if weight.grad is None else weight.grad
        for name, weight in model.named_parameters()
        if weight.requires_grad
    }
    known = [str(name) for name in case["grad_names"]]
    unknown = sorted(gradients.keys() - set(known))
    return {
        "grad_names": np.array([name for name in known if name in gradients] + unknown),
        **arrays(
            loss=loss,
            x_t=x_t,
            transformer_timestep=batch.t,
            condition_tokens=tokens,
            prediction=prediction,
            pooled_prompt_embeds=model.text_encoder(batch.clip_ids).pooler_output,
            prompt_embeds_row1=model.text_encoder_2(batch.t5_ids)[0][1],
            grad_norms=torch.stack([gradients.get(name, MISSING).norm() for name in known]),
            grad_x_embedder_lora_A=gradients["x_embedder.lora_A_0.weight"],
            grad_gate_2_weight=gradients["mogle.gating.gate.2.weight"],
            grad_global_expert_net_0_weight=gradients["mogle.global_expert.net.0.weight"],
        ),
    }


def published_name(parameter: str) -> str:
    """`transformer.condition_lora.x__y.lora_A.weight` -> `x.y.lora_A_0.weight`."""
    if parameter.startswith("mogle."):
        return parameter
    path = parameter.removeprefix("transformer.condition_lora.").replace("__", ".")
    return re.sub(r"lora_([AB])\.", r"lora_\1_0.", path)


def names(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


VARIANT = "a variant of the reference that this package does not have"

UNITS = (
    Kind(
        "experts, gate and mix",
        "expert_outputs",
        names("x noise_latent timestep batch_x batch_noise_latent batch_timestep"),
        mogle_alone,
        {"bf16_gating_weights": 3e-2, "bf16_output": 3e-2},
    ),
    Kind(
        "the transformer",
        "double0_condition",
        names(
            "hidden_states condition_latents encoder_hidden_states pooled_projections timestep",
            "guidance img_ids txt_ids condition_ids condition_ids_shifted",
        ),
        transformer_alone,
        {"noise_pred_no_condition": 3e-4},  # stock FLUX itself, on CPUs with another float32 exp
        {
            "noise_pred_lora_on_image_tokens_too": VARIANT,
            "noise_pred_add_cond_attn": VARIANT,
            "noise_pred_union_cond_attn_false": VARIANT,
            "noise_pred_independent_condition": VARIANT,
            "noise_pred_condition_time_0p4": VARIANT,
            "noise_pred_condition_scale_0p5": VARIANT,
            "single2_condition": "nothing reads it, so this package does not compute it",
        },
    ),
    Kind("noise levels", "mu_seq64", frozenset(), noise_levels),
    Kind(
        "text features",
        "clip_input_ids",
        names("prompts"),
        text_features,
        {"prompt_embeds_first32": 1e-3, "clip_input_ids": 0.0, "t5_input_ids": 0.0},
    ),
    Kind(
        "mask images",
        "palette",
        names("label_map"),
        mask_images,
        {"palette": 0.0, "images": 0.0, "images_without_local_masks": 0.0},
    ),
    Kind(
        "the VAE",
        "decode_tokens",
        names("images eps decode_tokens"),
        vae_alone,
        {"decoded_uint8": 1 / 128, "token_ids": 0.0},
    ),
    Kind(
        "a training step",
        "grad_names",
        names("timestep guidance x_0 x_1 condition_latents prompts images label_maps"),
        training_step,
        {"prompt_embeds_row1": 1e-3},
    ),
)
