"""A made-up folder of MakeHuman's layout: a head of ellipses, and simple meshes on it.

Small, and shaped by nobody's data; but where the renderer looks for a part of the body there is
one, so that every file is read, every shader drawn and every region shown.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.spatial import KDTree

from facemogle.render.face import CUTS
from facemogle.render.geometry import (
    HEAD_JOINT,
    LEFT_EYE,
    MOUTH_JOINT,
    NECK_JOINT,
    RACES,
    RIGHT_EYE,
)
from facemogle.render.traits import ASYMMETRIES, BOTH_SIDES, ONE_SIDED, UNITS

COLUMNS = 48
BRIDGE = slice(132, 137)
FIRST = 200
"""Vertex from which on the head's grid lies; before it are the nose's, where glasses rest."""
VERTICES = MOUTH_JOINT.stop
EYES = {LEFT_EYE.start: (0.33, 7.17, 1.12), RIGHT_EYE.start: (-0.33, 7.17, 1.12)}
LIPS = 6.685

PROFILE = np.array(
    [  # height, half width, front, back
        (8.35, 0.02, 0.12, 0.08), (8.2, 0.35, 0.55, -0.35), (7.9, 0.62, 0.95, -0.7),
        (7.5, 0.75, 1.2, -0.9), (7.15, 0.78, 1.3, -0.95), (6.95, 0.76, 1.42, -0.9),
        (6.72, 0.68, 1.46, -0.75), (6.65, 0.67, 1.46, -0.73), (6.3, 0.52, 1.3, -0.45),
        (6.15, 0.42, 0.75, -0.4), (5.6, 0.42, 0.5, -0.42), (5.0, 0.7, 0.5, -0.5),
        (4.5, 1.6, 0.6, -0.6), (3.0, 1.9, 0.7, -0.7),
    ]
)  # fmt: skip
ROWS = np.sort(np.r_[np.linspace(8.35, 3.0, 36), 6.72, 6.70, 6.67, 6.65])[::-1]

Grid = tuple[np.ndarray, np.ndarray]
"""Vertices (N, 3) and faces of four corners (F, 4)."""


def write_makehuman(folder: Path) -> Path:
    """Write the folder. Returns it."""
    body, faces = _body()
    uv = _skin_places(body)
    lines = [*_lines("v", body), *_lines("vt", uv), "g body", *_faces(faces)]
    _write(folder / "3dobjs/base.obj", "\n".join(lines))
    targets: dict[str, Any] = _targets(body)
    np.savez(folder / "targets.npz", **targets)
    draw = np.random.default_rng(0)
    for name in ("young_lightskinned_female", "old_darkskinned_male"):
        _texture(folder / f"skins/textures/{name}_diffuse.png", (200, 150, 120, 255), draw)
    for name in ("brown", "blue"):
        _texture(folder / f"eyes/materials/{name}_eye.png", (90, 60, 40, 255), draw)
    _texture(folder / "teeth/materials/teeth.png", (240, 240, 230, 255), draw)
    _write_parts(folder, body, draw)
    return folder


def _write_parts(folder: Path, body: np.ndarray, draw: np.random.Generator) -> None:
    balls = [_ball(place, 0.16) for place in EYES.values()]
    near = np.repeat(list(EYES), len(balls[0][0]))
    _fitting(folder / "eyes/high-poly/high-poly", body, _joined(balls), None, draw, near)
    for n in range(3):
        brows = [_card((x, 7.42, 1.27), 0.2, 0.03 + 0.01 * n) for x in (0.33, -0.33)]
        _fitting(folder / f"eyebrows/brow{n}/brow{n}", body, _joined(brows), (60, 40, 30), draw)
    lashes = [_card((x, 7.29, 1.3), 0.14, 0.02) for x in (0.33, -0.33)]
    _fitting(folder / "eyelashes/lash01/lash01", body, _joined(lashes), (10, 10, 10), draw)
    jaws = [_card((x, y, 1.35), 0.04, 0.05) for y in (6.8, 6.67) for x in (0.05, -0.05)]
    gums = _ball((0, 6.72, 1.0), 0.2)  # the largest piece
    _fitting(folder / "teeth/teeth_base/teeth_base", body, _joined([*jaws, gums]), None, draw)
    tongue = _card((0, 6.6, 1.2), 0.1, 0.03)
    _fitting(folder / "tongue/tongue01/tongue01", body, tongue, (200, 100, 100), draw)
    for name in CUTS:
        if name[-1].isdigit():
            hair = _ball((0, 7.5, -0.1), 1.05)
            _fitting(folder / f"hair/{name}/{name}", body, hair, (90, 60, 40), draw)
    for name in ("male_suit01", "female_suit01"):
        suit = _ball((0, 4.0, 0), 1.7)
        _fitting(folder / f"clothes/{name}/{name}", body, suit, (40, 40, 80), draw)
    hat = _ball((0, 8.1, 0.1), 0.95)
    _fitting(folder / "clothes/fedora01/fedora", body, hat, None, draw)


def _body() -> Grid:
    """The head's grid among the vertices that the renderer knows by their numbers."""
    profile = PROFILE[::-1].T
    half, front, back = (np.interp(ROWS, profile[0], line)[:, None] for line in profile[1:])
    angle = 2 * np.pi * np.arange(COLUMNS)[None] / COLUMNS  # 0 = the front, then the own left
    x, z = half * np.sin(angle), (front + back) / 2 + (front - back) / 2 * np.cos(angle)
    grid = np.stack([x, np.broadcast_to(ROWS[:, None], x.shape), z], -1).reshape(-1, 3)
    body = np.zeros((VERTICES, 3))
    body[BRIDGE] = [(0, y, 1.34) for y in np.linspace(7.25, 7.0, 5)]
    body[FIRST : FIRST + len(grid)] = grid
    for first, place in EYES.items():
        body[first : first + 8] = place
    body[NECK_JOINT], body[HEAD_JOINT], body[MOUTH_JOINT] = (
        (0, 5.8, 0),
        (0, 6.9, 0.1),
        (0, LIPS, 1.4),
    )
    return body, _sheet(len(ROWS), COLUMNS) + FIRST


