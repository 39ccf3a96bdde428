"""Draw a face: its image, its label map, and what lies under its glasses."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import moderngl
import numpy as np

from facemogle.masks.label_map import mirror
from facemogle.render.assets import AssetFolder
from facemogle.render.backgrounds import draw_background
from facemogle.render.colors import mix_lights, mix_looks
from facemogle.render.face import Face
from facemogle.render.geometry import parallel_view, place_camera, pose_head, shape_body
from facemogle.render.labels import NUMBER, annotate, majority, put_on_glasses
from facemogle.render.rendering import Rendering
from facemogle.render.scene import Scene
from facemogle.render.stage import SAMPLES, Stage

LENS = 200
"""Third label channel: a lens; lower values name the brow that is seen."""


class Renderer:
    """Draws faces, one at a time, size x size pixels.

    Raises AssetError if an asset is missing, and an error of moderngl without OpenGL 3.3.
    """

    def __init__(self, assets: AssetFolder, size: int) -> None:
        self.stage = Stage(assets, size)

    def render(self, face: Face, done: Callable[[str], None] = lambda part: None) -> Rendering:
        """Draw a face. The same face gives the same image on the same driver.

        done: is told the name of each part of the work when it is done.
        """
        stage, gpu = self.stage, self.stage.gpu
        upright = shape_body(stage.assets, face)
        pose = pose_head(upright, face)
        camera = place_camera(face, pose, stage.anatomy.mouth_corners)
        backdrop = draw_background(face.background, stage.size, face.draw("background"))
        looks, lights = mix_looks(face), mix_lights(face, camera, backdrop)
        centre = pose.between_eyes + np.array((0, -0.7, -0.4))
        gpu.shared |= lights
        gpu.shared |= {
            "eye": camera.position,
            "camera": camera.matrix,
            "key_camera": parallel_view(lights["key_direction"], centre, 2.7),
        }
        normals = stage.body.normals(pose.body)
        stage.body.move(pose.body, normals)
        done("body, lights, background")
        scene = Scene(stage, face, pose, camera, looks, normals)
        done("growing hair, fitting meshes")
        scene.draw_shadows()
        done("shadows")
        scene.shade_skin()
        done("shading skin")
        stage.target.use()
        stage.target.clear(0, 0, 0, 1, depth=1.0)
        stage.backdrop_image.write(np.ascontiguousarray(backdrop[::-1]).tobytes())
        gpu.use("backdrop")
        stage.backdrop_image.use(0)
        gpu.context.disable(moderngl.DEPTH_TEST)
        stage.backdrop.render(moderngl.TRIANGLE_STRIP)
        gpu.context.enable(moderngl.DEPTH_TEST)
        scene.draw()
        scene.release()
        done("drawing")
        rendering = self._read(face)
        done("label map")
        return rendering

    def _read(self, face: Face) -> Rendering:
        stage = self.stage
        side = stage.size * SAMPLES
        read = [
            np.frombuffer(t.read(), np.uint8).reshape(side, side, 4)[::-1]
            for t in (stage.colors, stage.labels)
        ]
        image = cv2.resize(read[0][..., :3], (stage.size, stage.size), interpolation=cv2.INTER_AREA)
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
