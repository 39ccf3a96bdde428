"""Read MakeHuman's data folder: meshes, morph targets and fitted meshes (hair, clothes, teeth).

Lengths are decimetres; +x is the person's own left, +y up, +z forward. Shapes: V vertices, F faces,
T texture coordinates, N vertices of a fitted mesh.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

SOURCE = "https://github.com/makehumancommunity/makehuman (folder makehuman/data)"

VECTOR_UNIT = 1e-3
"""targets.npz stores offsets as integers, in thousandths of a decimetre."""


class AssetError(FileNotFoundError):
    """An asset is missing or unreadable. The message names it and where to get it."""


@dataclass(frozen=True)
class Mesh:
    """Faces with four corners; a triangle repeats its first.

    vertices: float32 (V, 3). uv: float32 (T, 2). faces, uv_faces: int32 (F, 4), the corners'
    vertices and texture coordinates. groups: str (F,).
    """

    vertices: np.ndarray
    uv: np.ndarray
    faces: np.ndarray
    uv_faces: np.ndarray
    groups: np.ndarray

    def triangles(self, chosen: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Split faces: int32 (M, 3) of vertices and (M, 3) of texture coordinates.

        chosen: bool (F,), the faces to split; None = all.
        """
        some = slice(None) if chosen is None else chosen
        faces, uv_faces = self.faces[some], self.uv_faces[some]
        real = faces[:, 3] != faces[:, 0]

        def split(corners: np.ndarray) -> np.ndarray:
            return np.concatenate([corners[:, [0, 1, 2]], corners[real][:, [0, 2, 3]]])

        return split(faces), split(uv_faces)


@dataclass(frozen=True)
class Fitting:
    """A mesh that follows the body: every vertex is a mix of three body vertices and an offset.

    name: of the file, without its ending. references: int32 (N, 3). weights: float32 (N, 3).
    offsets: float32 (N, 3). scales: for each axis two body vertices and the distance between them
    for which the offsets were made, or None. hidden: int32, body vertices that it covers.
    texture: file, or None if the material names none that exists.
    """

    name: str
    references: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    scales: tuple[tuple[int, int, float] | None, ...]
    hidden: np.ndarray
    mesh: Mesh
    texture: Path | None

    def fit(self, body: np.ndarray) -> np.ndarray:
        """Place the vertices, float32 (N, 3), on a body, float32 (V, 3) with helper vertices."""
        scale = np.ones(3, np.float32)
        for axis, measure in enumerate(self.scales):
            if measure:
                first, second, distance = measure
                scale[axis] = abs(body[first, axis] - body[second, axis]) / distance
        return (body[self.references] * self.weights[..., None]).sum(1) + self.offsets * scale