def _sheet(rows: int, columns: int) -> np.ndarray:
    """Faces of a grid of vertices that is closed around, outside first."""
    row, column = np.mgrid[: rows - 1, :columns]
    right = (column + 1) % columns
    corners = ((row, column), (row + 1, column), (row + 1, right), (row, right))
    return np.stack([r * columns + c for r, c in corners], -1).reshape(-1, 4)


def _skin_places(body: np.ndarray) -> np.ndarray:
    """Texture coordinates: the face where the skin's map has it, the rest beside it."""
    x, y, z = body.T
    u = 0.909 + 0.121 * (LIPS - y)
    return np.stack([np.where(z > 0.3, u, 0.3), 1 - (0.517 + 0.097 * x)], 1)


def _targets(body: np.ndarray) -> dict[str, np.ndarray]:
    """All morphs that a face may have; only the ears' and the open mouth's move something."""
    names = {f"macrodetails/{race}-{g}-{a}" for race, g, a in product(RACES, _GENDERS, _AGES)}
    sizes = [[f"{most}{part}" for most in ("min", "max", "average")] for part in _BUILD]
    names |= {"macrodetails/universal-" + "-".join(n) for n in product(_GENDERS, _AGES, *sizes)}
    for group, pairs in ONE_SIDED.items():
        names |= {f"{group}/{group}-{end}" for pair in pairs for end in pair[:2]}
    for group, part, pairs in BOTH_SIDES:
        names |= {f"{group}/{s}-{part}-{end}" for s in "lr" for pair in pairs for end in pair[:2]}
    outlines = ("oval", "round", "square", "triangular", "rectangular", "diamond")
    names |= {f"head/head-{outline}" for outline in outlines} | set(ASYMMETRIES)
    units = {unit for unit_weights in UNITS.values() for unit in unit_weights}
    units |= {"eye-left-closure", "eye-right-closure", "mouth-open"}
    names |= {f"expression/units/{race}/{unit}" for race, unit in product(RACES, units)}
    x, y, z = body.T
    ear = (np.abs(x) > 0.68) & (np.abs(y - 7.1) < 0.3) & (np.abs(z) < 0.35)
    lobe, jaw = ear & (y < 7.0), (y < LIPS) & (y > 6.2) & (z > 0.9)
    stored = {}
    for name in sorted(names):
        moved, way = np.zeros(len(body), bool), (0, 0, 0)
        if "ear-wing" in name:
            moved, way = ear, (0, 0, 20)
        elif "ear-lobe" in name:
            moved, way = lobe, (0, 20, 0)
        elif name.endswith("mouth-open"):
            moved, way = jaw, (0, -250, 0)
        index = np.flatnonzero(moved)
        stored[f"targets/{name}.index"] = index.astype(np.uint16)
        stored[f"targets/{name}.vector"] = np.tile(np.array(way, np.int16), (len(index), 1))
    return stored


