"""Draw a face: its picture, its label map, and what lies under its glasses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import moderngl
import numpy as np
from scipy.spatial import cKDTree

from facemogle.label_map import mirror
from facemogle.render.anatomy import Anatomy, Roots
from facemogle.render.assets import AssetFolder, Fitting
from facemogle.render.backgrounds import draw_background
from facemogle.render.colors import Looks, mix_looks
from facemogle.render.cuts import CUTS, facing
from facemogle.render.face import Face
from facemogle.render.geometry import (
    Camera,
    Pose,
    place_camera,
    pose_head,
    shape_body,
    turn_eyes,
)
from facemogle.render.gpu import Gpu, SolidSurface, StrandSurface, Surface
from facemogle.render.hats import make_hat
from facemogle.render.labels import NUMBER, annotate, majority, put_on_glasses
from facemogle.render.locks import draw_grain, grow_hair
from facemogle.render.mouth import set_teeth, upper_share
from facemogle.render.skin_map import WINDOW, draw_skin_map, window_pixels
from facemogle.render.solids import make_earrings, make_glasses, make_necklace
from facemogle.render.strands import Strands, grow_beard, grow_brows, recession

SAMPLES = 3
"""Samples of a pixel along one axis."""
SHADOW_SIDE = 640
TEXTURE_SPAN = 0.097
"""Of the texture space of a face, per decimetre."""


@dataclass(frozen=True)
class Picture:
    """image: uint8 (H, W, 3) RGB. labels: uint8 (H, W). bare: the label map without glasses, or
    None for a face that wears none.
    """

    image: np.ndarray
    labels: np.ndarray
    bare: np.ndarray | None


@dataclass
class Part:
    """A fitted mesh on the graphics card. place: its vertices on the average body."""

    fitting: Fitting
    surface: Surface
    place: np.ndarray
    texture: moderngl.Texture | None


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
        self._noise = gpu.texture(_noise())
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
        self._skin_means = {p.stem: _cheek(p) for p in assets.find("skins/textures/*.png")}
        self._hair_means = {
            name: _brightness(part.fitting) for name, part in self._parts["hair"].items()
        }
        self._coverage = {
            name: self._covered(part) for name, part in self._parts["hair"].items() if part.texture
        }
        self._brow_roots = self._grow_brow_roots()

    def render(self, face: Face, done: Callable[[str], None] = lambda part: None) -> Picture:
        """Draw a face. The same face gives the same picture on the same driver.

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
        scene = _Scene(self, face, pose, camera, looks, normals)
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
        picture = self._read(face)
        done("label map")
        return picture

    def _read(self, face: Face) -> Picture:
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
        return Picture(image, labels, under)

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
        return self.gpu.texture(_read_rgba(path)[::-1])

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
            opacity = _read_rgba(part.fitting.texture)[..., 3] / 255
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


LENS = 200
"""Third label channel: a lens; lower values name the brow that is seen."""


