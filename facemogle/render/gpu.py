"""OpenGL without a window: programs, meshes and strands on the graphics card or in software."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import moderngl
import numpy as np
from scipy.sparse import csr_matrix

from facemogle.render.assets import Mesh
from facemogle.render.geometry import unit
from facemogle.render.solids import Solid
from facemogle.render.strands import Strands

SHADERS = Path(__file__).parent / "shaders"
MATERIALS = (
    "hair", "lash", "eyeball", "mouth", "cloth", "shirt", "solid", "lens", "hat",
)  # fmt: skip


class Gpu:
    """A context, its programs, and the values that all of them share.

    One program per material: software drivers run every branch of a program that has them all.
    """

    def __init__(self) -> None:
        settings: dict[str, Any] = {"backend": "egl"}  # moderngl's annotation asks for dicts
        self.context = moderngl.create_context(standalone=True, **settings)
        self.context.enable(moderngl.DEPTH_TEST)
        lights, surface = _source("lights.glsl"), _source("surface.glsl")
        varyings, points = _source("varyings.glsl"), _source("points.glsl")
        vertex = lights + _source("surface.vert")
        self.programs = {
            name: self.context.program(
                vertex, lights + varyings + surface + _source(f"{name}.frag")
            )
            for name in MATERIALS
        }
        self.programs["skin_points"] = self.context.program(
            vertex, "#version 330\n" + varyings + _source("skin_points.frag")
        )
        self.programs["skin"] = self.context.program(
            _source("backdrop.vert"), lights + points + surface + _source("skin.frag")
        )
        for name in ("hair_depth", "skin_shown"):
            self.programs[name] = self.context.program(
                vertex, "#version 330\n" + _source(f"{name}.frag")
            )
        strand = lights + _source("strand.vert")
        for name in ("strand", "brow"):
            self.programs[name] = self.context.program(strand, _source(f"{name}.frag"))
        for name in ("shadow", "strand_shadow"):
            self.programs[name] = self.context.program(
                _source(f"{name}.vert"), _source(f"{name}.frag")
            )
        self.programs["lock"] = self.context.program(
            lights + _source("lock.vert"), _source("lock.frag")
        )
        self.programs["backdrop"] = self.context.program(
            _source("backdrop.vert"), _source("backdrop.frag")
        )
        self.shared: dict[str, Any] = {}

    def use(self, name: str, **values: Any) -> moderngl.Program:
        """A program with the shared values and these; names that it lacks are omitted."""
        program = self.programs[name]
        for key, value in {**self.shared, **values}.items():
            if key in program:
                uniform: Any = program[key]
                if isinstance(value, np.ndarray) and value.ndim == 2:
                    uniform.write(value.T.astype("f4").tobytes())
                else:
                    uniform.value = tuple(value) if np.ndim(value) else value
        return program

    def texture(self, image: np.ndarray, *, repeat: bool = True) -> moderngl.Texture:
        """Upload uint8 (H, W, C), row 0 at v = 0, with its smaller versions."""
        height, width, channels = image.shape
        data = np.ascontiguousarray(image).tobytes()
        texture = self.context.texture((width, height), channels, data, alignment=1)
        texture.build_mipmaps()
        texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        texture.repeat_x = texture.repeat_y = repeat
        return texture


class Surface:
    """A mesh that moves. Corners with the same vertex and texture coordinate are one.

    traits: float (V, 4) per vertex, the shader's ``marks``. average: its vertices on the average
    body, (V, 3). chosen: bool (F,), the faces to keep.
    """

    def __init__(
        self,
        gpu: Gpu,
        mesh: Mesh,
        average: np.ndarray,
        traits: np.ndarray | None = None,
        chosen: np.ndarray | None = None,
    ) -> None:
        self.gpu = gpu
        self.triangles, uv_triangles = mesh.triangles(chosen)
        pairs = self.triangles.astype(np.int64) * (len(mesh.uv) + 1) + uv_triangles
        pairs, corners = np.unique(pairs.ravel(), return_inverse=True)
        self.vertices = pairs // (len(mesh.uv) + 1)
        self.uv = mesh.uv[pairs % (len(mesh.uv) + 1)]
        self.corners = corners.reshape(-1, 3).astype(np.int32)
        count = len(self.triangles)
        self._adjacent = csr_matrix(
            (
                np.ones(3 * count, np.float32),
                (self.triangles.ravel(), np.repeat(np.arange(count), 3)),
            ),
            shape=(len(average), count),
        )
        fixed = np.zeros((len(self.vertices), 9), np.float32)
        fixed[:, :2] = self.uv
        fixed[:, 2:6] = (0, 0, 1, 0) if traits is None else traits[self.vertices]
        fixed[:, 6:] = average[self.vertices]
        context = gpu.context
        self._moving = context.buffer(reserve=len(fixed) * 24, dynamic=True)
        self._cover = context.buffer(np.zeros((len(fixed), 2), np.float32), dynamic=True)
        self._fixed = context.buffer(fixed)
        self._index = context.buffer(self.corners, dynamic=True)
        self._count = self.corners.size
        self._arrays: dict[str, moderngl.VertexArray] = {}

    def normals(self, vertices: np.ndarray) -> np.ndarray:
        """Smooth normals, float32 (V, 3)."""
        a, b, c = np.moveaxis(vertices[self.triangles], 1, 0)
        return unit(self._adjacent @ np.cross(b - a, c - a)).astype(np.float32)

    def move(self, vertices: np.ndarray, normals: np.ndarray | None = None, out: float = 0) -> None:
        """Place the vertices, (V, 3), moved by ``out`` along the normals."""
        normals = self.normals(vertices) if normals is None else normals
        data = np.concatenate([vertices + out * normals, normals], 1).astype(np.float32)
        self._moving.write(data[self.vertices].tobytes())

    def cover(self, cover: np.ndarray) -> None:
        """Set the shader's ``cover`` for every corner, (len(vertices), 2)."""
        self._cover.write(cover.astype(np.float32).tobytes())

    def keep(self, triangles: np.ndarray) -> None:
        """Draw only these triangles, bool (M,)."""
        corners = self.corners[triangles]
        self._index.write(corners.tobytes())
        self._count = corners.size

    def draw(self, program: str, **values: Any) -> None:
        """Draw with a program of Gpu."""
        used = self.gpu.use(program, **values)
        if program not in self._arrays:
            self._arrays[program] = self.gpu.context.vertex_array(
                used,
                [
                    (self._moving, "3f 3f", "position", "direction"),
                    (self._fixed, "2f 4f 3f", "texture_place", "marks", "average"),
                    (self._cover, "2f", "cover"),
                ],
                self._index,
                skip_errors=True,
            )
        self._arrays[program].render(vertices=self._count)


