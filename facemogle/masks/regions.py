"""The 19 face regions of CelebAMask-HQ: index, name, colour and mirror partner.

Sides are the person's: ``l_eye`` is the person's left eye, at the right of the image.
Expert number = region index + 1; expert 0 is the global one (Face-MoGLE, section 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """One region of a label map.

    index: label in a label map, 0..18.
    name: the data set's name, e.g. ``l_brow``.
    title: what a person reads, e.g. ``Left brow``.
    color: RGB, 0..255, in the training data's palette. The global expert sees these colours.
    mirror: index that this region takes when the image is mirrored left to right.
    """

    index: int
    name: str
    title: str
    color: tuple[int, int, int]
    mirror: int

    @property
    def expert(self) -> int:
        """Number of the local expert of this region, 1..19."""
        return self.index + 1


REGIONS: tuple[Region, ...] = (
    Region(0, "background", "Background", (0, 0, 0), 0),
    Region(1, "skin", "Skin", (204, 0, 0), 1),
    Region(2, "nose", "Nose", (76, 153, 0), 2),
    Region(3, "eye_g", "Glasses", (204, 204, 0), 3),
    Region(4, "l_eye", "Left eye", (51, 51, 255), 5),
    Region(5, "r_eye", "Right eye", (204, 0, 204), 4),
    Region(6, "l_brow", "Left brow", (0, 255, 255), 7),
    Region(7, "r_brow", "Right brow", (255, 204, 204), 6),
    Region(8, "l_ear", "Left ear", (102, 51, 0), 9),
    Region(9, "r_ear", "Right ear", (255, 0, 0), 8),
    Region(10, "mouth", "Mouth", (102, 204, 0), 10),
    Region(11, "u_lip", "Upper lip", (255, 255, 0), 11),
    Region(12, "l_lip", "Lower lip", (0, 0, 153), 12),
    Region(13, "hair", "Hair", (0, 0, 204), 13),
    Region(14, "hat", "Hat", (255, 51, 153), 14),
    Region(15, "ear_r", "Earring", (0, 204, 204), 15),
    Region(16, "neck_l", "Necklace", (0, 51, 0), 16),
    Region(17, "neck", "Neck", (255, 153, 51), 17),
    Region(18, "cloth", "Clothes", (0, 204, 0), 18),
)

NUM_REGIONS = len(REGIONS)
NUM_EXPERTS = NUM_REGIONS + 1

PALETTE: tuple[tuple[int, int, int], ...] = tuple(region.color for region in REGIONS)
"""The training data's colours, by region index."""

SWAPPED_PALETTE: tuple[tuple[int, int, int], ...] = tuple(PALETTE[r.mirror] for r in REGIONS)
"""The second palette in circulation: left and right eyes, brows and ears exchange colours."""

MIRROR: tuple[int, ...] = tuple(region.mirror for region in REGIONS)
"""Region index after mirroring an image, by region index."""

EXPERT_TITLES: tuple[str, ...] = ("Global", *(region.title for region in REGIONS))
"""What a person reads for each of the 20 experts, by expert number."""