class _Scene:
    """Everything that is drawn for one face."""

    def __init__(
        self,
        renderer: Renderer,
        face: Face,
        pose: Pose,
        camera: Camera,
        looks: Looks,
        normals: np.ndarray,
    ) -> None:
        self.r, self.face, self.pose, self.looks = renderer, face, pose, looks
        self.camera = camera
        self.gpu = renderer.gpu
        anatomy = renderer.anatomy
        draw = face.draw("worn")
        draw.random(40)
        self.shirt_out = draw.uniform(0.04, 0.075)
        self.shirt_shape = (
            draw.uniform(5.82, 6.1), -draw.uniform(0.4, 0.75),
            draw.uniform(0.3, 1) if draw.random() < 0.3 else 0.0, draw.uniform(0.74, 1.1),
        )  # fmt: skip
        self.pattern = float(draw.choice((0, 0, 0, 0, 1, 2, 3))), draw.uniform(2, 9)
        self.cloth = draw.uniform(0.3, 1), draw.uniform(0, 1) * (draw.random() < 0.6), 0.0, 0.0
        upright_normals = normals @ pose.turn  # near enough below the neck
        parts = renderer._parts

        def pick(kind: str, *starts: str) -> Part:
            names = [n for n in parts[kind] if n.startswith(starts or "")]
            part = parts[kind][str(draw.choice(names))]
            part.surface.move(part.fitting.fit(pose.body).astype(np.float32))
            return part

        self.suit = None
        if face.clothes == "suit":
            self.suit = pick("suits", "male" if face.gender == "man" else "female")
        self.teeth, self.tongue = pick("teeth"), pick("tongue")
        self.lashes = pick("lashes")
        self.eyes = parts["eyes"]["high-poly"]
        eyes = turn_eyes(
            self.eyes.fitting.fit(pose.body), self.eyes.place[:, 0] > 0, face, pose, camera
        )
        self.eyes.surface.move(eyes)
        upper = renderer._upper[self.teeth.fitting.name]
        fitted = self.teeth.fitting.fit(pose.body)
        fitted, rise = set_teeth(fitted, upper, anatomy.lips, pose)
        self.teeth.surface.move(fitted)
        tongue = self.tongue.fitting.fit(pose.body) + pose.turn @ (0, rise - 0.05, -0.12)
        self.tongue.surface.move(tongue.astype(np.float32))
        self.hat_mesh = pick("hats") if face.hat == "fedora" else None
        self.iris = str(draw.choice(looks.irises(list(renderer._irises))))

        self.strands: list[StrandSurface] = []
        self.hair_mesh = None
        color = looks.hair
        line = anatomy.hairline - recession(face, anatomy.body)
        scalp = np.clip(line / 0.14, 0, 1)
        if face.hair_cut in CUTS and face.hat != "headscarf":
            hair = grow_hair(face, anatomy, pose, upright_normals, color)
            self.strands.append(StrandSurface(self.gpu, hair))
        elif face.hair_cut not in ("bald", *CUTS):
            self.hair_mesh = parts["hair"][face.hair_cut]
            self.hair_mesh.surface.move(self._varied(self.hair_mesh))
            scalp = renderer._coverage[face.hair_cut]
        elif face.hair_cut == "bald":
            scalp = scalp * 0
        beard = grow_beard(face, anatomy, pose, upright_normals, looks.beard)
        self.beard = beard and StrandSurface(self.gpu, beard)
        body = renderer._body
        stain = np.zeros(len(body.vertices))
        if face.beard != "none":
            x, y, inside = window_pixels(body.uv)
            name = "full beard" if face.beard == "stubble" else face.beard
            stain = np.where(inside, renderer._beards[name][y, x], 0)
            stain = stain * (0.28 if face.beard == "stubble" else 0.6)
        body.cover(np.stack([scalp[body.vertices], stain], 1))
        third = len(renderer._brow_roots) // 3
        start = {"thin": 0, "medium": third, "thick": 2 * third}[face.brows]
        part, roots = renderer._brow_roots[start + int(draw.integers(third))]
        fitted = part.fitting.fit(pose.body)
        brows, left = grow_brows(roots, fitted, part.place, face, pose, looks.brows)
        self.brows = [StrandSurface(self.gpu, _some(brows, one)) for one in (left, ~left)]
        self.glasses = self.lenses = self.hat = None
        self.jewels: list[tuple[SolidSurface, str]] = []
        if face.glasses != "none":
            frame, lenses = make_glasses(face, anatomy, pose)
            self.glasses = SolidSurface(self.gpu, frame)
            self.lenses = SolidSurface(self.gpu, lenses)
        if face.earrings:
            self.jewels.append(
                (SolidSurface(self.gpu, make_earrings(face, anatomy, pose)), "ear_r")
            )
        if face.necklace:
            chain = make_necklace(face, anatomy, pose.body, normals)
            self.jewels.append((SolidSurface(self.gpu, chain), "neck_l"))
        if face.hat not in ("none", "fedora"):
            self.hat = SolidSurface(self.gpu, make_hat(face, anatomy, pose))
        kept = np.ones(len(body.triangles), bool)
        if self.suit:
            hidden = np.zeros(len(anatomy.body), bool)
            hidden[self.suit.fitting.hidden] = True
            kept = ~hidden[body.triangles].all(1)
        body.keep(kept)
        renderer._shirt.move(pose.body, normals, self.shirt_out)

    def _varied(self, part: Part) -> np.ndarray:
        """A hair mesh with more or less volume, length and bend."""
        draw = self.face.draw("hair")
        fitted = part.fitting.fit(self.pose.body)
        centre = sum(self.pose.eyes) / 2 + self.pose.turn @ (0, 0.1, -0.9)
        local = (fitted - centre) @ self.pose.turn
        far = np.linalg.norm(local, axis=1, keepdims=True)
        back = np.clip(0.9 - local[:, 2:] * 0.7, 0, 1)  # the fringe stays where it is
        local = local * (1 + draw.uniform(0.03, 0.2) * back)
        low = np.clip(-0.2 - local[:, 1], 0, None)
        local[:, 1] -= low * draw.uniform(-0.25, 0.35)
        wave, phase = draw.uniform(0, 0.09), draw.uniform(0, 6.3)
        turns = np.sin(local[:, 1] * draw.uniform(4, 9) + phase)
        local[:, [0, 2]] += (turns * wave * np.minimum(1, 2 * low))[:, None] * _from_axis(
            local, far
        )
        return (local @ self.pose.turn.T + centre).astype(np.float32)

    def draw_shadows(self) -> None:
        self.r._shadow_target.use()
        self.gpu.context.clear(depth=1.0)
        self.gpu.context.enable(moderngl.CULL_FACE)
        self.r._body.draw("shadow")
        self.gpu.context.disable(moderngl.CULL_FACE)
        if self.suit:
            self.suit.surface.draw("shadow")
        for solid in (self.glasses, self.hat, self.hat_mesh and self.hat_mesh.surface):
            if solid:
                solid.draw("shadow")
        for strands in self.strands:
            strands.draw("strand_shadow")
        if self.hair_mesh:
            self.hair_mesh.texture.use(0)
            self.hair_mesh.surface.draw("shadow", opaque_from=0.45)

    def shade_skin(self) -> None:
        """Shade the skin at half the resolution of the samples: it is what costs most, and it is
        smooth but for its edges, which come with ``draw``.

        First what its points are, then their shades in one sheet: software shades small triangles
        four pixels by four, most of them for nothing.
        """
        r, context = self.r, self.gpu.context
        r._skin_target.use()
        r._skin_target.clear()
        r._points_target.use()
        r._points_target.clear(depth=1.0)
        context.enable(moderngl.CULL_FACE)
        r._body.draw("skin_points")
        context.disable(moderngl.CULL_FACE)
        used = r._shadows, r._regions, r._paint, r._noise, r._grain, *r._points
        for number, texture in enumerate(used):
            texture.use(2 + number)
        r._skin_target.use()
        context.depth_func = ">"  # only where there is skin
        self._draw_skin()
        context.depth_func = "<"

    def draw(self) -> None:
        r, gpu, face, looks = self.r, self.gpu, self.face, self.looks
        context, target = gpu.context, r._target
        context.enable(moderngl.CULL_FACE)
        for number, texture in enumerate(r._skin):
            texture.use(number)
        r._body.draw("skin_shown")
        context.disable(moderngl.CULL_FACE)
        if self.hair_mesh:  # first, so that what it hides need not be shaded
            self.hair_mesh.texture.use(0)
            target.color_mask = (NOTHING, NOTHING)
            self.hair_mesh.surface.draw("hair_depth")
            target.color_mask = (ALL, ALL)
        for strands in self.strands:
            strands.draw("lock", label=float(NUMBER["hair"]), facing=facing(face.hair_cut))
        if self.hat:
            plain = face.hat != "beanie"
            self.hat.draw(
                "hat", tint=looks.cloths[0], tint2=looks.cloths[0 if plain else 1],
                options=(7.0 if plain else 70.0, 0.0 if plain else 0.22, 0.15 if plain else 1, 0),
            )  # fmt: skip
        if self.hat_mesh:
            options = (4.0, 0.02, 0.8, 0.0)
            self.hat_mesh.surface.draw(
                "solid", label=float(NUMBER["hat"]), tint=looks.cloths[0], options=options
            )
        if self.suit:
            self.suit.texture.use(0)
            self.suit.surface.draw("cloth", tint=looks.cloths[2], options=self.cloth)
        else:
            r._shirt.draw(
                "shirt", tint=looks.cloths[2], tint2=looks.cloths[3], options=self.shirt_shape,
                pattern=self.pattern,
            )  # fmt: skip
        r._irises[self.iris].use(0)
        self.eyes.surface.draw("eyeball", tint=(0.95, 0.93, 0.93))
        self.teeth.texture.use(0)
        self.teeth.surface.draw("mouth", tint=(1.15, 1.09, 1.0), options=(0.9, 0, 0, 0))
        self.tongue.texture.use(0)
        self.tongue.surface.draw("mouth", tint=(0.8, 0.55, 0.55), options=(0.45, 0, 0, 0))
        if self.beard:
            target.color_mask = (ALL, NOTHING)
            self.beard.draw("strand", gloss=0.5, label=0.0)
        target.color_mask = (ALL, (False, False, True, False))
        for strands, name in zip(self.brows, ("l_brow", "r_brow"), strict=True):
            strands.draw("brow", gloss=0.3, label=float(NUMBER[name]))
        target.color_mask = (ALL, NOTHING)
        self.lashes.texture.use(0)
        made_up = 1.15 if face.eyeshadow else 0.9
        self.lashes.surface.draw(
            "lash", tint=(0.012, 0.01, 0.01),
            options=(made_up if face.gender == "woman" else 0.5, 0, 0, 0),
        )  # fmt: skip
        target.color_mask = (ALL, ALL)
        for solid, name in self.jewels:
            solid.draw(
                "solid", label=float(NUMBER[name]), tint=looks.metal, options=(40, 0.9, 0, 0)
            )
        if self.hair_mesh:
            self.hair_mesh.texture.use(0)
            context.depth_func = "=="
            mean = r._hair_means[face.hair_cut]
            self.hair_mesh.surface.draw(
                "hair", tint=looks.hair, tint2=looks.hair_ends, options=(mean, 0, 0, 0)
            )
            context.depth_func = "<"
        if self.glasses:
            self._draw_glasses()

    def _draw_skin(self) -> None:
        r, face, looks = self.r, self.face, self.looks
        first, second, share = looks.skins(sorted(r._skins))
        r._skins[first].use(0)
        r._skins[second].use(1)
        mean = r._skin_means[first] * (1 - share) + r._skin_means[second] * share
        age = np.clip((face.years - 30) / 45, 0, 1)
        bald = {"bald": 0.0, "buzz": 0.92}.get(face.hair_cut, 1.0)
        distance = np.linalg.norm(self.camera.position - sum(self.pose.eyes) / 2)
        pixels = np.linalg.norm(self.camera.matrix[0, :3]) / distance * r._skin_target.width / 2
        self.gpu.use(
            "skin", texture_step=TEXTURE_SPAN / pixels, mixture=share,
            gain=looks.skin / mean, hair_color=looks.hair, beard_color=looks.beard,
            lipstick=looks.lipstick, eyeshadow=looks.eyeshadow,
            blush=looks.blush, options=(1.0, age, float(face.freckles), bald),
        )  # fmt: skip
        r._skin_quad.render(moderngl.TRIANGLE_STRIP)

    def _draw_glasses(self) -> None:
        """Last, and not into the second label channel: that shows what lies under them."""
        r, looks, context = self.r, self.looks, self.gpu.context
        dark = self.face.glasses == "sunglasses"
        r._target.color_mask = (ALL, (True, False, False, False))
        self.glasses.draw(
            "solid", label=float(NUMBER["eye_g"]), tint=looks.frame, options=(30, 0.4, 0, 0)
        )
        context.enable(moderngl.BLEND)
        context.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA
        r._target.depth_mask = False
        r._target.color_mask = (ALL, (False, False, True, False))
        self.lenses.draw(
            "lens", tint=looks.lens if dark else (0.36, 0.42, 0.5),
            options=(*looks.lens_options, 0) if dark else (0.05, 0.5, 0, 0),
        )  # fmt: skip
        r._target.depth_mask = True
        r._target.color_mask = (ALL, ALL)
        context.disable(moderngl.BLEND)

    def release(self) -> None:
        solids = [self.glasses, self.lenses, self.hat, *(solid for solid, _ in self.jewels)]
        for thing in (*solids, self.beard, *self.strands, *self.brows):
            if thing:
                thing.release()


