"""Hair, hats, teeth and outlines of the renderer on made-up heads: no assets, no OpenGL."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from facemogle.render.anatomy import CENTRE, Roots, shell_directions
from facemogle.render.cuts import CUTS, PARTING, Fall, bangs_of, off_parting
from facemogle.render.face import Face, sample_face
from facemogle.render.flyaways import grow_flyaways, grow_wisps
from facemogle.render.geometry import RIGHT_EYE, Pose
from facemogle.render.hats import hat_depth
from facemogle.render.labels import NUMBER, annotate, drop_specks
from facemogle.render.locks import draw_grain, grow_hair
from facemogle.render.mouth import ARCH, round_teeth, set_teeth, upper_share
from facemogle.render.strands import Strands
from facemogle.render.textures import draw_pores

RADIUS = 0.9
COLOR = np.array((0.1, 0.05, 0.03))


class Ball:
    """A round head: what grow_hair asks of an Anatomy."""

    def __init__(self) -> None:
        arms = np.random.default_rng(0).normal(size=(4000, 3))
        arms /= np.linalg.norm(arms, axis=1, keepdims=True)
        arms = arms[arms[:, 1] > 0.1]
        self.body = (CENTRE + RADIUS * arms).astype(np.float32)
        corners = np.repeat(np.arange(len(arms))[:, None], 3, 1)
        line = RADIUS * (arms[:, 1] - 0.7 * np.clip(arms[:, 2], 0, 1))
        shares = np.full((len(arms), 3), 1 / 3, np.float32)
        self.scalp_roots = Roots(corners, shares, {"hairline": line})
        self.normals = arms

    def shell(self, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
        """The ball as a grid."""
        return CENTRE + RADIUS * shell_directions(), CENTRE


BALL = Ball()
HEAD: Any = BALL  # stands in for an Anatomy
STILL = Pose(BALL.body, BALL.body, np.eye(3), np.zeros(3))


def person(number: int = 3, **values: Any) -> Face:
    """Face ``number``, made bare-headed and young unless told."""
    face = replace(sample_face(1, number), hat="none", receding=0.0, hair_color="brown")
    return replace(face, **values)


def grown(number: int = 3, **values: Any) -> tuple[Face, Strands]:
    """The same with its hair."""
    face = person(number, **values)
    return face, grow_hair(face, CUTS[face.hair_cut], HEAD, STILL, BALL.normals, COLOR)


@pytest.mark.parametrize("cut", CUTS)
def test_hair_stays_on_the_head(cut: str) -> None:
    """Points in the skull would show skin through the hair; points far off, spikes."""
    _, hair = grown(hair_cut=cut)
    assert hair.points.shape[:2] == hair.widths.shape and len(hair.points) > 300
    arms = hair.points - CENTRE
    above = arms[..., 1] > -0.2
    far = np.linalg.norm(arms, axis=-1)[above]
    assert far.min() > RADIUS - 0.15 and far.max() < RADIUS + 1.6
    assert np.isfinite(hair.colors).all() and (hair.colors >= 0).all()
    assert (hair.widths >= 0).all() and np.isfinite(hair.normals).all()


def test_hair_of_a_face_is_always_the_same() -> None:
    """Random numbers from anywhere but the face's own stream would change a face between runs."""
    first, again = (grown(hair_cut="long waves")[1] for _ in range(2))
    other = grown(4, hair_cut="long waves")[1]
    assert (first.points == again.points).all() and (first.colors == again.colors).all()
    assert first.points.shape != other.points.shape or (first.points != other.points).any()


def test_single_hairs_leave_the_outline_and_spare_the_forehead() -> None:
    """Grown from everywhere, long ones lay across the face like cracks."""
    body = np.tile(CENTRE + np.array((0, 0.25, 0.75)) * (1, -1, 1), (RIGHT_EYE.stop, 1))
    pose = Pose(body, body, np.eye(3), np.zeros(3))  # its middle is the ball's
    hairs = grow_flyaways(BALL.body, sample_face(1, 3), pose, COLOR)
    path = hairs.points - CENTRE
    start, away = path[:, 0], np.linalg.norm(path, axis=2)
    assert np.abs(away[:, 0] - RADIUS).max() < 0.01 and len(path) > 100
    assert not ((start[:, 2] > 0.35) & (start[:, 1] < 0.55)).any()
    assert away.max() < 1.5 * RADIUS and RADIUS < away[:, -1].mean() < 1.1 * RADIUS


def test_long_hair_lies_combed() -> None:
    """Locks that cross their neighbours look like a nest: those side by side run alike."""
    _, hair = grown(hair_cut="long straight")
    start, way = hair.points[:, 0], hair.points[:, -1] - hair.points[:, 8]
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    gaps = np.linalg.norm(start[:, None] - start[None], axis=-1) + 9 * np.eye(len(start))
    alike = (way * way[gaps.argmin(1)]).sum(1)
    assert np.median(alike) > 0.97 and (alike > 0.8).mean() > 0.9


