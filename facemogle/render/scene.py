"""Everything that is drawn for one face, in the order in which it is drawn."""

from __future__ import annotations

import moderngl
import numpy as np

from facemogle.render.colors import FRAMES, Looks
from facemogle.render.face import Face
from facemogle.render.geometry import Camera, Pose, turn_eyes
from facemogle.render.gpu import SolidSurface, StrandSurface
from facemogle.render.hairdo import Hairdo
from facemogle.render.hats import make_hat
from facemogle.render.labels import NUMBER
from facemogle.render.mouth import round_teeth, set_teeth
from facemogle.render.skin_map import window_pixels
from facemogle.render.solids import make_earrings, make_glasses, make_necklace
from facemogle.render.stage import ALL, NOTHING, Part, Stage
from facemogle.render.strands import Strands, grow_beard, grow_brows

TEXTURE_SPAN = 0.097
"""Of the texture space of a face, per decimetre."""
WORN, THIRD = (True, False, False, False), (False, False, True, False)
"""Channels of the labels: what is worn, and brows and lenses."""


class Scene:
    """Everything that is drawn for one face."""

    def __init__(
        self,
        stage: Stage,
        face: Face,
        pose: Pose,
        camera: Camera,
        looks: Looks,
        normals: np.ndarray,
    ) -> None:
        self.stage, self.face, self.pose, self.looks = stage, face, pose, looks
        self.camera = camera
        self.gpu = stage.gpu
        anatomy = stage.anatomy
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
        parts = stage.parts

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
        eyes, self.corneas = turn_eyes(
            self.eyes.fitting.fit(pose.body), self.eyes.place[:, 0] > 0, face, pose, camera
        )
        self.eyes.surface.move(eyes)
        upper = stage.upper[self.teeth.fitting.name]
        fitted = self.teeth.fitting.fit(pose.body)
        fitted, rise = set_teeth(fitted, upper, anatomy.lips, pose)
        rounded = round_teeth(self.teeth.surface.normals(fitted), self.teeth.place, pose)
        self.teeth.surface.move(fitted, rounded)
        tongue = self.tongue.fitting.fit(pose.body) + pose.turn @ (0, rise - 0.05, -0.12)
        self.tongue.surface.move(tongue.astype(np.float32))
        self.hat_mesh = pick("hats") if face.hat == "fedora" else None
        self.iris = str(draw.choice(looks.irises(list(stage.irises))))

        self.hair = Hairdo(stage, face, pose, upright_normals, looks)
        beard = grow_beard(face, anatomy, pose, upright_normals, looks.beard)
        self.beard = beard and StrandSurface(self.gpu, beard)
        body = stage.body
        stain = np.zeros(len(body.vertices))
        if face.beard != "none":
            x, y, inside = window_pixels(body.uv)
            name = "full beard" if face.beard == "stubble" else face.beard
            stain = np.where(inside, stage.beards[name][y, x], 0)
            stain = stain * (0.28 if face.beard == "stubble" else 0.6)
        body.cover(np.stack([self.hair.scalp[body.vertices], stain], 1))
        third = len(stage.brow_roots) // 3
        start = {"thin": 0, "medium": third, "thick": 2 * third}[face.brows]
        part, roots = stage.brow_roots[start + int(draw.integers(third))]
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
            kept = np.logical_not(hidden[body.triangles].all(1))
        body.keep(kept)
        stage.shirt.move(pose.body, normals, self.shirt_out)

    def draw_shadows(self) -> None:
        self.stage.shadow_target.use()
        self.gpu.context.clear(depth=1.0)
        self.gpu.context.enable(moderngl.CULL_FACE)
        self.stage.body.draw("shadow")
        self.gpu.context.disable(moderngl.CULL_FACE)
        if self.suit:
            self.suit.surface.draw("shadow")
        for solid in (self.glasses, self.hat, self.hat_mesh and self.hat_mesh.surface):
            if solid:
                solid.draw("shadow")
        self.hair.draw_shadow()

    def shade_skin(self) -> None:
        """Shade the skin at half the resolution of the samples: it is what costs most, and it is
        smooth but for its edges, which come with ``draw``.

        First what its points are, then their shades in one sheet: software shades small triangles
        four pixels by four, most of them for nothing.
        """
        stage, context = self.stage, self.gpu.context
        stage.skin_target.use()
        stage.skin_target.clear()
        stage.points_target.use()
        stage.points_target.clear(depth=1.0)
        context.enable(moderngl.CULL_FACE)
        stage.body.draw("skin_points")
        context.disable(moderngl.CULL_FACE)
        used = (
            stage.shadows, stage.regions, stage.paint, stage.noise, stage.grain, *stage.points,
            stage.pores,
        )  # fmt: skip
        for number, texture in enumerate(used):
            texture.use(2 + number)
        stage.skin_target.use()
        context.depth_func = ">"  # only where there is skin
        self._draw_skin()
        context.depth_func = "<"

    def draw(self) -> None:
        stage, gpu, face, looks = self.stage, self.gpu, self.face, self.looks
        context = gpu.context
        context.enable(moderngl.CULL_FACE)
        for number, texture in enumerate(stage.skin):
            texture.use(number)
        stage.body.draw("skin_shown")
        context.disable(moderngl.CULL_FACE)
        self.hair.draw()
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
            self.suit.show()
            self.suit.surface.draw("cloth", tint=looks.cloths[2], options=self.cloth)
        else:
            stage.shirt.draw(
                "shirt", tint=looks.cloths[2], tint2=looks.cloths[3], options=self.shirt_shape,
                pattern=self.pattern,
            )  # fmt: skip
        stage.irises[self.iris].use(0)
        left, right = self.corneas
        self.eyes.surface.draw(
            "eyeball", tint=(0.95, 0.93, 0.93), left_cornea=left, right_cornea=right
        )
        self.teeth.show()
        self.teeth.surface.draw("mouth", tint=looks.enamel, options=(0.85, 1, 0, 0))
        self.tongue.show()
        self.tongue.surface.draw("mouth", tint=(0.8, 0.55, 0.55), options=(0.45, 0, 0, 0))
        if self.beard:
            stage.write_to(ALL, NOTHING)
            self.beard.draw("strand", gloss=0.5, label=0.0)
        stage.write_to(ALL, THIRD)
        for strands, name in zip(self.brows, ("l_brow", "r_brow"), strict=True):
            strands.draw("brow", gloss=0.3, label=float(NUMBER[name]))
        stage.write_to(ALL, NOTHING)
        self.lashes.show()
        made_up = 1.15 if face.eyeshadow else 0.9
        self.lashes.surface.draw(
            "lash", tint=(0.012, 0.01, 0.01),
            options=(made_up if face.gender == "woman" else 0.5, 0, 0, 0),
        )  # fmt: skip
        stage.write_to(ALL, ALL)
        for solid, name in self.jewels:
            solid.draw(
                "solid", label=float(NUMBER[name]), tint=looks.metal, options=(40, 0.9, 0, 0)
            )
        self.hair.finish()
        if self.glasses and self.lenses:
            self._draw_glasses(self.glasses, self.lenses)

    def _draw_skin(self) -> None:
        stage, face, looks = self.stage, self.face, self.looks
        first, second, share = looks.skins(sorted(stage.skins))
        stage.skins[first].use(0)
        stage.skins[second].use(1)
        mean = stage.skin_means[first] * (1 - share) + stage.skin_means[second] * share
        age = np.clip((face.years - 30) / 45, 0, 1)
        grain = face.draw("shape").uniform(0.5, 1.05) * (1.1 if face.gender == "man" else 0.9)
        bald = {"bald": 0.0, "buzz": 0.92}.get(face.hair_cut, 1.0)
        distance = np.linalg.norm(self.camera.position - self.pose.between_eyes)
        pixels = np.linalg.norm(self.camera.matrix[0, :3]) / distance * stage.skin_target.width / 2
        self.gpu.use(
            "skin", texture_step=TEXTURE_SPAN / pixels, mixture=share,
            parting=self.hair.parting, gain=looks.skin / mean,
            hair_color=looks.hair, beard_color=looks.beard,
            lipstick=looks.lipstick, eyeshadow=looks.eyeshadow,
            blush=looks.blush, options=(grain, age, float(face.freckles), bald),
        )  # fmt: skip
        stage.skin_quad.render(moderngl.TRIANGLE_STRIP)

    def _draw_glasses(self, frame: SolidSurface, lenses: SolidSurface) -> None:
        """Last, and not into the second label channel: that shows what lies under them."""
        stage, looks, context = self.stage, self.looks, self.gpu.context
        dark = self.face.glasses == "sunglasses"
        stage.write_to(ALL, WORN)
        tint = FRAMES[looks.frame]
        frame.draw("solid", label=float(NUMBER["eye_g"]), tint=tint, options=(30, 0.4, 0, 0))
        context.enable(moderngl.BLEND)
        context.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA
        stage.target.depth_mask = False
        stage.write_to(ALL, THIRD)
        lenses.draw(
            "lens", tint=looks.lens if dark else (0.36, 0.42, 0.5),
            options=(*looks.lens_options, 0) if dark else (0.05, 0.5, 0, 0),
        )  # fmt: skip
        stage.target.depth_mask = True
        stage.write_to(ALL, ALL)
        context.disable(moderngl.BLEND)

    def release(self) -> None:
        solids = [self.glasses, self.lenses, self.hat, *(solid for solid, _ in self.jewels)]
        for thing in (*solids, self.hair, self.beard, *self.brows):
            if thing:
                thing.release()


def _some(strands: Strands, chosen: np.ndarray) -> Strands:
    return Strands(
        *(v[chosen] for v in (strands.points, strands.normals, strands.colors, strands.widths))
    )