class SolidSurface(Surface):
    """A solid made for one face; ``release`` it after drawing."""

    def __init__(self, gpu: Gpu, solid: Solid) -> None:
        self.gpu = gpu
        moving = np.concatenate([solid.points, solid.normals], 1).astype(np.float32)
        fixed = np.zeros((len(moving), 9), np.float32)
        fixed[:, :2], fixed[:, 2:6], fixed[:, 6:] = solid.uv, (0, 0, 1, 0), solid.points
        context = gpu.context
        self._moving, self._fixed = context.buffer(moving), context.buffer(fixed)
        self._cover = context.buffer(np.zeros((len(moving), 2), np.float32))
        self._index = context.buffer(solid.triangles.astype(np.int32))
        self._count = solid.triangles.size
        self._arrays = {}

    def release(self) -> None:
        """Give the memory back."""
        for thing in (
            *self._arrays.values(), self._moving, self._fixed, self._cover, self._index
        ):  # fmt: skip
            thing.release()


class StrandSurface:
    """Strands of one face; ``release`` them after drawing."""

    def __init__(self, gpu: Gpu, strands: Strands) -> None:
        self.gpu = gpu
        count, steps = strands.widths.shape
        data = np.zeros((count, steps, 2, 15), np.float32)
        data[..., :3] = strands.points[:, :, None]
        data[..., 3:6] = strands.normals[:, :, None]
        tangents = np.empty_like(strands.points)
        tangents[:, 1:] = strands.points[:, 1:] - strands.points[:, :-1]
        tangents[:, 0] = tangents[:, 1]
        tangents[:, 1:-1] = strands.points[:, 2:] - strands.points[:, :-2]
        data[..., 6:9] = tangents[:, :, None]
        data[..., 9:12] = strands.colors[:, :, None]
        data[..., 12] = strands.widths[:, :, None] * (0.5, -0.5)
        if strands.grain is not None:
            begin, span = strands.grain.T[..., None, None]
            data[..., 13] = begin + span * (0, 1)
            data[..., 14] = np.linspace(0, 1, steps)[:, None]
        first = 2 * (np.arange(count)[:, None] * steps + np.arange(steps - 1)[None])[..., None]
        index = first + np.array((0, 1, 2, 2, 1, 3))
        self._data = gpu.context.buffer(data)
        self._index = gpu.context.buffer(index.astype(np.int32))

    def draw(self, program: str, **values: Any) -> None:
        """Draw with ``strand``, ``brow``, ``lock`` or ``strand_shadow``."""
        array = self.gpu.context.vertex_array(
            self.gpu.use(program, **values),
            [
                (
                    self._data,
                    "3f 3f 3f 3f 1f 2f",
                    "position", "direction", "tangent", "color", "side", "grain",
                )
            ],
            self._index,
            skip_errors=True,
        )  # fmt: skip
        array.render()
        array.release()

    def release(self) -> None:
        """Give the memory back."""
        self._data.release()
        self._index.release()


def _source(name: str) -> str:
    return (SHADERS / name).read_text("utf8")