@pytest.mark.parametrize("cut", [name for name in CUTS if isinstance(CUTS[name], Fall)])
def test_falling_hair_leaves_the_face_free(cut: str) -> None:
    """A curtain before the eyes would hide what the mask is about."""
    for number in range(6):
        _, hair = grown(number, hair_cut=cut)
        x, y, z = np.moveaxis(hair.points - CENTRE, -1, 0)
        before = (np.abs(x) < 0.3) & (np.abs(y + 0.2) < 0.4) & (z > 0.4)
        assert before.mean() < 0.002


@pytest.mark.parametrize("cut", ["straight", "long curls", "ponytail01"])
def test_bangs_cover_the_forehead_and_no_eyes(cut: str) -> None:
    """Too short they are no bangs, too long a curtain; the eyes are what a mask is about."""
    for number in range(8):
        face = person(number)
        hair = grow_hair(face, bangs_of(cut), HEAD, STILL, BALL.normals, COLOR)
        x, y, z = np.moveaxis(hair.points - CENTRE, -1, 0)
        before = (np.abs(x) < 0.35) & (z > 0.4)
        ends = y[..., -2:][before[..., -2:]]
        assert np.quantile(ends, 0.05) > 0.05 and np.median(ends) < 0.4


def test_hair_falls_away_from_the_parting() -> None:
    """Locks across it hid the line that is seen from the front."""
    for number in range(6):
        face, hair = grown(number, hair_cut="long straight")
        start = hair.points[:, 0] - CENTRE
        start *= RADIUS / np.linalg.norm(start, axis=1, keepdims=True)
        beside = off_parting(face, start)
        assert (np.abs(beside) >= PARTING / 2 - 1e-3).all()
        front = (np.abs(beside) < 0.2) & (start[:, 2] > 0.3)
        way = hair.points[front, 6, 0] - hair.points[front, 0, 0]
        assert front.sum() > 40 and (way * beside[front] > 0).mean() > 0.95


def test_wisps_are_short_and_grow_along_the_hairline() -> None:
    """Long ones lay across the face, and those on top of the head stood like grass."""
    for cut in ("crop", "side part", "buzz", "ponytail01"):
        hairs = grow_wisps(person(hair_cut=cut), HEAD, STILL, BALL.normals, COLOR)
        path = hairs.points - CENTRE
        assert len(path) > 50 and (path[:, 0, 2] > 0.1).all()
        assert np.linalg.norm(path[:, -1] - path[:, 0], axis=1).max() < 0.6
        assert np.abs(np.linalg.norm(path, axis=2) - RADIUS).max() < 0.4


@pytest.mark.parametrize("hat", ["beanie", "cap", "fedora"])
def test_no_hair_shows_through_a_hat(hat: str) -> None:
    """Hair poked through hats and left holes in their labels."""
    face, hair = grown(hair_cut="long waves", hat=hat)
    arms = hair.points - CENTRE
    inside = hat_depth(face, arms) > 0.06
    assert inside.any() and not inside.all()
    seen = inside & (np.linalg.norm(arms, axis=-1) > RADIUS)
    assert not (seen & (hair.widths > 1e-3)).any()


def test_hairs_of_the_texture_tile() -> None:
    """A seam in the texture would draw a line down a lock."""
    grain = draw_grain().astype(int)
    steps = np.abs(np.diff(grain[..., 0], axis=1)).mean()
    assert np.abs(grain[:, 0, 0] - grain[:, -1, 0]).mean() < 4 * steps
    assert grain[..., 0].std() > 20 and grain[..., 1].std() > 20


def test_upper_teeth_reach_below_the_lip() -> None:
    """MakeHuman's fit hides the upper teeth, so that every smile showed the lower ones."""
    above = np.array([[x, y, 1.3] for x in (-0.05, 0.05) for y in (6.75, 6.85)])
    gums = np.array([[0, 6.5, 1.2], [0.1, 6.6, 1.2], [0, 6.9, 1.2], [0.1, 6.95, 1.2], [0, 7, 1.2]])
    below = above - (0, 0.12, 0)
    teeth = np.concatenate([above, below, gums])
    triangles = np.array([[0, 1, 2], [1, 2, 3], [4, 5, 6], [5, 6, 7], [8, 9, 10], [10, 11, 12]])
    upper = upper_share(teeth, triangles)
    assert (upper[:4] == 1).all() and (upper[4:8] == 0).all()
    for gap in (0.0, 0.2):
        lips = np.array([[0, 6.72, 1.4], [0, 6.72 - gap, 1.4]])
        moved, rise = set_teeth(teeth, upper, np.array((0, 1)), replace(STILL, upright=lips))
        shown = 6.72 - moved[:4, 1].min()
        assert (shown > 0.05) == (gap > 0) and rise <= 0
        assert moved[4:8, 1].max() < 6.72 - gap + 0.05


