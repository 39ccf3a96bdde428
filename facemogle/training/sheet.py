"""A sheet of faces that training did not see: mask, generated image and real render."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from tqdm.auto import tqdm

from facemogle.faces.folder import FaceFolder
from facemogle.masks.reading import colorize
from facemogle.pipeline import FaceMoGLEPipeline

TRIPLES_A_ROW = 4
GAP = 6


def contact_sheet(pipeline: FaceMoGLEPipeline, faces: FaceFolder, cell: int = 160) -> Image.Image:
    """One triple a face, TRIPLES_A_ROW in a row: mask, image from mask and caption (seed = the
    face's position), render. cell: side of each, in pixels.
    """
    triples = []
    for n in tqdm(range(len(faces)), desc="sheet"):
        face = faces[n]
        image = pipeline(
            face.caption, face.label_map, generator=torch.Generator().manual_seed(n)
        ).images[0]
        parts = (Image.fromarray(colorize(face.label_map)), image, Image.fromarray(face.image))
        strip = np.hstack([np.asarray(part.resize((cell, cell))) for part in parts])
        triples.append(np.pad(strip, ((0, GAP), (0, GAP), (0, 0)), constant_values=255))
    triples += [np.full_like(triples[0], 255)] * (-len(triples) % TRIPLES_A_ROW)
    rows = [
        np.hstack(triples[n : n + TRIPLES_A_ROW]) for n in range(0, len(triples), TRIPLES_A_ROW)
    ]
    return Image.fromarray(np.vstack(rows)[:-GAP, :-GAP])
