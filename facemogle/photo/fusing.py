"""One label map from what three models see in a crop, each in what it is good at.

The mesh knows where the face's parts are. The person's outline knows what is behind the head. The
parser knows what hair, hat, clothes and glasses look like, but may have seen renders only, so its
word is one of several; see ``materials``.
"""

from __future__ import annotations

import cv2
import numpy as np

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
from facemogle.photo.materials import CLOTH, HAIR, HAT, OF_REGION, SKIN, tell_materials
from facemogle.render.labels import drop_specks

KNOWN = 0.7
"""Agreement of mesh and parser from which the parser knows such images, and draws all regions
finer than the other witnesses."""
IMPROBABLE = 0.1
"""Probability of its material below which even such a parser's word is not taken for a pixel."""
SAME_PART = 0.4
"""IoU of a part between mesh and parser from which both mean it; the parser draws it finer."""
TURNED = 0.45
"""Turn of a head, 0 = to us, 1 = to the side, from which its mesh is a rough guess."""
NEAR, ALIKE = 0.12, 4
"""How far, in widths of the face, a part of the parser lies from the rough mesh's, and by which
factor their areas differ, at most."""
TRUST = (0.0, 0.3, KNOWN), (0.0, 0.65, 0.95)
"""That agreement, and how sure the parser's word then is."""
PARTS = [
    NUMBER[name]
    for name in ("nose", "l_eye", "r_eye", "l_brow", "r_brow", "mouth", "u_lip", "l_lip")
]
JEWELS = [NUMBER["ear_r"], NUMBER["neck_l"]]
BROW_PARTS = [NUMBER["l_brow"], NUMBER["r_brow"]]
LEAST_GLASSES = 0.012
"""Share of the face that glasses have on each side; less is a guess."""
SURE, ABSENT, PRESENT = 0.95, 0.2, 0.8
"""Share of a person in the face from which the outline is believed, that of what is behind it, and
that of what is not."""
LEAST_HAIR = 0.28
"""Share of the parser's hair and hat in the outline; one that has less ends at the forehead."""
MOST_BEHIND = 0.25
"""Share of a hat that may lie behind the person; of more, it is hair before something light."""
LEAST_ROOT = 0.25
"""Share of a patch of hair that lies above the jaw; one that has less is a dark collar."""
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
    agreement = _agreement(features, parsed, float(np.ptp(points[list(OVAL), 0])))
    trust = float(np.interp(agreement, *TRUST))
    likely = tell_materials(image, points, parsed, person, trust)
    materials = _settled(likely.argmax(0).astype(np.uint8), points, face)
    labels = _regions(materials, points, face)
    if agreement >= KNOWN:
        own = np.take_along_axis(likely, OF_REGION[parsed][None], 0)[0]
        finer = (own >= IMPROBABLE) & ~np.isin(parsed, PARTS + JEWELS)
        own = np.where(finer | _worn(parsed, person), parsed, labels)
        own = _cut_out(person, face, own)
        labels = np.where((own == 0) & (person > PRESENT), labels, own)
        labels = _with_hair_for_hats(labels, points)
        labels = _rooted(labels, NUMBER["hair"], NUMBER["cloth"], points)
    features = _chosen(features, image, parsed, points, agreement >= KNOWN)
    labels = drop_specks(labels, round(side * side * SMALLEST))
    labels = np.where((features > 0) & (labels == NUMBER["skin"]), features, labels)
    return _with_glasses(labels, points, parsed, face)


