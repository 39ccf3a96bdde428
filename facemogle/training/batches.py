"""What flow matching is shown of a face: noisy latents, mask images, a caption, all varied.

Shapes: B batch, N tokens, R = 20 experts, C = 64 channels, T text tokens.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor
from torch.utils.data import Dataset

from facemogle.faces.folder import MapKind
from facemogle.masks.regions import REGIONS
from facemogle.training.data import Visit
from facemogle.training.latent_store import LatentStore
from facemogle.training.recipe import FlowRecipe
from facemogle.training.text import vary_caption


@dataclass
class Batch:
    """clean, noise (B, N, C), regions (B, R, N, C), shares (B, N, R), how much of each token's
    square belongs to each expert's region, t (B,) in [0, 1], weights (B, N), how much each token
    counts in the loss, guidance (B,), 1 = none, clip_ids (B, 77), t5_ids (B, T).
    """

    clean: Tensor
    noise: Tensor
    regions: Tensor
    shares: Tensor
    t: Tensor
    weights: Tensor
    guidance: Tensor
    clip_ids: Tensor
    t5_ids: Tensor

    def to(self, device: torch.device) -> Batch:
        """On that device, and what is kept in half precision in single precision."""
        parts = (getattr(self, field.name).to(device, non_blocking=True) for field in fields(self))
        return Batch(*(part.float() if part.dtype == torch.half else part for part in parts))

    def pin_memory(self) -> Batch:
        """In memory that a GPU reads faster; called by `DataLoader`."""
        return Batch(*(getattr(self, field.name).pin_memory() for field in fields(self)))

    def rows(self, rows: Tensor) -> Batch:
        """Some of the faces; rows: their indices."""
        return Batch(*(getattr(self, field.name)[rows] for field in fields(self)))

    def cropped(self, tokens: Tensor) -> Batch:
        """Some of each face's tokens; tokens: their indices."""
        return replace(
            self,
            clean=self.clean[:, tokens],
            noise=self.noise[:, tokens],
            regions=self.regions[:, :, tokens],
            shares=self.shares[:, tokens],
            weights=self.weights[:, tokens],
        )


Row = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, str]
"""One face of a batch: clean, noise, regions, shares, t, weights, guidance, caption."""


class FlowData(Dataset[Row]):
    """One face as training sees it: noisy, with a caption and a label map of several, varied, and
    with regions and text dropped at random.
    """

    def __init__(self, store: LatentStore, recipe: FlowRecipe) -> None:
        self.store, self.faces, self.recipe = store, store.faces, recipe

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, visit: Visit) -> Row:
        n, recipe, name = visit.face, self.recipe, self.faces.ids[visit.face]
        draw, generator = random.Random(visit.seed), torch.Generator().manual_seed(visit.seed)
        kind = MapKind(
            bare=name in self.faces.bare and draw.random() < recipe.bare,
            painted=self._is_painted(name),
            hidden=draw.random() < recipe.hidden,
        )
        regions = self.store.regions(n, kind)
        dropped = torch.rand(len(regions), generator=generator) < recipe.drop_region
        dropped[0] = False
        regions[dropped] = self.store.black
        caption = vary_caption(draw.choice(self.faces.captions[name]), draw)
        clean = self.store.image(n).float()
        noise = torch.randn(clean.shape, generator=generator)
        normal = torch.randn((), generator=generator)
        t = (recipe.t_mean + recipe.t_deviation * normal).sigmoid()
        weights = token_weights(self.store.shares(n, MapKind()), recipe.region_weights)
        caption = "" if draw.random() < recipe.drop_text else caption
        guided = caption and draw.random() < recipe.guided
        guidance = torch.tensor(draw.uniform(1, recipe.max_guidance) if guided else 1.0)
        shares = self.store.shares(n, kind)
        return clean, noise, regions, shares, t, weights, guidance, caption

    def kinds(self, n: int) -> list[MapKind]:
        """All label maps of face n that visits may see."""
        name = self.faces.ids[n]
        bare = (False, True) if name in self.faces.bare and self.recipe.bare else (False,)
        hidden = (False, True) if self.recipe.hidden else (False,)
        painted = self._is_painted(name)
        return [MapKind(one, painted, other) for one in bare for other in hidden]

    def _is_painted(self, name: str) -> bool:
        """By face, so that each face's masks are encoded once."""
        return zlib.crc32(name.encode()) % 1000 < 1000 * self.recipe.painted


def token_weights(shares: Tensor, region_weights: Mapping[str, float]) -> Tensor:
    """How much each token counts in the loss: its pixels' mean weight, brought to a mean of 1.

    shares: of the regions in each token's square, (N, R), see `region_shares`. region_weights: of
    pixels, by region name; 1 for those not named. Returns float32 (N,).
    """
    of_regions = torch.tensor([region_weights.get(region.name, 1) for region in REGIONS])
    weights = shares[:, 1:].float() @ of_regions.float()
    return weights / weights.mean()


def square_of_tokens(side: int, draw: random.Random) -> Tensor:
    """Indices of the tokens of a square, of half to three quarters of an image's side tokens, at
    a random place.

    Seeing a part trains for less, and for edits whose model sees the neighbourhood alone (after
    patch diffusion, arXiv 2304.12526).
    """
    length = max(1, draw.randint(side // 2, side * 3 // 4))
    top, left = draw.randint(0, side - length), draw.randint(0, side - length)
    tokens = torch.arange(side * side).view(side, side)
    return tokens[top : top + length, left : left + length].flatten()
