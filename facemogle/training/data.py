"""Endless shuffled batches for training, the same after a resumption as without one."""

from __future__ import annotations

import os
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Sampler


class Visit(NamedTuple):
    """One use of a face in training. seed: of everything that is drawn at random for it."""

    face: int
    seed: int


class Joined(ConcatDataset):
    """Several data sets of visits, one behind the other."""

    def __getitem__(self, visit: Visit) -> Any:
        part = bisect_right(self.cumulative_sizes, visit.face)
        before = self.cumulative_sizes[part - 1] if part else 0
        return self.datasets[part][visit._replace(face=visit.face - before)]


class Shuffled(Sampler[Visit]):
    """Endless epochs; order and seeds depend on the seed and the position alone.

    A resumed run continues with the sample that an uninterrupted one would have seen next, and
    several processes share one batch as one process would see it.

    start: position of the first visit. process, processes, batch: take every ``processes``-th group
    of ``batch`` visits, from group ``process`` on.
    """

    def __init__(
        self,
        length: int,
        seed: int,
        start: int = 0,
        process: int = 0,
        processes: int = 1,
        batch: int = 1,
    ) -> None:
        self.length, self.seed, self.start = length, seed, start
        self.process, self.processes, self.batch = process, processes, batch

    def __iter__(self) -> Iterator[Visit]:
        order: list[int] = []
        for position in count(self.start):
            epoch, place = divmod(position, self.length)
            if position == self.start or place == 0:
                generator = torch.Generator().manual_seed(self.seed + epoch)
                order = torch.randperm(self.length, generator=generator).tolist()
            if position // self.batch % self.processes == self.process:
                # 32 bits: of more, torch's generator on the CPU heeds the lower ones alone.
                yield Visit(order[place], zlib.crc32(f"{self.seed} {position}".encode()))


def endless(
    dataset: Dataset,
    batch: int,
    seed: int,
    step: int,
    process: int = 0,
    processes: int = 1,
    workers: int = 0,
    **options: Any,
) -> DataLoader:
    """Shuffled batches without end, from the batch on that a run has at this step.

    batch: visits of one process in one step; with several, see `Shuffled`. workers: see
    `copies`.
    """
    start = step * batch * processes
    order = Shuffled(len(dataset), seed, start, process, processes, batch)  # pyright: ignore[reportArgumentType]
    # A generator of its own: otherwise starting a loader would draw from torch's global one, and
    # a resumed run would see other noise than an uninterrupted one.
    return DataLoader(
        dataset,
        batch,
        sampler=order,
        generator=torch.Generator(),
        pin_memory=torch.cuda.is_available(),
        **copies(workers),
        **options,
    )


def copies(workers: int) -> dict[str, Any]:
    """Options of a `DataLoader` whose data so many copies of this process load; 0 = it does."""
    if not workers:
        return {}
    # A copy lacks the threads of the libraries, and would wait for them for ever.
    cv2.setNumThreads(1)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    return {"num_workers": workers, "multiprocessing_context": "fork"}


def to_model_range(image: np.ndarray) -> torch.Tensor:
    """uint8 (..., H, W, 3) -> float32 (..., 3, H, W) in [-1, 1]."""
    return torch.from_numpy(image).movedim(-1, -3).float() / 127.5 - 1