def _cut_out(person: np.ndarray, face: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Labels without what lies behind the person, where the outline is one: dark surroundings look
    like hair to a parser that has not seen many, and light ones like a hat.
    """
    hair, hat = (labels == NUMBER[name] for name in ("hair", "hat"))
    has_hair = not (hair | hat).any() or (person[hair | hat] > 0.5).mean() > LEAST_HAIR
    if person[face].mean() < SURE or not has_hair:
        return labels
    behind = (person < ABSENT) & (labels > 0)
    if hat.any() and (behind & hat).sum() > MOST_BEHIND * hat.sum():
        labels = np.where(hat, NUMBER["hair"], labels)
    return np.where(behind & ~np.isin(labels, JEWELS), 0, labels)


def _worn(parsed: np.ndarray, person: np.ndarray) -> np.ndarray:
    """Where jewels are that touch the person: others are bright spots of the surroundings."""
    jewels = np.isin(parsed, JEWELS)
    _, parts = cv2.connectedComponents(jewels.view(np.uint8))
    return jewels & np.isin(parts, np.unique(parts[jewels & (person > 0.5)]))


def _with_hair_for_hats(labels: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Labels with hair in place of a hat that is not above the forehead: white hair in light."""
    oval = points[list(OVAL)]
    middle, width, top = oval[:, 0].mean(), np.ptp(oval[:, 0]), oval[:, 1].min()
    y, x = np.mgrid[: len(labels), : len(labels)] + 0.5
    above = (np.abs(x - middle) < width / 6) & (y < top)
    hair, hat = (labels == NUMBER[name] for name in ("hair", "hat"))
    is_hair = hat.any() and (hair & above).sum() > (hat & above).sum()
    return np.where(hat, NUMBER["hair"], labels).astype(np.uint8) if is_hair else labels


def turn_of(points: np.ndarray) -> float:
    """How far a head is turned by its mesh, float (468, 2): 0 = to us, 1 = to the side."""
    right, left = (abs(points[ear, 0] - points[NOSE_TIP, 0]) for ear in (R_EAR, L_EAR))
    return 1 - min(right, left) / max(right, left)


def _chosen(
    features: np.ndarray,
    image: np.ndarray,
    parsed: np.ndarray,
    points: np.ndarray,
    is_known: bool,
) -> np.ndarray:
    """Eyes, brows, nose, lips and mouth: each as the parser draws it, if it means the same part.

    features: the mesh's. is_known: whether the parser knows such images. What it does not see is
    the mesh's.
    """
    width = float(np.ptp(points[list(OVAL), 0]))
    is_turned = turn_of(points) > TURNED
    chosen = np.zeros_like(features)
    for part in PARTS:
        mesh, own = features == part, parsed == part
        if is_known:
            means_it = (mesh & own).any() or _is_near(mesh, own, width)
        elif is_turned:
            means_it = _is_near(mesh, own, width)
        else:
            means_it = _overlap(mesh, own) >= SAME_PART
        if means_it:
            area = own
        elif part in BROW_PARTS and mesh.any():
            area = fit_brow(mesh, image, own, width)
        else:
            area = mesh
        chosen[area & ((chosen == 0) | mesh)] = part
    return chosen


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    either = (one | other).sum()
    return float((one & other).sum() / either) if either else 0.0


def _is_near(mesh: np.ndarray, own: np.ndarray, width: float) -> bool:
    """Whether a part of the parser may be that of a rough mesh, by its place and its size."""
    if not (mesh.any() and own.any()):
        return False
    apart = np.argwhere(mesh).mean(0) - np.argwhere(own).mean(0)
    ratio = own.sum() / mesh.sum()
    return bool(np.linalg.norm(apart) < NEAR * width and 1 / ALIKE < ratio < ALIKE)


def _agreement(features: np.ndarray, parsed: np.ndarray, width: float) -> float:
    """Share of the face's parts that the parser sees about where the mesh does, in [0, 1].

    Their outlines say less: the mesh of a head that is turned is rough, and its nose and brows are
    others than those of label maps. None is behind glasses.
    """
    seen = parsed != NUMBER["eye_g"]
    parts = [features == part for part in PARTS]
    near = [
        _is_near(mesh, parsed == part, width)
        for part, mesh in zip(PARTS, parts, strict=True)
        if (mesh & seen).sum() > mesh.sum() / 2
    ]
    return float(np.mean(near)) if near else 0.0


def _settled(materials: np.ndarray, points: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Materials where they hang together: one head, and clothes where hair has no head."""
    person = materials > 0
    _, parts = cv2.connectedComponents(person.view(np.uint8))
    heads = np.unique(parts[face & person])
    materials = np.where(np.isin(parts, heads), materials, 0).astype(np.uint8)
    return _rooted(materials, HAIR, CLOTH, points)


def _rooted(labels: np.ndarray, hair: int, cloth: int, points: np.ndarray) -> np.ndarray:
    """Labels with clothes in place of hair that has no head, and the other way about."""
    y = np.arange(len(labels))[:, None] + 0.5
    low, jaw = y > points[CHIN, 1], y > points[list(JAW), 1].mean()
    on_head = (labels == hair) & ~_strays(labels == hair, ~jaw, LEAST_ROOT)
    if not (on_head & jaw).any():  # of long hair, a shoulder may hang apart
        labels = np.where((labels == hair) & ~on_head, cloth, labels).astype(np.uint8)
    return np.where(_strays(labels == cloth, low, 0), hair, labels).astype(np.uint8)


def _strays(area: np.ndarray, at_root: np.ndarray, least: float) -> np.ndarray:
    """Patches of an area of which no more than the least share lies where its roots are."""
    parts = cv2.connectedComponents(area.view(np.uint8))[1].astype(np.intp)
    rooted = np.bincount(parts[area & at_root], minlength=parts.max() + 1)
    return area & (rooted <= least * np.bincount(parts.ravel()))[parts]


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