_GENDERS, _AGES, _BUILD = ("male", "female"), ("young", "old"), ("muscle", "weight")


def _ball(centre: tuple[float, float, float], radius: float, side: int = 10) -> Grid:
    down = np.linspace(0, np.pi, side)[:, None]
    around = 2 * np.pi * np.arange(side)[None] / side
    way = [np.sin(down) * np.sin(around), np.cos(down) + 0 * around, np.sin(down) * np.cos(around)]
    return np.array(centre) + radius * np.stack(way, -1).reshape(-1, 3), _sheet(side, side)


def _card(centre: tuple[float, float, float], width: float, height: float) -> Grid:
    corners = np.array([(-1, 1, 0), (-1, -1, 0), (1, -1, 0), (1, 1, 0)])
    return np.array(centre) + corners * (width, height, 0), np.array([[0, 1, 2, 3]])


def _joined(parts: list[Grid]) -> Grid:
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in parts)])
    faces = [faces + start for (_, faces), start in zip(parts, starts[:-1], strict=True)]
    return np.concatenate([vertices for vertices, _ in parts]), np.concatenate(faces)


def _fitting(
    path: Path,
    body: np.ndarray,
    mesh: Grid,
    color: tuple[int, int, int] | None,
    draw: np.random.Generator,
    near: np.ndarray | None = None,
) -> None:
    """A mesh whose vertices follow the nearest one of the head, or those given, and its texture."""
    vertices, faces = mesh
    if near is None:
        head = body[FIRST : FIRST + len(ROWS) * COLUMNS]
        near = FIRST + np.asarray(KDTree(head).query(vertices)[1])
    low, high = vertices.min(0), vertices.max(0)
    uv = ((vertices - low) / np.maximum(high - low, 1e-6))[:, :2]
    lines = [*_lines("v", vertices), *_lines("vt", uv), *_faces(faces)]
    _write(path.with_suffix(".obj"), "\n".join(lines))
    rows = [f"obj_file {path.name}.obj", *([f"material {path.name}.mhmat"] if color else [])]
    rows += ["verts 0"]
    for n, (x, y, z) in zip(near, vertices - body[near], strict=True):
        rows.append(f"{n} {n} {n} 1 0 0 {x:.4f} {y:.4f} {z:.4f}")
    _write(path.with_suffix(".mhclo"), "\n".join(rows))
    if color:
        _write(path.with_suffix(".mhmat"), f"diffuseTexture {path.name}.png")
        _texture(path.with_suffix(".png"), (*color, 255), draw)


def _texture(path: Path, color: tuple[int, int, int, int], draw: np.random.Generator) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.clip(np.array(color) + draw.normal(0, 6, (64, 64, 1)), 0, 255)
    pixels[..., 3] = color[3]
    Image.fromarray(pixels.astype(np.uint8)).save(path)


def _lines(kind: str, numbers: np.ndarray) -> list[str]:
    return [" ".join([kind, *(f"{number:.5g}" for number in row)]) for row in numbers]


def _faces(faces: np.ndarray) -> list[str]:
    return ["f " + " ".join(f"{n}/{n}" for n in row) for row in faces + 1]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", "utf8")
