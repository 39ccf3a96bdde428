"""Tokens of mask images that were encoded before."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor


class RegionLatentCache:
    """Tokens of mask images by content, for one VAE.

    A brush stroke changes the global image and one or two regions, and empty regions are all the
    same image: only what is new gets encoded. The least recently used tokens are dropped.
    Threads may share a cache. Call `clear` after changing the VAE's weights.

    capacity: number of images that are cached.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._entries: OrderedDict[bytes, Tensor] = OrderedDict()
        self._lock = threading.Lock()

    def tokens(
        self,
        images: np.ndarray,
        encode: Callable[[np.ndarray], Tensor],
        context: str = "",
        threads: int = 1,
    ) -> Tensor:
        """Tokens (R, N, C) of the images uint8 (R, H, W, 3).

        encode: image uint8 (H, W, 3) -> tokens (N, C). One image at a time, since results must
            not depend, not even in the last bit, on which others happened to be known.
        context: what else the tokens depend on, such as the VAE's dtype.
        threads: how many encode at the same time.
        """
        keys = [_key(image, context) for image in images]
        with self._lock:
            found = {key: self._entries[key] for key in keys if key in self._entries}
        new = {k: image for k, image in zip(keys, images, strict=True) if k not in found}
        # Those with most to encode first, so that the threads end together.
        new = dict(sorted(new.items(), key=lambda item: -np.count_nonzero(item[1])))
        # Not under the lock: two callers may encode the same image, with the same result.
        with ThreadPoolExecutor(threads) as pool:
            run = map if threads == 1 else pool.map
            found |= zip(new, run(encode, new.values()), strict=True)
        self._keep(found)
        return torch.stack([found[key] for key in keys])

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._entries.clear()

    def _keep(self, used: Mapping[bytes, Tensor]) -> None:
        with self._lock:
            self._entries.update(used)
            for key in used:
                self._entries.move_to_end(key)
            while len(self._entries) > self.capacity:
                self._entries.popitem(last=False)


def _key(image: np.ndarray, context: str) -> bytes:
    header = f"{image.shape} {context}".encode()
    return hashlib.blake2b(header + image.tobytes(), digest_size=16).digest()
