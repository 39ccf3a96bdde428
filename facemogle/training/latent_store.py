"""Latents of images and masks of a data set, encoded once and kept on disk."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from facemogle.faces.folder import FaceFolder, MapKind
from facemogle.masks.label_map import decouple
from facemogle.masks.regions import NUM_EXPERTS
from facemogle.network.tokens import VAE, encode_image
from facemogle.runs.mask_tokens import croppable, encode_mask_image


class LatentStore:
    """Half-precision latents, a file per image or label map, encoded when first asked for.

    Data sets may grow, and several processes may share a store: a file appears whole or not at all,
    and whoever writes it writes the same.

    faces: the data. vae: its precision is that of the encoding. run: its folder, in which each
    data set and size has a folder of its own.
    """

    def __init__(self, faces: FaceFolder, vae: VAE, run: Path) -> None:
        # By the whole path: data sets often have the same last name, such as train.
        path = faces.folder.resolve()
        name = f"{path.name}-{zlib.crc32(str(path).encode()):08x}"
        folder = run / f"latents_{faces.size}" / name
        folder.mkdir(parents=True, exist_ok=True)
        self.faces, self.vae, self.folder = faces, croppable(vae), folder
        self.black = self._encode(np.zeros((faces.size, faces.size, 3), np.uint8))
        """Latents (N, C) of an empty region."""

    def image(self, n: int) -> Tensor:
        """Latents (N, C) of the image of face n."""
        path = self.folder / f"{self.faces.ids[n]}.image.safetensors"
        if not path.is_file():
            write_whole(path, {"image": self._encode(self.faces.image(n))})
        return load_file(path)["image"]

    def regions(self, n: int, kind: MapKind) -> Tensor:
        """Latents (R, N, C) of the mask images of one of the label maps of face n."""
        name = "-".join(["map", *(word for word in kind._fields if getattr(kind, word))])
        path = self.folder / f"{self.faces.ids[n]}.{name}.safetensors"
        if not path.is_file():
            images = decouple(self.faces.label_map(n, kind))
            filled = np.flatnonzero(images.any(axis=(1, 2, 3)))
            latents = torch.stack([self._encode_mask(images[k]) for k in filled])
            write_whole(path, {"latents": latents, "filled": torch.from_numpy(filled)})
        stored = load_file(path)
        regions = self.black.repeat(NUM_EXPERTS, 1, 1)
        regions[stored["filled"]] = stored["latents"]
        return regions

    @torch.inference_mode()
    def _encode(self, image: np.ndarray) -> Tensor:
        return encode_image(self.vae, image, self.vae.device).cpu().half().clone()

    @torch.inference_mode()
    def _encode_mask(self, image: np.ndarray) -> Tensor:
        tokens = encode_mask_image(self.vae, image, self.black, self.vae.device)
        return tokens.cpu().half().clone()


def write_whole(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write a safetensors file that others see whole or not at all."""
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    save_file(tensors, unfinished)
    os.replace(unfinished, path)
