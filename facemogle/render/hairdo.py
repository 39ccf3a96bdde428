"""A face's scalp hair on the graphics card: locks or a mesh, bangs, and single hairs."""

from __future__ import annotations

import numpy as np

from facemogle.render.colors import Looks
from facemogle.render.cuts import (
    CUTS,
    PARTING,
    Cut,
    Fall,
    Flow,
    bangs_of,
    facing,
    has_parting,
    parting,
)
from facemogle.render.face import Face
from facemogle.render.flyaways import grow_flyaways, grow_wisps
from facemogle.render.geometry import Pose
from facemogle.render.gpu import StrandSurface
from facemogle.render.labels import NUMBER
from facemogle.render.locks import grow_hair
from facemogle.render.stage import ALL, NOTHING, Part, Stage
from facemogle.render.strands import recession

FREE_HAIRLINE = ("ponytail01", "short04")
"""Meshes that are combed away from the forehead."""
SHORTEST = 0.3
"""Decimetres: shorter hair lies so close that no hairs leave it."""


class Hairdo:
    """Grown for one face; ``release`` it after drawing.

    scalp: how much hair colours the skin, by vertex of the body, (V,). parting: how far to the
    left it is, and half its width, which is 0 where there is none.
    """

    def __init__(
        self, stage: Stage, face: Face, pose: Pose, normals: np.ndarray, looks: Looks
    ) -> None:
        self.stage, self.face, self.pose, self.looks = stage, face, pose, looks
        self._locks: list[tuple[StrandSurface, Cut]] = []
        self._single: list[StrandSurface] = []
        self._mesh: Part | None = None
        self.parting = parting(face), 0.0
        bare, name = face.hat == "none", face.hair_cut
        line = stage.anatomy.hairline - recession(face, stage.anatomy.body)
        self.scalp = np.clip(line / 0.14, 0, 1)
        if name in CUTS and face.hat != "headscarf":
            self._grow(CUTS[name], normals)
            self.parting = parting(face), PARTING / 2 * has_parting(CUTS[name])
        elif name not in ("bald", *CUTS):
            self._mesh = stage.parts["hair"][name]
            mesh = self._varied(self._mesh)
            self._mesh.surface.move(mesh)
            self.scalp = stage.coverage[name]
            if bare:
                self._loosen(mesh)
        elif name == "bald":
            self.scalp = self.scalp * 0
        if bare and name in (*CUTS, *FREE_HAIRLINE):
            wisps = grow_wisps(face, stage.anatomy, pose, normals, looks.hair)
            self._single.append(StrandSurface(stage.gpu, wisps))
        if face.bangs:
            self._grow(bangs_of(name), normals)

    def draw_shadow(self) -> None:
        """Into the map of shadows."""
        for strands, _ in self._locks:
            strands.draw("strand_shadow")
        if self._mesh:
            self._mesh.show()
            self._mesh.surface.draw("shadow", opaque_from=0.45)

    def draw(self) -> None:
        """The locks; of a mesh only its depth, so that what it hides need not be shaded."""
        if self._mesh:
            self._mesh.show()
            self.stage.write_to(NOTHING, NOTHING)
            self._mesh.surface.draw("hair_depth")
            self.stage.write_to(ALL, ALL)
        for strands, cut in self._locks:
            strands.draw("lock", label=float(NUMBER["hair"]), facing=facing(cut))

    def finish(self) -> None:
        """What lies over other things: the mesh's colours, and single hairs."""
        stage = self.stage
        if self._mesh:
            self._mesh.show()
            stage.gpu.context.depth_func = "=="
            mean = stage.hair_means[self.face.hair_cut]
            self._mesh.surface.draw(
                "hair", tint=self.looks.hair, tint2=self.looks.hair_ends, options=(mean, 0, 0, 0)
            )
            stage.gpu.context.depth_func = "<"
        stage.write_to(ALL, NOTHING)  # single hairs are too thin for a label of their own
        for strands in self._single:
            strands.draw("strand", gloss=0.5, label=0.0)
        stage.write_to(ALL, ALL)

    def release(self) -> None:
        """Give the memory back."""
        for strands in (*self._single, *(strands for strands, _ in self._locks)):
            strands.release()

    def _grow(self, cut: Cut, normals: np.ndarray) -> None:
        hair = grow_hair(self.face, cut, self.stage.anatomy, self.pose, normals, self.looks.hair)
        self._locks.append((StrandSurface(self.stage.gpu, hair), cut))
        long = isinstance(cut, Fall) or (isinstance(cut, Flow) and cut.length > SHORTEST)
        if long and self.face.hat == "none":
            self._loosen(hair.points.reshape(-1, 3))

    def _loosen(self, hair: np.ndarray) -> None:
        flyaways = grow_flyaways(hair, self.face, self.pose, self.looks.hair)
        self._single.append(StrandSurface(self.stage.gpu, flyaways))

    def _varied(self, part: Part) -> np.ndarray:
        """A hair mesh with more or less volume, length and bend."""
        draw = self.face.draw("hair")
        fitted = part.fitting.fit(self.pose.body)
        centre = self.pose.between_eyes + self.pose.turn @ (0, 0.1, -0.9)
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


def _from_axis(local: np.ndarray, far: np.ndarray) -> np.ndarray:
    """Directions away from the head's axis, (N, 2)."""
    return local[:, [0, 2]] / np.maximum(far, 0.3)
