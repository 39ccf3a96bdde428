"""Latents of pictures and masks of a data set, encoded once and kept on disk."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from facemogle.label_map import decouple
from facemogle.latents import VAE, encode_picture
from facemogle.mask_encoding import croppable, encode_mask_picture
from facemogle.regions import NUM_EXPERTS
from facemogle.training.data import FaceFolder, MapKind


class LatentStore:
    """Half-precision latents, a file per picture or label map, encoded when first asked for.

    Data sets may grow, and several processes may share a store: a file appears whole or not at all,
    and whoever writes it writes the same.

    faces: the data. vae: its precision is that of the encoding. folder: for the files.
    """

    def __init__(self, faces: FaceFolder, vae: VAE, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.faces, self.vae, self.folder = faces, croppable(vae), folder
        self.black = self._encode(np.zeros((faces.size, faces.size, 3), np.uint8))
        """Latents (N, C) of an empty region."""

    def picture(self, n: int) -> Tensor:
        """Latents (N, C) of the picture of face n."""
        path = self.folder / f"{self.faces.ids[n]}.picture.safetensors"
        if not path.is_file():
            _write(path, {"picture": self._encode(self.faces.image(n))})
        return load_file(path)["picture"]

    def regions(self, n: int, kind: MapKind) -> Tensor:
        """Latents (R, N, C) of the mask pictures of one of the label maps of face n."""
        name = "-".join(["map", *(word for word in kind._fields if getattr(kind, word))])
        path = self.folder / f"{self.faces.ids[n]}.{name}.safetensors"
        if not path.is_file():
            pictures = decouple(self.faces.label_map(n, kind))
            filled = np.flatnonzero(pictures.any(axis=(1, 2, 3)))
            latents = torch.stack([self._encode_mask(pictures[k]) for k in filled])
            _write(path, {"latents": latents, "filled": torch.from_numpy(filled)})
        stored = load_file(path)
        regions = self.black.repeat(NUM_EXPERTS, 1, 1)
        regions[stored["filled"]] = stored["latents"]
        return regions

    @torch.inference_mode()
    def _encode(self, picture: np.ndarray) -> Tensor:
        return encode_picture(self.vae, picture, self.vae.device).cpu().half().clone()

    @torch.inference_mode()
    def _encode_mask(self, picture: np.ndarray) -> Tensor:
        tokens = encode_mask_picture(self.vae, picture, self.black, self.vae.device)
        return tokens.cpu().half().clone()


def _write(path: Path, tensors: dict[str, Tensor]) -> None:
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    save_file(tensors, unfinished)
    os.replace(unfinished, path)
