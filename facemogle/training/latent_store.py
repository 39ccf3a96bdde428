"""Latents of all pictures and masks of a data set, encoded once and kept on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderDC
from torch import Tensor
from tqdm.auto import tqdm

from facemogle.latents import PIXELS_PER_TOKEN, encode_pixels
from facemogle.mask import decouple
from facemogle.regions import NUM_EXPERTS
from facemogle.training.data import FaceFolder, to_model_range

CHANNELS = 64


class LatentStore:
    """Half-precision latents of n faces in two memory-mapped files; encoding resumes.

    clean: (n, N, C), pictures. regions: (n, R, N, C), mask pictures.
    """

    def __init__(self, folder: Path, length: int, tokens: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.clean = _array(folder / "clean.npy", (length, tokens, CHANNELS))
        self.regions = _array(folder / "regions.npy", (length, NUM_EXPERTS, tokens, CHANNELS))
        self._black: Tensor | None = None

    @classmethod
    def of(cls, faces: FaceFolder, vae: AutoencoderDC, folder: Path) -> LatentStore:
        """The store of these faces, encoded as far as it was not."""
        store = cls(folder, len(faces), (faces.size // PIXELS_PER_TOKEN) ** 2)
        store._encode(faces, vae)
        return store

    def __len__(self) -> int:
        return len(self.clean)

    def read(self, n: int) -> tuple[Tensor, Tensor]:
        """Picture (N, C) and mask pictures (R, N, C) of face n; copies."""
        return torch.tensor(self.clean[n]), torch.tensor(self.regions[n])

    def black(self) -> Tensor:
        """Latents (N, C) of an empty region."""
        assert self._black is not None
        return self._black

    @torch.inference_mode()
    def _encode(self, faces: FaceFolder, vae: AutoencoderDC) -> None:
        vae = vae.eval().to(memory_format=torch.channels_last)

        def encode(pictures: np.ndarray) -> np.ndarray:
            pixels = to_model_range(pictures).to(vae.device, memory_format=torch.channels_last)
            return encode_pixels(vae, pixels).cpu().half().numpy()

        black = encode(np.zeros((1, faces.size, faces.size, 3), np.uint8))[0]
        self._black = torch.from_numpy(black)
        done = self.folder / "done.json"
        start = json.loads(done.read_text()) if done.is_file() else 0
        for n in tqdm(range(start, len(self)), initial=start, total=len(self), desc="latents"):
            face = faces[n]
            pictures = decouple(face.label_map)
            filled = np.flatnonzero(pictures.any(axis=(1, 2, 3)))
            encoded = encode(np.concatenate([face.image[None], pictures[filled]]))
            self.regions[n] = black
            self.clean[n], self.regions[n, filled] = encoded[0], encoded[1:]
            if n % 100 == 99 or n + 1 == len(self):
                self.clean.flush()
                self.regions.flush()
                done.write_text(json.dumps(n + 1))


def _array(path: Path, shape: tuple[int, ...]) -> np.memmap:
    mode = "r+" if path.is_file() else "w+"
    return np.lib.format.open_memmap(path, mode=mode, dtype=np.float16, shape=shape)
