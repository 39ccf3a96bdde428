"""What the average body tells once for all faces: regions, hair roots, places for jewellery."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from facemogle.render.assets import AssetFolder, Targets
from facemogle.render.geometry import Pose, average_body, unit
from facemogle.render.skin_map import SkinMap, window_pixels

ROWS, COLUMNS = 28, 48
"""Of the head's shell: from the crown down, and around from the back."""
CENTRE = np.array([0, 7.3, 0.1], np.float32)
"""Of the average head."""


@dataclass(frozen=True)
class Roots:
    """Places on the body where hair grows, in random order.

    corners: int (N, 3), body vertices. shares: float32 (N, 3), of the corners. values: by name,
    float (N,): what is known of every place.
    """

    corners: np.ndarray
    shares: np.ndarray
    values: dict[str, np.ndarray]

    def on(self, per_vertex: np.ndarray) -> np.ndarray:
        """Interpolate something of the vertices, (V, 3), to the roots, (N, 3)."""
        return np.einsum("nk,nkd->nd", self.shares, per_vertex[self.corners])


class Anatomy:
    """The average body and what follows from it. All arrays per vertex are float32 (V,).

    drawn: bool (F,), the faces of head and shoulders. ear: 0..1. neck: over 0.5 on the neck.
    hairline: decimetres above the hairline, negative on the face. mouth_corners, ear_tops, lobes:
    vertices, left first. lips: vertices where upper and lower lip meet in the middle.
    """

    def __init__(self, assets: AssetFolder, skin_map: SkinMap) -> None:
        base = assets.base
        self.body = body = average_body(assets)
        middle = body[base.faces].mean(1)
        self.drawn = (base.groups == "body") & (middle[:, 1] > 3.2) & (np.abs(middle[:, 0]) < 3.2)
        self.triangles, self.uv_triangles = base.triangles(self.drawn)
        self.skin = np.unique(self.triangles)
        self.ear = np.clip(_support(assets.targets, "ear-wing", len(body)) * 1.6, 0, 1)
        x, y, z = body.T
        jaw = np.interp(
            z, (-0.9, -0.3, 0.12, 0.35, 0.75, 1.12, 1.3), (6.9, 6.9, 6.72, 6.5, 6.36, 6.262, 6.22)
        )
        self.neck = np.where(y < 6.15, 1, np.clip(0.5 + (jaw - y) / 0.16, 0, 1)).astype(np.float32)
        line = np.interp(
            z,
            (-1, -0.55, -0.1, 0.12, 0.3, 0.5, 0.56, 0.62, 0.68, 0.76, 0.86, 1.3),
            (6.7, 6.85, 7.05, 7.1, 7.36, 7.38, 7.2, 7.22, 7.5, 7.8, 7.96, 8.02),
        )
        corner = np.exp(-(((np.abs(x) - 0.6) / 0.16) ** 2)) * np.clip(z / 0.4, 0, 1)
        above = y - line + 0.13 * corner  # rounds the corners of the forehead
        self.hairline = np.where(self.ear < 0.24, above, -1).astype(np.float32)
        self.mouth_corners = self._mouth_corners()
        self.lips = self._lips(assets.targets)
        lobe = _support(assets.targets, "ear-lobe", len(body))
        sides = [x > 0, x < 0]
        self.ear_tops = [self._ear_top(side) for side in sides]
        self.lobes = [self._lobe(lobe, side) for side in sides]
        self.beard_roots = self._beard_roots(base.uv, skin_map)
        self.scalp_roots = self._scalp_roots()
        self._shell_vertices, self._shell_shares = self._bind_shell()
        self._shell_rest = self._shell_points(body).mean((0, 1))

    def shell(self, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
        """The head without ears as a grid of points, upright: (ROWS, COLUMNS, 3), and its centre.

        Row 0 is the crown; column 0 the back, then over the left side to the face.
        """
        points = self._shell_points(pose.upright)
        return points, CENTRE + points.mean((0, 1)) - self._shell_rest

    def _shell_points(self, body: np.ndarray) -> np.ndarray:
        points = (body[self._shell_vertices] * self._shell_shares[..., None]).sum(1)
        points = points.reshape(ROWS, COLUMNS, 3)
        for _ in range(2):  # removes the steps where ears are omitted
            around = np.roll(points, 1, 1) + np.roll(points, -1, 1)
            points = np.concatenate([points[:1], points, points[-1:]])
            points = (points[:-2] + points[2:] + 2 * points[1:-1] + 2 * around) / 8
        points[0] = points[0].mean(0)
        return points

    def _bind_shell(self) -> tuple[np.ndarray, np.ndarray]:
        skin = self.skin[(self.ear[self.skin] < 0.03) & (self.body[self.skin, 1] > 5.3)]
        arms = self.body[skin] - CENTRE
        narrow = (arms[:, 1] > -1) | (np.hypot(arms[:, 0], arms[:, 2]) < 1.15)  # no shoulders
        skin, arms = skin[narrow], arms[narrow]
        lengths = np.linalg.norm(arms, axis=1)
        tree = KDTree(arms / lengths[:, None])
        _, near = tree.query(tree.data, 6)
        mouth = (arms[:, 2] > 0.2) & (arms[:, 1] < 0)
        outer = ~mouth | (lengths > 0.93 * lengths[near].max(1))  # not the mouth's inside
        skin, tree = skin[outer], KDTree(tree.data[outer])
        distance, near = tree.query(shell_directions().reshape(-1, 3), 4)
        shares = 1 / (distance + 0.02)
        return skin[near], (shares / shares.sum(1, keepdims=True)).astype(np.float32)

    def _mouth_corners(self) -> np.ndarray:
        x, y, z = self.body[self.skin].T
        lips = self.skin[(np.abs(y - 6.685) < 0.05) & (z > 1.1) & (np.abs(x) < 0.32)]
        across = self.body[lips, 0]
        return lips[[across.argmax(), across.argmin()]]

    def _lips(self, targets: Targets) -> np.ndarray:
        opened = self.body.copy()
        targets.add(opened, "expression/units/caucasian/mouth-open", 1.0)
        x, y, z = self.body[self.skin].T
        middle = self.skin[(np.abs(x) < 0.01) & (z > 1.42) & (np.abs(y - 6.685) < 0.05)]
        moved = opened[middle, 1] < self.body[middle, 1] - 0.15
        height = self.body[middle, 1]
        return middle[[np.where(moved, 9, height).argmin(), np.where(moved, height, 0).argmax()]]

    def _ear_top(self, side: np.ndarray) -> np.ndarray:
        ear = np.flatnonzero((self.ear > 0.5) & side)
        high = ear[np.argsort(-self.body[ear, 1])[:40]]
        return high[np.argsort(-self.body[high, 2])[:6]]

    def _lobe(self, lobe: np.ndarray, side: np.ndarray) -> int:
        found = np.flatnonzero((lobe > 0.3) & side)
        return int(found[np.argmin(self.body[found, 1] - 0.3 * np.abs(self.body[found, 0]))])

    def _beard_roots(self, uv: np.ndarray, skin_map: SkinMap) -> Roots:
        draw = np.random.default_rng(1)
        x, y, inside = window_pixels(uv[self.uv_triangles].mean(1))
        near = inside & (skin_map.beards["full beard"][y, x] > 0.01)
        chosen, shares = self._scatter(near, 26000, draw)
        places = np.einsum("nk,nkd->nd", shares, uv[self.uv_triangles[chosen]])
        x, y, inside = window_pixels(places)
        values = {name: np.where(inside, m[y, x], 0) for name, m in skin_map.beards.items()}
        most = np.maximum.reduce(list(values.values()))
        keep = most > draw.random(len(most))
        return Roots(
            self.triangles[chosen[keep]],
            shares[keep],
            {name: value[keep] for name, value in values.items()},
        )

    def _scalp_roots(self) -> Roots:
        draw = np.random.default_rng(2)
        near = self.hairline[self.triangles].max(1) > -0.05
        chosen, shares = self._scatter(near, 16000, draw)
        line = (self.hairline[self.triangles[chosen]] * shares).sum(1)
        keep = line > draw.uniform(-0.03, 0.06, len(line))
        return Roots(self.triangles[chosen[keep]], shares[keep], {"hairline": line[keep]})

    def _scatter(
        self, near: np.ndarray, count: int, draw: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Even over the area of the triangles that are near."""
        a, b, c = np.moveaxis(self.body[self.triangles], 1, 0)
        area = np.linalg.norm(np.cross(b - a, c - a), axis=1) * near
        chosen = draw.choice(len(area), count, p=area / area.sum())
        shares = draw.dirichlet((1, 1, 1), count).astype(np.float32)
        return chosen, shares


def shell_directions() -> np.ndarray:
    """Unit vectors from the head's centre to the shell, (ROWS, COLUMNS, 3)."""
    down = np.linspace(0, 0.86 * np.pi, ROWS)[:, None]
    around = np.linspace(0, 2 * np.pi, COLUMNS, endpoint=False)[None]
    return np.stack(
        [
            np.sin(down) * np.sin(around),
            np.cos(down) + 0 * around,
            -np.sin(down) * np.cos(around),
        ],
        -1,
    )


def shell_radius(points: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Table of the shell's distance from its centre by row and column, (ROWS, COLUMNS)."""
    return np.linalg.norm(points - centre, axis=-1)


def shell_cells(arms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the shell, with fractions, that vectors (..., 3) from its centre meet."""
    direction = unit(arms)
    down = np.arccos(np.clip(direction[..., 1], -1, 1)) / (0.86 * np.pi) * (ROWS - 1)
    around = np.arctan2(direction[..., 0], -direction[..., 2]) / (2 * np.pi) * COLUMNS
    return np.clip(down, 0, ROWS - 1), around % COLUMNS


def _support(targets: Targets, part: str, count: int) -> np.ndarray:
    """How far targets with such a name move every vertex, each by its own maximum, (V,)."""
    reach = np.zeros(count, np.float32)
    for name in targets.names(""):
        if part in name:
            index, vectors = targets.support(name)
            length = np.linalg.norm(vectors, axis=1)
            reach[index] = np.maximum(reach[index], length / length.max())
    return reach
