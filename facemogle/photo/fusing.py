"""One label map from what three models see in a crop, each in what it is good at.

The mesh knows where the face's parts are. The person's outline knows what is behind the head. The
parser knows what hair, hat, clothes and glasses look like, but may have seen renders only, so its
word is one of several; see ``materials``.
"""

from __future__ import annotations

import cv2
import numpy as np

from facemogle.masks.iou import confusion_matrix, region_iou
from facemogle.photo.features import (
    CHIN,
    EYE_CORNERS,
    JAW,
    L_EAR,
    NOSE_TIP,
    NUMBER,
    OVAL,
    R_EAR,
    draw_features,
    fit_brow,
    outline,
)
from facemogle.photo.materials import CLOTH, HAIR, HAT, SKIN, tell_materials
from facemogle.render.labels import drop_specks

KNOWN = 0.62
"""Mean IoU of the face's parts between mesh and parser from which the parser knows such images,
and draws the parts finer than a mesh."""
TRUST = (0.0, 0.3, 0.5, KNOWN), (0.0, 0.65, 0.65, 0.95)
"""That IoU, and how sure the parser's word then is."""
PARTS = [
    NUMBER[name]
    for name in ("nose", "l_eye", "r_eye", "l_brow", "r_brow", "mouth", "u_lip", "l_lip")
]
SKINS = [NUMBER[name] for name in ("skin", "neck", "l_ear", "r_ear")]
JEWELS = [NUMBER["ear_r"], NUMBER["neck_l"]]
LEAST_GLASSES = 0.012
"""Share of the face that glasses have on each side; less is a guess."""
EDGE = 0.015
"""How far the face reaches beyond the mesh, in widths of the face."""
HIDING = 0.6
"""Turn of a head, 0 = to us, 1 = to the side, that hides an ear."""
CHEEK = 0.15
"""Cheek between mesh and ear, in widths of the face, of a head turned to the side."""
SMALLEST = 1 / 8000
"""Share of the crop below which a patch is omitted."""


def fuse(
    image: np.ndarray, points: np.ndarray, parsed: np.ndarray, person: np.ndarray
) -> np.ndarray:
    """The label map of a crop, uint8 (S, S).

    image: uint8 (S, S, 3). points: its face's mesh, float (468, 2), in its pixels. parsed: the
    parser's label map, uint8 (S, S). person: share of a person, float32 (S, S).
    """
    side = image.shape[0]
    features, face = draw_features(points, side), outline(points, side)
    agreement = _agreement(features, parsed)
    trust = float(np.interp(agreement, *TRUST))
    materials = _settled(tell_materials(image, points, parsed, person, trust), points, face)
    labels = _regions(materials, points, face)
    if agreement >= KNOWN:
        finer = (materials == SKIN) & np.isin(parsed, SKINS)
        finer |= (labels > 0) & np.isin(parsed, JEWELS)
        labels = np.where(finer, parsed, labels)
        missed = [part for part in PARTS if not (parsed[features == part] == part).any()]
        features = np.where(np.isin(features, missed), features, 0)
        features = np.where(np.isin(parsed, PARTS), parsed, features)
    else:
        features = _fitted(features, image, parsed, face)
    labels = drop_specks(labels, round(side * side * SMALLEST))
    labels = np.where((features > 0) & (labels == NUMBER["skin"]), features, labels)
    return _with_glasses(labels, points, parsed, face)


def turn_of(points: np.ndarray) -> float:
    """How far a head is turned by its mesh, float (468, 2): 0 = to us, 1 = to the side."""
    right, left = (abs(points[ear, 0] - points[NOSE_TIP, 0]) for ear in (R_EAR, L_EAR))
    return 1 - min(right, left) / max(right, left)


def _fitted(
    features: np.ndarray, image: np.ndarray, parsed: np.ndarray, face: np.ndarray
) -> np.ndarray:
    """The mesh's features with brows where they are seen."""
    width = float(np.ptp(np.flatnonzero(face.any(0))))
    fitted = features.copy()
    for name in ("r_brow", "l_brow"):
        mesh = features == NUMBER[name]
        if not mesh.any():
            continue
        brow = fit_brow(mesh, image, parsed == NUMBER[name], width)
        fitted[mesh] = 0
        fitted[brow & (fitted == 0)] = NUMBER[name]
    return fitted


