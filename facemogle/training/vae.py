"""First stage: the VAE, on crops of faces and of the images that masks are turned into."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderDC
from torch import Tensor
from torch.utils.data import Dataset

from facemogle.faces.folder import FaceFolder
from facemogle.faces.paper import open_faces
from facemogle.masks.reading import decouple
from facemogle.training.clock import Length, Steps
from facemogle.training.data import Joined, Visit, endless, to_model_range
from facemogle.training.recipe import VAERecipe
from facemogle.training.run import Run, make_accelerator

MASK_SHARE = 0.1
WHOLE_SHARE = 0.3
NOISE = 0.1
PRIOR_WEIGHT = 1e-3
EDGE_WEIGHT = 1.0
HALF_SIZE_WEIGHT = 0.25


class Crops(Dataset[Tensor]):
    """Float32 (3, crop, crop) in [-1, 1]: mostly crops, some whole images at that size, and
    some of the 20 mask images, which the same VAE has to encode.
    """

    def __init__(self, faces: FaceFolder, crop: int) -> None:
        self.faces, self.crop = faces, crop

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, visit: Visit) -> Tensor:
        draw = random.Random(visit.seed)
        if draw.random() < MASK_SHARE:
            images = decouple(self.faces.label_map(visit.face))
            filled = [k for k in range(len(images)) if k == 0 or images[k].any()]
            image = images[draw.choice(filled)]
        else:
            image = self.faces.image(visit.face)
        return to_model_range(self._cut(image, draw))

    def _cut(self, image: np.ndarray, draw: random.Random) -> np.ndarray:
        stride = self.faces.size // self.crop
        if stride > 1 and draw.random() < WHOLE_SHARE:
            size = self.crop
            blocks = image.reshape(size, stride, size, stride, 3)
            return blocks.mean(axis=(1, 3)).round().astype(np.uint8)
        top, left = (draw.randrange(self.faces.size - self.crop + 1) for _ in range(2))
        return image[top : top + self.crop, left : left + self.crop]


def build_vae(recipe: VAERecipe) -> AutoencoderDC:
    """A small autoencoder with FLUX's latent layout: 16 channels, 8x downsampling.

    DC-AE's space-to-depth shortcuts (arXiv 2410.10733) learn much faster than strided
    convolutions, and nothing in it looks further than its convolutions do: far from a region's
    edge, the latents of its mask image do not depend on the image.
    """
    levels = len(recipe.channels)
    return AutoencoderDC(
        latent_channels=16,
        encoder_block_types="ResBlock",
        decoder_block_types="ResBlock",
        encoder_block_out_channels=recipe.channels,
        decoder_block_out_channels=recipe.channels,
        encoder_layers_per_block=recipe.encoder_layers,
        decoder_layers_per_block=recipe.decoder_layers,
        encoder_qkv_multiscales=((),) * levels,
        decoder_qkv_multiscales=((),) * levels,
        decoder_conv_act_fn="silu",
    )


def _gradients(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[..., 1:, :] - x[..., :-1, :], x[..., :, 1:] - x[..., :, :-1]


def vae_loss(vae: AutoencoderDC, x: Tensor) -> dict[str, Tensor]:
    """Reconstruction under a posterior of fixed variance, and the same for halved latents.

    The last term makes halving the latents mean halving the image; a latent space with that
    property is easier to generate in (EQ-VAE, arXiv 2502.09509).
    """
    mean = vae.encode(x, return_dict=False)[0].float()
    z = mean + NOISE * torch.randn_like(mean)
    y = vae.decode(z, return_dict=False)[0].float()
    pixels = F.l1_loss(y, x)
    edges = sum(F.l1_loss(a, b) for a, b in zip(_gradients(y), _gradients(x), strict=True))
    prior = mean.square().mean()
    half = F.l1_loss(
        vae.decode(F.avg_pool2d(z, 2), return_dict=False)[0].float(), F.avg_pool2d(x, 2)
    )
    loss = pixels + EDGE_WEIGHT * edges + PRIOR_WEIGHT * prior + HALF_SIZE_WEIGHT * half
    psnr = 10 * torch.log10(4 / F.mse_loss(y, x))
    return {"loss": loss, "l1": pixels, "prior": prior, "half": half, "psnr": psnr}


@torch.no_grad()
def set_latent_statistics(vae: AutoencoderDC, faces: FaceFolder, count: int = 64) -> None:
    """Write ``scaling_factor``, so that face latents have std 1."""
    images = np.stack([faces[n].image for n in range(min(count, len(faces)))])
    parts = [vae.encode(to_model_range(image[None]), return_dict=False)[0] for image in images]
    latents = torch.cat(parts)
    vae.register_to_config(scaling_factor=1 / latents.std().item())


def train_vae(
    data: Sequence[str | Path], folder: Path, recipe: VAERecipe, length: Length | None = None
) -> None:
    """Train the VAE; the averaged weights go to ``folder/vae`` (safetensors).

    length: of the run; None = the recipe's steps.
    """
    accelerator = make_accelerator(recipe.mixed_precision)
    torch.manual_seed(recipe.seed)
    vae = build_vae(recipe)
    vae.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimizer = torch.optim.AdamW(
        vae.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.99), weight_decay=1e-3
    )
    length = length or Steps(recipe.steps)
    run = Run(accelerator, vae, [optimizer], folder / "vae_run", length, recipe.ema_decay)
    folders = [open_faces(path, recipe.size) for path in data]
    crops = Joined([Crops(faces, recipe.crop) for faces in folders])
    loader = endless(
        crops,
        recipe.batch,
        recipe.seed,
        run.step,
        accelerator.process_index,
        accelerator.num_processes,
        recipe.workers,
    )
    channels_last = (x.to(accelerator.device, memory_format=torch.channels_last) for x in loader)
    run.train(channels_last, lambda x: vae_loss(run.model, x))
    averaged = cast(AutoencoderDC, run.averaged().cpu().eval())
    set_latent_statistics(averaged, folders[0])
    if accelerator.is_main_process:
        averaged.save_pretrained(folder / "vae")
    accelerator.wait_for_everyone()