class Targets:
    """Morphs: offsets of some of the body's vertices, by name."""

    def __init__(self, path: Path) -> None:
        stored = np.load(_existing(path))
        self._targets = {}
        for key in stored.files:
            if key.endswith(".index"):
                name = key.removeprefix("targets/").removesuffix(".index")
                vectors = stored[f"targets/{name}.vector"].astype(np.float32) * VECTOR_UNIT
                self._targets[name] = stored[key].astype(np.intp), vectors

    def __contains__(self, name: str) -> bool:
        return name in self._targets

    def names(self, prefix: str) -> list[str]:
        """All names that start so, sorted."""
        return sorted(name for name in self._targets if name.startswith(prefix))

    def support(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Vertices that a target moves, (K,), and its offsets, float32 (K, 3)."""
        try:
            return self._targets[name]
        except KeyError:
            raise AssetError(f"targets.npz has no target {name!r}; get it from {SOURCE}.") from None

    def add(self, vertices: np.ndarray, name: str, weight: float) -> None:
        """Move vertices, float32 (V, 3), in place by a share of a target."""
        index, vectors = self.support(name)
        vertices[index] += vectors * np.float32(weight)


class AssetFolder:
    """A MakeHuman data folder, or the folder that holds it as ``data``."""

    def __init__(self, folder: str | Path) -> None:
        folder = Path(folder)
        self.root = folder / "data" if (folder / "data").is_dir() else folder
        self.base = read_mesh(self.path("3dobjs/base.obj"))
        self.targets = Targets(self.path("targets.npz"))

    def path(self, name: str) -> Path:
        """A file of the folder. Raises AssetError if there is none."""
        return _existing(self.root / name)

    def find(self, pattern: str) -> list[Path]:
        """Files that match a pattern, sorted. Raises AssetError if there are none."""
        found = sorted(self.root.glob(pattern))
        if not found:
            raise AssetError(f"{self.root} has no {pattern}; get the files from {SOURCE}.")
        return found

    def fittings(self, pattern: str) -> dict[str, Fitting]:
        """Fitted meshes whose file matches a pattern, by name."""
        return {path.stem: read_fitting(path) for path in self.find(pattern)}


def read_mesh(path: Path) -> Mesh:
    """Read a Wavefront file. Raises AssetError."""
    vertices, uv, faces, uv_faces, groups = [], [], [], [], []
    group = ""
    for line in _existing(path).read_text("utf8").splitlines():
        kind, *words = line.split() or [""]
        if kind == "v":
            vertices.append([float(word) for word in words[:3]])
        elif kind == "vt":
            uv.append([float(word) for word in words[:2]])
        elif kind == "g":
            group = words[0] if words else ""
        elif kind == "f":
            corners = [word.split("/") for word in words]
            corners = (corners + corners[:1])[:4]
            faces.append([int(corner[0]) - 1 for corner in corners])
            uv_faces.append(
                [int(corner[1]) - 1 if len(corner) > 1 and corner[1] else 0 for corner in corners]
            )
            groups.append(group)
    return Mesh(
        np.array(vertices, np.float32).reshape(-1, 3),
        np.array(uv or [[0, 0]], np.float32),
        np.array(faces, np.int32).reshape(-1, 4),
        np.array(uv_faces, np.int32).reshape(-1, 4),
        np.array(groups, str),
    )


def read_fitting(path: Path) -> Fitting:
    """Read an .mhclo file, its mesh and the name of its texture. Raises AssetError.

    Some files have keyword lines between the vertices, so only ``delete_verts`` ends those.
    """
    rows: list[tuple[list[int], list[float]]] = []
    hidden: list[int] = []
    scales: list[tuple[int, int, float] | None] = [None, None, None]
    files = {}
    block = ""
    for line in _existing(path).read_text("utf8").splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] in ("verts", "delete_verts"):
            block = words[0]
        elif words[0] in ("x_scale", "y_scale", "z_scale"):
            scales["xyz".index(words[0][0])] = int(words[1]), int(words[2]), float(words[3])
        elif words[0] in ("obj_file", "material"):
            files[words[0]] = words[1]
        elif block == "verts" and _is_number(words[0]):
            rows.append(_binding(words))
        elif block == "delete_verts":
            hidden += _ranges(words)
    if "obj_file" not in files:
        raise AssetError(f"{path} names no obj_file; get it from {SOURCE}.")
    mesh = read_mesh(path.parent / files["obj_file"])
    if len(rows) != len(mesh.vertices):
        raise AssetError(
            f"{path} binds {len(rows)} vertices, but {files['obj_file']} has "
            f"{len(mesh.vertices)}; get both from {SOURCE}."
        )
    numbers = np.array([row[1] for row in rows], np.float32).reshape(-1, 6)
    return Fitting(
        path.stem,
        np.array([row[0] for row in rows], np.int32).reshape(-1, 3),
        numbers[:, :3],
        numbers[:, 3:],
        tuple(scales),
        np.array(hidden, np.int32),
        mesh,
        _texture(path.parent / files["material"]) if "material" in files else None,
    )


def _binding(words: list[str]) -> tuple[list[int], list[float]]:
    """Three references, then three weights and three offsets; one number binds directly."""
    if len(words) == 1:
        return [int(words[0])] * 3, [1, 0, 0, 0, 0, 0]
    numbers = [float(word) for word in words[3:9]]
    return [int(word) for word in words[:3]], numbers + [0.0] * (6 - len(numbers))


def _ranges(words: list[str]) -> list[int]:
    """``5 7 - 9`` means 5, 7, 8, 9."""
    numbers: list[int] = []
    to = False
    for word in words:
        if word == "-":
            to = True
        else:
            numbers += range(numbers[-1] + 1 if to else int(word), int(word) + 1)
            to = False
    return numbers


def _texture(material: Path) -> Path | None:
    if not material.is_file():
        return None
    for line in material.read_text("utf8").splitlines():
        kind, _, name = line.partition(" ")
        if kind == "diffuseTexture":
            texture = material.parent / name.strip()
            return texture if texture.is_file() else None
    return None


def _is_number(word: str) -> bool:
    return word.lstrip("-").isdigit()


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise AssetError(f"There is no {path}; get it from {SOURCE}.")
    return path
