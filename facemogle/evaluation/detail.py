"""Fine detail: how much of an image's luminance varies within a few pixels."""

from __future__ import annotations

import cv2
import numpy as np

from facemogle.evaluation.report import Section

SIZES = (256, 512)
FINE = 0.25
"""Cycles a pixel from which on detail is fine: half of Nyquist's 0.5."""
LUMINANCE = np.array([0.299, 0.587, 0.114])

NOTE = (
    "Energy of the luminance beyond half of Nyquist's frequency, of generated images by that of "
    "their renders, both brought to that size; over the faces. 1 is as much, less is blur, more "
    "is noise or ringing."
)


def fine_energy(image: np.ndarray, size: int) -> float:
    """Energy of an image's luminance beyond half of Nyquist's frequency at a size.

    The image, uint8 (H, W, 3), is brought to size x size by averaging areas; of its luminance
    (Rec. 601, 0..255) less its mean, faded out towards the borders by a Hann window, the squares of
    the Fourier coefficients of all frequencies above `FINE` are summed, in any direction.
    """
    small = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA) @ LUMINANCE
    window = np.hanning(size)
    spectrum = np.fft.fft2((small - small.mean()) * np.outer(window, window))
    frequency = np.fft.fftfreq(size)
    fine = np.hypot(frequency[:, None], frequency) > FINE
    return float(np.square(np.abs(spectrum[fine])).sum())


def sizes_of(side: int) -> tuple[int, ...]:
    """At which of `SIZES` images of that side, in pixels, have detail of their own."""
    return tuple(size for size in SIZES if size <= side)


def fine_energies(images: np.ndarray) -> np.ndarray:
    """Of images uint8 (n, H, W, 3), at each of their sizes: float64 (n, sizes)."""
    sizes = sizes_of(min(images.shape[1:3]))
    return np.array([[fine_energy(image, size) for size in sizes] for image in images])


def detail(made: np.ndarray, real: np.ndarray) -> Section:
    """How `fine_energies` of generated images compare with those of the same faces' renders."""
    ratios = made / real
    quarters = np.quantile(ratios, (0.25, 0.5, 0.75), axis=0).T
    rows = [
        (f"at {size} pixels", (len(ratios), float(median), float(low), float(high)))
        for size, (low, median, high) in zip(SIZES, quarters, strict=False)
    ]
    return Section("fine detail", ("faces", "median", "lower quarter", "upper quarter"), rows, NOTE)
