"""How masks are named and read on the command line."""

from __future__ import annotations

import argparse

from facemogle.masks.label_orders import LABEL_ORDERS
from facemogle.masks.reading import MaskReading, read_mask
from facemogle.masks.regions import REGIONS


def add_mask_arguments(parser: argparse.ArgumentParser, *, is_needed: bool) -> None:
    """Describe ``--mask`` and ``--region``, and what `add_reading_arguments` does."""
    parser.add_argument(
        "--mask",
        nargs="+",
        required=is_needed,
        metavar="PNG",
        help="indices or palette colours of the 19 regions; or masks of parts, white on black, "
        "such as 00000_hair.png, which make one mask" + ("" if is_needed else "; none: text only"),
    )
    parser.add_argument(
        "--region",
        choices=[region.name for region in REGIONS],
        metavar="REGION",
        help="what a mask of one part shows, such as hair (default: as its file's name says)",
    )
    add_reading_arguments(parser)


def add_reading_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe how a mask's values are to be understood."""
    parser.add_argument(
        "--labels",
        choices=("auto", *LABEL_ORDERS),
        default="auto",
        help="the order of a mask's labels (default: CelebAMask-HQ's, unless the regions' places "
        "show another)",
    )
    parser.add_argument(
        "--swap-sides",
        action="store_true",
        help="exchange left and right eyes, brows and ears of a mask in the second palette",
    )


def read_masks(arguments: argparse.Namespace) -> MaskReading:
    """Read what ``--mask`` names, as the other arguments say. Raises MaskError."""
    files = arguments.mask
    if len(files) > 1 and arguments.region:
        raise ValueError(
            f"--region names one part, but there are {len(files)} masks. Name the files like "
            "00000_hair.png instead."
        )
    return read_mask(
        files[0] if len(files) == 1 else files,
        swap_sides=arguments.swap_sides,
        labels=arguments.labels,
        region=arguments.region,
    )
