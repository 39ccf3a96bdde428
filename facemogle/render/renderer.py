"""Draw a face: its image, its label map, and what lies under its glasses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import moderngl
import numpy as np
from scipy.spatial import cKDTree

from facemogle.masks.label_map import mirror
from facemogle.render.anatomy import Anatomy, Roots
from facemogle.render.assets import AssetFolder
from facemogle.render.backgrounds import draw_background
from facemogle.render.colors import mix_looks
from facemogle.render.face import Face
from facemogle.render.geometry import (
    place_camera,
    pose_head,
    shape_body,
)
from facemogle.render.gpu import Gpu, Surface
from facemogle.render.labels import NUMBER, annotate, majority, put_on_glasses
from facemogle.render.locks import draw_grain
from facemogle.render.mouth import upper_share
from facemogle.render.scene import Part, Scene
from facemogle.render.skin_map import WINDOW, draw_skin_map
from facemogle.render.textures import brightness, cheek_color, read_rgba, smooth_noise

SAMPLES = 3
"""Samples of a pixel along one axis."""
SHADOW_SIDE = 640
LENS = 200
"""Third label channel: a lens; lower values name the brow that is seen."""


@dataclass(frozen=True)
class Rendering:
    """image: uint8 (H, W, 3) RGB. labels: uint8 (H, W). bare: the label map without glasses, or
    None for a face that wears none.
    """

    image: np.ndarray
    labels: np.ndarray
    bare: np.ndarray | None


class Renderer:
    """Draws faces, one at a time, size x size pixels.

    Raises AssetError if an asset is missing, and an error of moderngl without OpenGL 3.3.
    """

    def __init__(self, assets: AssetFolder, size: int) -> None:
        self.assets, self.size = assets, size
        self.gpu = gpu = Gpu()
        side = size * SAMPLES
        context = gpu.context
        self._colors, self._labels = (context.texture((side, side), 4) for _ in range(2))
        depth = context.depth_renderbuffer((side, side))
        self._target = context.framebuffer([self._colors, self._labels], depth)
        side = (side + 1) // 2
        self._skin = [context.texture((side, side), 4) for _ in range(2)]
        depth = context.depth_renderbuffer((side, side))
        self._skin_target = context.framebuffer(self._skin, depth)
        self._points = [context.texture((side, side), 4, dtype="f4") for _ in range(4)]
        self._points_target = context.framebuffer(self._points, depth)
        self._shadows = context.depth_texture((SHADOW_SIDE, SHADOW_SIDE))
        self._shadows.compare_func = ""
        self._shadow_target = context.framebuffer([], self._shadows)
        corners = context.buffer(np.float32([[-1, -1], [1, -1], [-1, 1], [1, 1]]))
        self._backdrop = context.vertex_array(gpu.programs["backdrop"], [(corners, "2f", "corner")])
        self._backdrop_image = context.texture((size, size), 3, alignment=1)
        self._skin_quad = context.vertex_array(gpu.programs["skin"], [(corners, "2f", "corner")])

        skin_map = draw_skin_map()
        self.anatomy = anatomy = Anatomy(assets, skin_map)
        self._beards = skin_map.beards
        self._regions = gpu.texture(skin_map.regions, repeat=False)
        self._paint = gpu.texture(skin_map.paint, repeat=False)
        self._noise = gpu.texture(smooth_noise())
        self._grain = gpu.texture(draw_grain())
        gpu.shared = {
            "image": 0, "image2": 1, "shadows": 2, "regions": 3, "paint": 4, "noise": 5, "hairs": 6,
            "places": 7, "normals": 8, "marks": 9, "averages": 10,
            "window": WINDOW, "opaque_from": 0.0,
        }  # fmt: skip
        self._body = self._skin_surface(np.ones(len(anatomy.body)), anatomy.drawn)
        openness = self._openness()
        self._body = self._skin_surface(openness, anatomy.drawn)
        low = anatomy.body[assets.base.faces].mean(1)[:, 1] < 6.0
        self._shirt = self._skin_surface(openness, anatomy.drawn & low)
        self._parts = {
            kind: self._load(pattern)
            for kind, pattern in {
                "hair": "hair/*/*.mhclo", "brows": "eyebrows/*/*.mhclo",
                "lashes": "eyelashes/*/*.mhclo", "eyes": "eyes/high-poly/*.mhclo",
                "teeth": "teeth/*/*[e1].mhclo", "tongue": "tongue/*/*.mhclo",
                "suits": "clothes/*suit*/*.mhclo", "hats": "clothes/fedora01/*.mhclo",
            }.items()
        }  # fmt: skip
        teeth = self._texture(assets.path("teeth/materials/teeth.png"))
        for part in self._parts["teeth"].values():
            part.texture = part.texture or teeth
        self._upper = {
            name: upper_share(part.place, part.surface.triangles)
            for name, part in self._parts["teeth"].items()
        }
        self._irises = {p.stem: self._texture(p) for p in assets.find("eyes/materials/*.png")}
        self._skins = {p.stem: self._texture(p) for p in assets.find("skins/textures/*.png")}
        self._skin_means = {p.stem: cheek_color(p) for p in assets.find("skins/textures/*.png")}
        self._hair_means = {
            name: brightness(part.fitting) for name, part in self._parts["hair"].items()
        }
        self._coverage = {
            name: self._covered(part) for name, part in self._parts["hair"].items() if part.texture
        }
        self._brow_roots = self._grow_brow_roots()

    def render(self, face: Face, done: Callable[[str], None] = lambda part: None) -> Rendering:
        """Draw a face. The same face gives the same image on the same driver.

        done: is told the name of each part of the work when it is done.
        """
        gpu, anatomy = self.gpu, self.anatomy
        upright = shape_body(self.assets, face)
        pose = pose_head(upright, face)
        camera = place_camera(face, pose, anatomy.mouth_corners)
        backdrop = draw_background(face.background, self.size, face.draw("background"))
        looks = mix_looks(face, camera, backdrop)
        centre = sum(pose.eyes) / 2 + (0, -0.7, -0.4)
        gpu.shared |= looks.lights
        gpu.shared |= {
            "eye": camera.position,
            "camera": camera.matrix,
            "key_camera": _light_camera(looks.lights["key_direction"], centre, 2.7),
        }
        normals = self._body.normals(pose.body)
        self._body.move(pose.body, normals)
        done("body, lights, background")
        scene = Scene(self, face, pose, camera, looks, normals)
        done("growing hair, fitting meshes")
        scene.draw_shadows()
        done("shadows")
        scene.shade_skin()
        done("shading skin")
        self._target.use()
        self._target.clear(0, 0, 0, 1, depth=1.0)
        self._backdrop_image.write(np.ascontiguousarray(backdrop[::-1]).tobytes())
        gpu.use("backdrop")
        self._backdrop_image.use(0)
        gpu.context.disable(moderngl.DEPTH_TEST)
        self._backdrop.render(moderngl.TRIANGLE_STRIP)
        gpu.context.enable(moderngl.DEPTH_TEST)
        scene.draw()
        scene.release()
        done("drawing")
        rendering = self._read(face)
        done("label map")
        return rendering

    def _read(self, face: Face) -> Rendering:
        side = self.size * SAMPLES
        read = [
            np.frombuffer(t.read(), np.uint8).reshape(side, side, 4)[::-1]
            for t in (self._colors, self._labels)
        ]
        image = cv2.resize(read[0][..., :3], (self.size, self.size), interpolation=cv2.INTER_AREA)
        worn, bare, extra = np.moveaxis(read[1][..., :3], -1, 0)
        brows = [extra == NUMBER["l_brow"], extra == NUMBER["r_brow"]]
        brows = np.stack([majority(b.view(np.uint8), SAMPLES) for b in brows]).view(bool)
        labels = annotate(majority(np.ascontiguousarray(bare), SAMPLES), brows)
        under = None
        if face.glasses != "none":
            under = labels
            seen = put_on_glasses(worn, extra >= LENS, dark=face.glasses == "sunglasses")
            seen = annotate(majority(np.ascontiguousarray(seen), SAMPLES), brows)
            glasses = seen == NUMBER["eye_g"]
            labels = np.where(glasses, seen, under)
        if face.mirrored:
            image = np.ascontiguousarray(image[:, ::-1])
            labels = mirror(labels)
            under = None if under is None else mirror(under)
        return Rendering(image, labels, under)

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
        distance, _ = cKDTree(np.concatenate(near)).query(self.anatomy.body)
        scalp = np.clip(0.5 + self.anatomy.hairline / 0.2, 0, 1)
        return (np.clip((0.42 - distance) / 0.25, 0, 1) * scalp).astype(np.float32)

    def _grow_brow_roots(self) -> list[Roots]:
        """For every brow mesh, thinnest first, places where its texture has hair."""
        draw = np.random.default_rng(3)
        found = []
        for part in self._parts["brows"].values():
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
        normals = self._body.normals(body)
        self._body.move(body, normals)
        seen, all_ = np.zeros(len(body)), np.full(len(body), 1e-6)
        number = np.arange(96) + 0.5
        down, around = np.arccos(1 - number / 48), np.pi * (1 + 5**0.5) * number
        for direction in np.stack(
            [np.cos(around) * np.sin(down), np.cos(down), np.sin(around) * np.sin(down)], 1
        ):
            if direction[1] < -0.75:
                continue
            matrix = _light_camera(direction, np.array((0, 7, 0.3)), 2.2)
            self._shadow_target.use()
            self.gpu.context.clear(depth=1.0)
            self._body.draw("shadow", key_camera=matrix)
            depth = np.frombuffer(self._shadows.read(), np.float32).reshape(SHADOW_SIDE, -1)
            place = ((body + 0.02 * normals) @ matrix[:3, :3].T + matrix[:3, 3]) * 0.5 + 0.5
            x, y = np.clip(place[:, :2] * SHADOW_SIDE, 0, SHADOW_SIDE - 1).astype(int).T
            weight = np.clip(normals @ direction, 0, 1)
            seen += weight * (depth[y, x] + 0.004 > place[:, 2])
            all_ += weight
        return np.where(all_ > 0.5, 0.25 + 0.75 * seen / all_, 1).astype(np.float32)


def _light_camera(direction: np.ndarray, centre: np.ndarray, reach: float) -> np.ndarray:
    """Parallel view along a light, matrix (4, 4)."""
    back = np.asarray(direction, float) / np.linalg.norm(direction)
    up = np.array((0, 1.0, 0) if abs(back[1]) < 0.95 else (1.0, 0, 0))
    right = np.cross(up, back)
    right /= np.linalg.norm(right)
    matrix = np.eye(4)
    matrix[:3, :3] = right / reach, np.cross(back, right) / reach, -back / (2 * reach)
    matrix[:3, 3] = -matrix[:3, :3] @ centre
    return matrix