ALL, NOTHING = (True,) * 4, (False,) * 4


def _from_axis(local: np.ndarray, far: np.ndarray) -> np.ndarray:
    """Directions away from the head's axis, (N, 2)."""
    return local[:, [0, 2]] / np.maximum(far, 0.3)


def _some(strands: Strands, chosen: np.ndarray) -> Strands:
    return Strands(
        *(v[chosen] for v in (strands.points, strands.normals, strands.colors, strands.widths))
    )


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


def _noise(side: int = 256) -> np.ndarray:
    """Two channels of smooth noise that tile."""
    draw = np.random.default_rng(0)
    channels = []
    for _ in range(2):
        white = np.tile(draw.random((side, side)).astype(np.float32), (3, 3))
        value = np.zeros_like(white)
        for share, width in ((1, 0.8), (0.8, 2)):
            blurred = cv2.GaussianBlur(white, (0, 0), width)
            value += share * (blurred - blurred.mean()) / blurred.std()
        value = value[side : 2 * side, side : 2 * side]
        channels.append(np.clip(value / value.std() * 0.19 + 0.5, 0, 1) * 255)
    return np.dstack(channels).astype(np.uint8)


def _read_rgba(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise ValueError(f"{path} is no picture; get it anew.")
    if picture.ndim == 2:
        return cv2.cvtColor(picture, cv2.COLOR_GRAY2RGBA)
    to = cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGBA
    return cv2.cvtColor(picture, to)


def _cheek(path: Path) -> np.ndarray:
    """Mean linear colour of a skin texture at the cheek, (3,)."""
    picture = _read_rgba(path)
    side = picture.shape[0]
    cheek = picture[int(0.4 * side) : int(0.47 * side), int(0.865 * side) : int(0.885 * side), :3]
    return ((cheek / 255.0) ** 2).reshape(-1, 3).mean(0)


def _brightness(fitting: Fitting) -> float:
    """Mean linear brightness of a hair texture where it is opaque."""
    if fitting.texture is None:
        return 0.1
    picture = _read_rgba(fitting.texture)
    hair = (picture[..., :3][picture[..., 3] > 128] / 255.0) ** 2
    return float((hair @ (0.3, 0.5, 0.2)).mean()) if len(hair) else 0.1
