"""What is loaded once and every face is drawn with: buffers, meshes and textures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import moderngl
import numpy as np
from scipy.spatial import KDTree

from facemogle.render.anatomy import Anatomy, Roots
from facemogle.render.assets import AssetFolder, Fitting
from facemogle.render.geometry import parallel_view
from facemogle.render.gpu import Gpu, Surface
from facemogle.render.locks import draw_grain
from facemogle.render.mouth import upper_share
from facemogle.render.skin_map import WINDOW, SkinMap, draw_skin_map
from facemogle.render.textures import brightness, cheek_color, draw_pores, read_rgba, smooth_noise

SAMPLES = 3
"""Samples of a pixel along one axis."""
SHADOW_SIDE = 640

Channels = tuple[bool, bool, bool, bool]
ALL, NOTHING = (True, True, True, True), (False, False, False, False)


@dataclass
class Part:
    """A fitted mesh on the graphics card. place: its vertices on the average body."""

    fitting: Fitting
    surface: Surface
    place: np.ndarray
    texture: moderngl.Texture | None

    def show(self) -> None:
        """Take its texture for what is drawn next."""
        assert self.texture is not None, f"{self.fitting.name} has no texture"
        self.texture.use(0)


class Stage:
    """Everything that faces of size x size pixels share, on the graphics card.

    Raises AssetError if an asset is missing, and an error of moderngl without OpenGL 3.3.
    """

    def __init__(self, assets: AssetFolder, size: int) -> None:
        self.assets, self.size = assets, size
        self.gpu = Gpu()
        self._make_buffers()
        skin_map = draw_skin_map()
        self.anatomy = Anatomy(assets, skin_map)
        self.beards = skin_map.beards
        self._load_skin(skin_map)
        self._load_parts()
        self.brow_roots = self._grow_brow_roots()

    def write_to(self, colors: Channels, labels: Channels) -> None:
        """Let what is drawn next change only these channels of colours and labels."""
        masks = (colors, labels)  # one for each texture, which moderngl takes but does not declare
        self.target.color_mask = masks  # pyright: ignore[reportAttributeAccessIssue]

    def _make_buffers(self) -> None:
        gpu, context, size = self.gpu, self.gpu.context, self.size
        side = size * SAMPLES
        self.colors, self.labels = (context.texture((side, side), 4) for _ in range(2))
        depth = context.depth_renderbuffer((side, side))
        self.target = context.framebuffer([self.colors, self.labels], depth)
        side = (side + 1) // 2
        self.skin = [context.texture((side, side), 4) for _ in range(2)]
        depth = context.depth_renderbuffer((side, side))
        self.skin_target = context.framebuffer(self.skin, depth)
        self.points = [context.texture((side, side), 4, dtype="f4") for _ in range(4)]
        self.points_target = context.framebuffer(self.points, depth)
        self.shadows = context.depth_texture((SHADOW_SIDE, SHADOW_SIDE))
        self.shadows.compare_func = ""
        self.shadow_target = context.framebuffer([], self.shadows)
        corners = context.buffer(np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]], np.float32))
        self.backdrop = context.vertex_array(gpu.programs["backdrop"], [(corners, "2f", "corner")])
        self.backdrop_image = context.texture((size, size), 3, alignment=1)
        self.skin_quad = context.vertex_array(gpu.programs["skin"], [(corners, "2f", "corner")])

    def _load_skin(self, skin_map: SkinMap) -> None:
        gpu, anatomy = self.gpu, self.anatomy
        self.regions = gpu.texture(skin_map.regions, repeat=False)
        self.paint = gpu.texture(skin_map.paint, repeat=False)
        self.noise = gpu.texture(smooth_noise())
        self.pores = gpu.texture(draw_pores())
        self.grain = gpu.texture(draw_grain())
        self.grain.filter = moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR  # half the cost
        gpu.shared = {
            "image": 0, "image2": 1, "shadows": 2, "regions": 3, "paint": 4, "noise": 5, "hairs": 6,
            "places": 7, "normals": 8, "marks": 9, "averages": 10, "pores": 11,
            "window": WINDOW, "opaque_from": 0.0,
        }  # fmt: skip
        self.body = self._skin_surface(np.ones(len(anatomy.body)), anatomy.drawn)
        openness = self._openness()
        self.body = self._skin_surface(openness, anatomy.drawn)
        low = anatomy.body[self.assets.base.faces].mean(1)[:, 1] < 6.0
        self.shirt = self._skin_surface(openness, anatomy.drawn & low)
        textures = self.assets.find("skins/textures/*.png")
        self.skins = {path.stem: self._texture(path) for path in textures}
        self.skin_means = {path.stem: cheek_color(path) for path in textures}

    def _load_parts(self) -> None:
        self.parts = {
            kind: self._load(pattern)
            for kind, pattern in {
                "hair": "hair/*/*.mhclo", "brows": "eyebrows/*/*.mhclo",
                "lashes": "eyelashes/*/*.mhclo", "eyes": "eyes/high-poly/*.mhclo",
                "teeth": "teeth/*/*[e1].mhclo", "tongue": "tongue/*/*.mhclo",
                "suits": "clothes/*suit*/*.mhclo", "hats": "clothes/fedora01/*.mhclo",
            }.items()
        }  # fmt: skip
        teeth = self._texture(self.assets.path("teeth/materials/teeth.png"))
        for part in self.parts["teeth"].values():
            part.texture = part.texture or teeth
        self.upper = {
            name: upper_share(part.place, part.surface.triangles)
            for name, part in self.parts["teeth"].items()
        }
        irises = self.assets.find("eyes/materials/*.png")
        self.irises = {path.stem: self._texture(path) for path in irises}
        hair = self.parts["hair"]
        self.hair_means = {name: brightness(part.fitting) for name, part in hair.items()}
        self.coverage = {name: self._covered(part) for name, part in hair.items() if part.texture}

    def _skin_surface(self, openness: np.ndarray, chosen: np.ndarray) -> Surface:
        anatomy = self.anatomy
        traits = np.stack([anatomy.ear, anatomy.neck, openness, np.zeros(len(openness))], 1)
        return Surface(self.gpu, self.assets.base, anatomy.body, traits, chosen)

    def _load(self, pattern: str) -> dict[str, Part]:
        parts = {}
        for name, fitting in self.assets.fittings(pattern).items():
            place = fitting.fit(self.anatomy.body)
            surface = Surface(self.gpu, fitting.mesh, place)
            texture = self._texture(fitting.texture) if fitting.texture else None
            parts[name] = Part(fitting, surface, place, texture)
        return parts

    def _texture(self, path: Path) -> moderngl.Texture:
        return self.gpu.texture(read_rgba(path)[::-1])

    def _covered(self, part: Part) -> np.ndarray:
        """Where a hair mesh lies close to the scalp, float32 (V,)."""
        corners = part.place[part.surface.triangles]
        shares = ((1, 1, 1), (3, 1, 1), (1, 3, 1), (1, 1, 3))
        near = [np.average(corners, axis=1, weights=share) for share in shares]
        distance, _ = KDTree(np.concatenate(near)).query(self.anatomy.body)
        scalp = np.clip(0.5 + self.anatomy.hairline / 0.2, 0, 1)
        return (np.clip((0.42 - distance) / 0.25, 0, 1) * scalp).astype(np.float32)

    def _grow_brow_roots(self) -> list[tuple[Part, Roots]]:
        """For every brow mesh, thinnest first, places where its texture has hair."""
        draw = np.random.default_rng(3)
        found = []
        for part in self.parts["brows"].values():
            if part.fitting.texture is None:
                continue
            opacity = read_rgba(part.fitting.texture)[..., 3] / 255
            mesh = part.fitting.mesh
            triangles, uv_triangles = mesh.triangles()
            a, b, c = np.moveaxis(part.place[triangles], 1, 0)
            area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
            chosen = draw.choice(len(area), 5000, p=area / area.sum())
            shares = draw.dirichlet((1, 1, 1), len(chosen)).astype(np.float32)
            uv = np.einsum("nk,nkd->nd", shares, mesh.uv[uv_triangles[chosen]])
            rows = ((1 - uv[:, 1]) * opacity.shape[0]).astype(int) % opacity.shape[0]
            columns = (uv[:, 0] * opacity.shape[1]).astype(int) % opacity.shape[1]
            keep = opacity[rows, columns] > 0.1 + 0.9 * draw.random(len(chosen))
            roots = Roots(triangles[chosen[keep]], shares[keep], {})
            found.append((keep.mean() * area.sum(), part, roots))
        return [(part, roots) for _, part, roots in sorted(found, key=lambda f: f[0])]

    def _openness(self) -> np.ndarray:
        """Share of the sky that every vertex sees, from shadows of light from all around, (V,)."""
        body = self.anatomy.body.copy()
        self.assets.targets.add(body, "expression/units/caucasian/mouth-open", 0.4)
        normals = self.body.normals(body)
        self.body.move(body, normals)
        seen, all_ = np.zeros(len(body)), np.full(len(body), 1e-6)
        number = np.arange(96) + 0.5
        down, around = np.arccos(1 - number / 48), np.pi * (1 + 5**0.5) * number
        for direction in np.stack(
            [np.cos(around) * np.sin(down), np.cos(down), np.sin(around) * np.sin(down)], 1
        ):
            if direction[1] < -0.75:
                continue
            matrix = parallel_view(direction, np.array((0, 7, 0.3)), 2.2)
            self.shadow_target.use()
            self.gpu.context.clear(depth=1.0)
            self.body.draw("shadow", key_camera=matrix)
            depth = np.frombuffer(self.shadows.read(), np.float32).reshape(SHADOW_SIDE, -1)
            place = ((body + 0.02 * normals) @ matrix[:3, :3].T + matrix[:3, 3]) * 0.5 + 0.5
            x, y = np.clip(place[:, :2] * SHADOW_SIDE, 0, SHADOW_SIDE - 1).astype(int).T
            weight = np.clip(normals @ direction, 0, 1)
            seen += weight * (depth[y, x] + 0.004 > place[:, 2])
            all_ += weight
        return np.where(all_ > 0.5, 0.25 + 0.75 * seen / all_, 1).astype(np.float32)