def test_teeth_stand_in_an_arch() -> None:
    """Shaded each for itself, teeth were pegs: dark at both sides, and white in the middle."""
    angle = np.linspace(-0.6, 0.6, 7)
    arch = np.stack([np.sin(angle), 0 * angle, np.cos(angle)], 1)
    across = np.stack([np.cos(angle), 0 * angle, -np.sin(angle)], 1)
    sides = np.concatenate([arch + 1.2 * across, arch - 1.2 * across])
    sides /= np.linalg.norm(sides, axis=1, keepdims=True)
    place = np.tile(arch * 0.25 + ARCH, (2, 1))
    rounded = round_teeth(sides, place, STILL)
    assert np.allclose(np.linalg.norm(rounded, axis=1), 1, atol=1e-5)
    between = [(n[:6] * n[8:]).sum(1) for n in (sides, rounded)]  # a tooth's and the next one's
    assert between[0].max() < 0.1 and between[1].min() > 0.7


def test_pores_tile_without_a_pattern() -> None:
    """A grid of pores, or a seam, is seen as cloth on a cheek."""
    near = draw_pores().astype(float)
    for channel in np.moveaxis(near, -1, 0):
        steps = np.abs(np.diff(channel, axis=1)).mean()
        assert np.abs(channel[:, 0] - channel[:, -1]).mean() < 2 * steps
        power = np.abs(np.fft.fft2(channel - channel.mean())) ** 2
        distance = np.hypot(*np.meshgrid(*[np.fft.fftfreq(len(channel))] * 2))
        for low in np.arange(0.02, 0.4, 0.02):
            ring = power[(distance > low) & (distance < low + 0.02)]
            assert ring.max() < 25 * ring.mean()  # by chance alone it is about log(len(ring))
    assert 0.02 < (near[..., 0] > 60).mean() < 0.3


def test_outline_of_hair_is_filled_and_smooth() -> None:
    """Strands left holes, specks and a fringe that no annotator draws."""
    draw = np.random.default_rng(0)
    labels = np.zeros((256, 256), np.uint8)
    cv2.circle(labels, (128, 130), 90, NUMBER["hair"], -1)
    cv2.circle(labels, (128, 150), 55, NUMBER["skin"], -1)
    ragged = labels.copy()
    for angle in np.linspace(0, 6.1, 24):  # single hairs
        way = np.array((np.cos(angle), np.sin(angle)))
        ends = (128, 130) + 85 * way, (128, 130) + 103 * way
        (x0, y0), (x1, y1) = (map(int, end) for end in ends)
        cv2.line(ragged, (x0, y0), (x1, y1), NUMBER["hair"], 1)
    for x, y in draw.integers((90, 50), (130, 75), (8, 2)):  # gaps
        cv2.circle(ragged, (int(x), int(y)), 3, 0, -1)
    drawn = annotate(ragged, np.zeros((2, 256, 256), bool)) == NUMBER["hair"]
    count, _ = cv2.connectedComponents((~drawn).view(np.uint8), connectivity=4)
    assert count == 3  # hair, the background, and the face in its middle
    assert (drawn != (labels == NUMBER["hair"])).mean() < 0.02
    edges = [cv2.findContours(m.astype(np.uint8), 0, 1)[0] for m in (drawn, ragged == 13)]
    assert cv2.arcLength(edges[0][0], True) < 0.6 * cv2.arcLength(edges[1][0], True)


def test_smooth_hair_takes_no_eyes() -> None:
    """Closing the gap between fringe and brow must not swallow an eye below."""
    labels = np.full((128, 128), NUMBER["skin"], np.uint8)
    labels[:40] = NUMBER["hair"]
    labels[41:50, 50:70] = NUMBER["l_eye"]
    drawn = annotate(labels, np.zeros((2, 128, 128), bool))
    assert ((drawn == NUMBER["l_eye"]) == (labels == NUMBER["l_eye"])).all()


def test_wide_regions_lose_larger_patches() -> None:
    """A bit of background in a collar is a speck; an earring of that size is not."""
    labels = np.full((64, 64), NUMBER["cloth"], np.uint8)
    labels[10:15, 10:15] = NUMBER["background"]
    labels[40:45, 40:45] = NUMBER["ear_r"]
    kept = drop_specks(labels, 8)
    assert not (kept == NUMBER["background"]).any()
    assert (kept == NUMBER["ear_r"]).sum() == 25
