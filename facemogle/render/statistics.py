"""Compare how large each region is in two folders of label maps."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facemogle.commands.arguments import say
from facemogle.masks.files import label_map_files
from facemogle.masks.reading import read_mask
from facemogle.masks.regions import NUM_REGIONS, REGIONS

NOTABLE = 1.5
"""Ratio of mean areas, up or down, from which on a region is marked in the table."""

LEGEND = (
    "area, spread: mean and standard deviation, % of an image, over the images that show the\n"
    f"region; shown: % of the images; !: ratio of areas over {NOTABLE} or under {1 / NOTABLE:.2f}"
)


@dataclass(frozen=True)
class AreaStatistics:
    """Areas of the regions over a set of label maps, by region index, float64 (19,).

    count: label maps. mean, spread: mean and standard deviation of the region's share of an
    image, over the images that show it; 0 where none does. share: of images that show it.
    """

    count: int
    mean: np.ndarray
    spread: np.ndarray
    share: np.ndarray


def area_statistics(label_maps: Iterable[np.ndarray]) -> AreaStatistics:
    """Measure label maps, each uint8 (H, W), of any size. Raises ValueError if there are none."""
    areas = np.array([np.bincount(m.ravel(), minlength=NUM_REGIONS) / m.size for m in label_maps])
    if not len(areas):
        raise ValueError("There are no label maps to measure.")
    shown = areas > 0  # (images, 19)
    images = np.maximum(shown.sum(0), 1)
    mean = areas.sum(0) / images
    variance = np.where(shown, (areas - mean) ** 2, 0).sum(0) / images
    return AreaStatistics(len(areas), mean, np.sqrt(variance), shown.mean(0))


def read_folder(folder: Path) -> AreaStatistics:
    """Measure the label maps of a folder and of those below it.

    Raises ValueError if there are none, MaskError if a file is not a label map.
    """
    return area_statistics(read_mask(path).label_map for path in label_map_files(folder))


def table(labels: AreaStatistics, reference: AreaStatistics) -> str:
    """One line per region: its area (mean and spread, % of an image) and how many show it (%).

    ``ratio`` is the mean area over the reference's; ``!`` marks those far from 1.
    """
    lines = [
        f"{'':12}{f'labels ({labels.count})':>24}{f'reference ({reference.count})':>26}",
        f"{'region':12}{'area':>8}{'spread':>8}{'shown':>8}"
        f"{'area':>10}{'spread':>8}{'shown':>8}{'ratio':>8}",
    ]
    for region in REGIONS:
        numbers = [
            100 * values[region.index]
            for found in (labels, reference)
            for values in (found.mean, found.spread, found.share)
        ]
        ours, theirs = numbers[0], numbers[3]
        ratio = f"{ours / theirs:8.2f}" if ours and theirs else f"{'-':>8}"
        far = bool(ours and theirs) and not 1 / NOTABLE <= ours / theirs <= NOTABLE
        lines.append(
            f"{region.name:12}{numbers[0]:8.2f}{numbers[1]:8.2f}{numbers[2]:8.1f}"
            f"{numbers[3]:10.2f}{numbers[4]:8.2f}{numbers[5]:8.1f}{ratio}{' !' if far else ''}"
        )
    return "\n".join(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    for name, meaning in (
        ("--labels", "label maps to judge, with all folders below"),
        ("--reference", "real label maps to compare with"),
    ):
        parser.add_argument(name, type=Path, required=True, metavar="DIR", help=meaning)


def run(arguments: argparse.Namespace) -> int:
    """Print the table. Returns 0, or 2 if a folder cannot be used."""
    try:
        print(table(read_folder(arguments.labels), read_folder(arguments.reference)))
        print(LEGEND)
    except ValueError as error:
        say("statistics", error)
        return 2
    return 0
