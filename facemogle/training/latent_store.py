"""Latents of images and masks of a data set, encoded once and kept on disk."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm

from facemogle.faces.folder import FaceFolder, MapKind
from facemogle.masks.colors import COLORS
from facemogle.masks.label_map import decouple
from facemogle.masks.regions import NUM_EXPERTS
from facemogle.network.tokens import PIXELS_PER_TOKEN, VAE, encode_pixels
from facemogle.runs.mask_tokens import croppable, encode_mask_image
from facemogle.training.data import copies

KindsOf = Callable[[int], Sequence[MapKind]]
Missing = tuple[int, Tensor | None, dict[MapKind, Tensor]]


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
        self.black = self._encode(torch.zeros(1, faces.size, faces.size, 3))[0]
        """Latents (N, C) of an empty region."""

    def image(self, n: int) -> Tensor:
        """Latents (N, C) of the image of face n."""
        path = self._path(n, "image")
        if not path.is_file():
            write_whole(
                path, {"image": self._encode(torch.from_numpy(self.faces.image(n))[None])[0]}
            )
        return load_file(path)["image"]

    def shares(self, n: int, kind: MapKind) -> Tensor:
        """How much of each token's square belongs to each region of one of the label maps of
        face n, see `region_shares`.
        """
        path = self._path(n, "shares", kind)
        if not path.is_file():
            shares = region_shares(self.faces.label_map(n, kind))
            write_whole(path, {"shares": shares.half()})  # exact: in 256ths
        return load_file(path)["shares"]

    def regions(self, n: int, kind: MapKind) -> Tensor:
        """Latents (R, N, C) of the mask images of one of the label maps of face n."""
        path = self._path(n, "map", kind)
        if not path.is_file():
            images = decouple(self.faces.label_map(n, kind))
            filled = np.flatnonzero(images.any(axis=(1, 2, 3)))
            latents = torch.stack([self._encode_mask(images[k]) for k in filled])
            write_whole(path, {"latents": latents, "filled": torch.from_numpy(filled)})
        stored = load_file(path)
        regions = self.black.repeat(NUM_EXPERTS, 1, 1)
        regions[stored["filled"]] = stored["latents"]
        return regions

    def fill(self, kinds: KindsOf, workers: int, process: int = 0, processes: int = 1) -> None:
        """Store all that is missing, a face's mask images encoded together, as a GPU likes it.

        kinds: of each face's label maps. workers: processes that read files. process, processes:
        others do every other face.
        """
        missing = _Missing(self, kinds, range(process, len(self.faces), processes))
        loader = DataLoader(missing, batch_size=None, **copies(workers))
        for n, image, maps in tqdm(loader, desc="latents", mininterval=5, disable=process > 0):
            if image is not None:
                write_whole(self._path(n, "image"), {"image": self._encode(image[None])[0]})
            for kind, label_map in maps.items():
                images, filled = mask_images(label_map.to(self.vae.device))
                stored = {"latents": self._encode(images), "filled": filled.cpu()}
                write_whole(self._path(n, "map", kind), stored)

    def missing(self, n: int, kinds: Sequence[MapKind]) -> Missing:
        """What the store lacks of face n: its number, its image, and label maps by kind. The
        shares of the regions in all of them are stored.
        """
        for kind in {MapKind(), *kinds}:
            self.shares(n, kind)
        lacks_image = not self._path(n, "image").is_file()
        lacking = [kind for kind in kinds if not self._path(n, "map", kind).is_file()]
        return (
            n,
            torch.from_numpy(self.faces.image(n)) if lacks_image else None,
            {kind: torch.from_numpy(self.faces.label_map(n, kind)) for kind in lacking},
        )

    def _path(self, n: int, name: str, kind: MapKind = MapKind()) -> Path:  # noqa: B008
        words = [name, *(word for word in kind._fields if getattr(kind, word))]
        return self.folder / f"{self.faces.ids[n]}.{'-'.join(words)}.safetensors"

    @torch.inference_mode()
    def _encode(self, images: Tensor) -> Tensor:
        pixels = images.to(self.vae.device).permute(0, 3, 1, 2)
        return encode_pixels(self.vae, pixels / 127.5 - 1).cpu().half().clone()

    @torch.inference_mode()
    def _encode_mask(self, image: np.ndarray) -> Tensor:
        tokens = encode_mask_image(self.vae, image, self.black, self.vae.device)
        return tokens.cpu().half().clone()


class _Missing(Dataset[Missing]):
    """What a store lacks of some of its faces."""

    def __init__(self, store: LatentStore, kinds: KindsOf, faces: Sequence[int]) -> None:
        self.store, self.kinds, self.faces = store, kinds, faces

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, place: int) -> Missing:
        n = self.faces[place]
        return self.store.missing(n, self.kinds(n))


def mask_images(label_map: Tensor) -> tuple[Tensor, Tensor]:
    """Those images of `decouple` that are not empty, uint8 (F, H, W, 3), and their experts (F,).

    label_map: uint8 (H, W), on any device.
    """
    present = label_map.unique().long()
    whole = torch.from_numpy(COLORS).to(label_map.device)[label_map.long()]
    regions = (label_map == present[:, None, None]).byte() * 255
    images = torch.cat([whole[None], regions[..., None].expand(-1, -1, -1, 3)])
    return images, torch.cat([present.new_zeros(1), present + 1])


def region_shares(label_map: np.ndarray) -> Tensor:
    """How much of each token's square belongs to each expert's region, 0..1: float32 (N, R).

    The global expert, which has none, gets 0; the others' sum is 1. label_map: uint8 (H, W).
    """
    rows, columns = (side // PIXELS_PER_TOKEN for side in label_map.shape)
    squares = label_map.reshape(rows, PIXELS_PER_TOKEN, columns, PIXELS_PER_TOKEN)
    squares = squares.swapaxes(1, 2).reshape(rows * columns, -1)
    experts = torch.from_numpy(squares).long() + 1
    return F.one_hot(experts, NUM_EXPERTS).float().mean(dim=1)


def write_whole(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write a safetensors file that others see whole or not at all."""
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    save_file(tensors, unfinished)
    os.replace(unfinished, path)