def _agreement(features: np.ndarray, parsed: np.ndarray) -> float:
    """Mean IoU of the face's parts between mesh and parser, in [0, 1]; none is behind glasses."""
    seen = parsed != NUMBER["eye_g"]
    iou = region_iou(confusion_matrix(features[seen], parsed[seen]))
    counts = np.bincount(features.ravel(), minlength=len(iou))
    left = np.bincount(features[seen], minlength=len(iou))
    parts = [part for part in PARTS if left[part] > counts[part] / 2]
    return float(np.nanmean(iou[parts])) if parts else 0.0


def _settled(materials: np.ndarray, points: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Materials where they hang together: one head, and clothes where hair has no head."""
    person = materials > 0
    _, parts = cv2.connectedComponents(person.view(np.uint8))
    heads = np.unique(parts[face & person])
    materials = np.where(np.isin(parts, heads), materials, 0).astype(np.uint8)
    y = np.arange(len(materials))[:, None] + 0.5
    chin, jaw = points[CHIN, 1], points[list(JAW), 1].mean()
    for own, other, reach in ((HAIR, CLOTH, jaw), (CLOTH, HAIR, chin)):
        _, parts = cv2.connectedComponents((materials == own).view(np.uint8))
        if own == HAIR:  # some of it must be beside or above the face
            rooted = np.unique(parts[(materials == own) & (y < reach)])
        else:  # some of it must be below it
            rooted = np.unique(parts[(materials == own) & (y > reach)])
        stray = (materials == own) & ~np.isin(parts, rooted)
        materials[stray] = other
    return materials


def _regions(materials: np.ndarray, points: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Labels of materials; skin is face, ears or neck by where it is."""
    labels = np.zeros(materials.shape, np.uint8)
    for material, name in ((SKIN, "skin"), (HAIR, "hair"), (CLOTH, "cloth"), (HAT, "hat")):
        labels[materials == material] = NUMBER[name]
    y, x = np.mgrid[: len(labels), : len(labels)] + 0.5
    width = np.ptp(points[list(OVAL), 0])
    beyond = cv2.distanceTransform(1 - face.view(np.uint8), cv2.DIST_L2, 5) / width
    outside = (materials == SKIN) & (beyond > EDGE)
    top, low = points[list(EYE_CORNERS), 1].mean(), points[list(JAW), 1].mean()
    nose, turned = points[NOSE_TIP, 0], turn_of(points)
    reach = {ear: abs(points[ear, 0] - nose) for ear in (R_EAR, L_EAR)}
    for name, ear, side in (("r_ear", R_EAR, -1), ("l_ear", L_EAR, 1)):
        is_near = reach[ear] == max(reach.values())
        if turned > HIDING and not is_near:
            continue  # this ear is behind the head
        if is_near:  # between the mesh's edge and the ear there is more of the cheek
            cheek = ((x - nose) * side > 0) & (y < low)
            outside &= ~cheek | (beyond > EDGE + CHEEK * max(0, turned - 0.3))
        beside = (x - points[ear, 0]) * side > -0.03 * width
        at_ear = beside & (y > top - 0.12 * width) & (y < low)
        labels[outside & at_ear] = NUMBER[name]
    labels[outside & (y >= low)] = NUMBER["neck"]
    return labels


def _with_glasses(
    labels: np.ndarray, points: np.ndarray, parsed: np.ndarray, face: np.ndarray
) -> np.ndarray:
    """Glasses, where the parser sees them before both eyes."""
    width = np.ptp(points[list(OVAL), 0])
    y, x = np.mgrid[: len(labels), : len(labels)] + 0.5
    eyes = points[list(EYE_CORNERS)]
    band = np.abs(y - eyes[:, 1].mean()) < 0.22 * width
    seen = (parsed == NUMBER["eye_g"]) & band & (labels > 0)
    middle = eyes[:, 0].mean()
    halves = [(seen & half).sum() / face.sum() for half in (x < middle, x >= middle)]
    if min(halves) < LEAST_GLASSES:
        return labels
    return np.where(seen, np.uint8(NUMBER["eye_g"]), labels)
