"""A face's body: morphs, the turn of its head, its eyes, and the camera on it.

Points are float32 (..., 3) in decimetres; ``body`` holds all vertices of the base mesh, helper
vertices too, because fitted meshes refer to those.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from facemogle.render.assets import AssetFolder
from facemogle.render.face import Face

RACES = ("african", "asian", "caucasian")
LEFT_EYE, RIGHT_EYE = slice(13606, 13614), slice(13614, 13622)
CORNEA = 0.39
"""Where the cornea's centre of curvature lies before the eyeball's, in radii of the eyeball."""
NECK_JOINT, HEAD_JOINT, MOUTH_JOINT = slice(14534, 14542), slice(14070, 14078), slice(14590, 14598)


@dataclass(frozen=True)
class Pose:
    """A turned head. body: after the turn. upright: before it. turn: (3, 3). pivot: of the turn."""

    body: np.ndarray
    upright: np.ndarray
    turn: np.ndarray
    pivot: np.ndarray

    def to_world(self, points: np.ndarray) -> np.ndarray:
        """Points of the upright head, turned with it."""
        return ((points - self.pivot) @ self.turn.T + self.pivot).astype(np.float32)

    @property
    def eyes(self) -> tuple[np.ndarray, np.ndarray]:
        """Centres of the left and the right eye."""
        return self.body[LEFT_EYE].mean(0), self.body[RIGHT_EYE].mean(0)

    @property
    def between_eyes(self) -> np.ndarray:
        """The middle of their centres."""
        left, right = self.eyes
        return (left + right) / 2


@dataclass(frozen=True)
class Camera:
    """matrix: (4, 4), world to clip space, cropped. position: (3,). axes: (3, 3), rows right, up
    and backward.
    """

    matrix: np.ndarray
    position: np.ndarray
    axes: np.ndarray

    def direction(self, azimuth: float, elevation: float) -> np.ndarray:
        """Direction in the world of degrees from the camera's view: 0, 0 is from the camera."""
        a, e = np.radians((azimuth, elevation))
        return self.axes.T @ (np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e))


def macros(
    age: float, male: float, muscle: float, weight: float, races: dict[str, float]
) -> list[tuple[str, float]]:
    """Morphs that make a person of the base mesh, and their weights.

    age: 0.5 = 25 years, 1 = 90 years. The others from 0 to 1; races sum to 1.
    """
    old = max(0.0, 2 * age - 1)
    ages = {"young": 1 - old, "old": old}
    genders = {"male": male, "female": 1 - male}
    muscles, weights = _thirds("muscle", muscle), _thirds("weight", weight)
    found = []
    for (a, share_a), (g, share_g) in product(ages.items(), genders.items()):
        for race, share in races.items():
            found.append((f"macrodetails/{race}-{g}-{a}", share * share_g * share_a))
        for (m, share_m), (w, share_w) in product(muscles.items(), weights.items()):
            share = share_g * share_a * share_m * share_w
            found.append((f"macrodetails/universal-{g}-{a}-{m}-{w}", share))
    return [(name, share) for name, share in found if share > 1e-3]


def average_body(assets: AssetFolder) -> np.ndarray:
    """The body on which regions and hair roots are defined."""
    body = assets.base.vertices.copy()
    for name, weight in macros(0.5, 0.5, 0.5, 0.5, dict.fromkeys(RACES, 1 / 3)):
        assets.targets.add(body, name, weight)
    return body


def shape_body(assets: AssetFolder, face: Face) -> np.ndarray:
    """Morph the base mesh to a face with its expression."""
    body = assets.base.vertices.copy()
    age = 0.5 + (face.years - 25) / 130
    for name, weight in macros(age, face.male, face.muscle, face.weight, face.races):
        assets.targets.add(body, name, weight)
    for name, weight in face.targets.items():
        assets.targets.add(body, name, weight)
    for name, weight in face.units.items():
        for race, share in face.races.items():
            assets.targets.add(body, f"expression/units/{race}/{name}", weight * share)
    return body


def pose_head(body: np.ndarray, face: Face) -> Pose:
    """Turn the head on the neck, smoothly along it; the camera makes the rest of the yaw."""
    draw = face.draw("pose")
    yaw = -face.yaw if face.mirrored else face.yaw
    pitch, roll = np.clip(draw.normal(0, (5, 4)), -10, 10)
    axis = np.radians((pitch, np.clip(0.45 * yaw + draw.normal(0, 8), -26, 26), roll))
    angle = float(np.linalg.norm(axis))
    axis = axis / max(angle, 1e-6)
    neck, head = body[NECK_JOINT].mean(0), body[HEAD_JOINT].mean(0)
    pivot = (neck + head) / 2
    share = smooth_step(neck[1] - 0.15, head[1] - 0.25, body[:, 1])[:, None] * angle
    arm = body - pivot
    along = (arm @ axis)[:, None] * axis
    turned = along + (arm - along) * np.cos(share) + np.cross(axis, arm) * np.sin(share)
    return Pose((turned + pivot).astype(np.float32), body, rotation(axis, angle), pivot)


def place_camera(face: Face, pose: Pose, mouth_corners: np.ndarray) -> Camera:
    """Look at the head and crop as CelebA-HQ does: by eyes and mouth.

    mouth_corners: two vertices of the body.
    """
    draw = face.draw("pose")
    draw.normal(size=3)  # drawn by pose_head
    yaw = -face.yaw if face.mirrored else face.yaw
    head_yaw = np.arctan2(pose.turn[0, 2], pose.turn[2, 2])
    head_pitch = np.arctan2(-pose.turn[1, 2], np.hypot(pose.turn[0, 2], pose.turn[2, 2]))
    left, right = pose.eyes
    target = (left + right) / 4 + pose.body[MOUTH_JOINT].mean(0) / 2
    distance = draw.uniform(9, 24)
    pitch = np.radians(face.pitch) - head_pitch * 0.5
    axes = rotation((1, 0, 0), pitch) @ rotation((0, 1, 0), np.radians(yaw) - head_yaw)
    view = np.eye(4)
    view[:3, :3] = axes
    view[:3, 3] = -axes @ target
    view[2, 3] -= distance
    near, far = distance * 0.4, distance + 8
    lens = np.diag((1.0, 1.0, -(far + near) / (far - near), 0))
    lens[2, 3], lens[3, 2] = -2 * far * near / (far - near), -1
    matrix = lens @ view

    def project(point: np.ndarray) -> np.ndarray:
        clip = matrix @ (*point, 1)
        return clip[:2] / clip[3]

    forward = pose.turn @ (0, 0, 0.17)
    first, second = project(right + forward), project(left + forward)
    mouth = project(pose.body[mouth_corners].mean(0))
    across, down = second - first, mouth - (first + second) / 2
    axis = across + _quarter(down)
    axis /= np.linalg.norm(axis)
    half = max(np.linalg.norm(across) * 2.0, np.linalg.norm(down) * 1.8) * draw.uniform(0.9, 1.04)
    centre = (first + second) / 2 + 0.1 * down + draw.uniform(-0.03, 0.03, 2) * half
    angle = np.radians(face.roll)
    axis = axis @ ((np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle)))
    crop = np.array([axis, _quarter(axis)]) / half
    matrix[:2] = crop @ matrix[:2] - np.outer(crop @ centre, matrix[3])
    return Camera(matrix, target + axes.T @ (0, 0, distance), axes)


def turn_eyes(
    eyes: np.ndarray, left: np.ndarray, face: Face, pose: Pose, camera: Camera
) -> tuple[np.ndarray, np.ndarray]:
    """Turn each eyeball about its own centre to where the face looks.

    eyes: (N, 3) on the posed body. left: bool (N,), of the left eye. Returns float32 (N, 3), and
    the centres of curvature of the corneas, left first, (2, 3).
    """
    if face.gaze == "camera":
        aim = pose.turn.T @ (camera.position - pose.between_eyes)
        across = np.arctan2(aim[0], aim[2])
        up = np.arctan2(aim[1], np.hypot(aim[0], aim[2]))
    else:
        across, up = {"left": (-1, 0), "right": (1, 0), "up": (0, 1), "down": (0, -1)}[face.gaze]
        across, up = 0.36 * across * (-1 if face.mirrored else 1), 0.2 * up
    look = rotation((0, 1, 0), np.clip(across, -0.42, 0.42)) @ rotation(
        (1, 0, 0), -np.clip(up, -0.2, 0.2)
    )
    turn = pose.turn @ look @ pose.turn.T
    eyes, ahead, corneas = eyes.copy(), pose.turn @ look @ (0, 0, 1), []
    for one in (left, ~left):
        low, high = eyes[one].min(0), eyes[one].max(0)
        centre = (high + low) / 2
        eyes[one] = (eyes[one] - centre) @ turn.T + centre
        corneas.append(centre + CORNEA * (high - low).mean() / 2 * ahead)
    return eyes.astype(np.float32), np.array(corneas)


def rotation(axis: np.ndarray | tuple[float, ...], angle: float) -> np.ndarray:
    """Matrix (3, 3) that turns by an angle in radians about an axis."""
    x, y, z = np.asarray(axis, float) / max(np.linalg.norm(axis), 1e-9)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def parallel_view(direction: np.ndarray, centre: np.ndarray, reach: float) -> np.ndarray:
    """Parallel view along a light, matrix (4, 4)."""
    back = np.asarray(direction, float) / np.linalg.norm(direction)
    up = np.array((0, 1.0, 0) if abs(back[1]) < 0.95 else (1.0, 0, 0))
    right = np.cross(up, back)
    right /= np.linalg.norm(right)
    matrix = np.eye(4)
    matrix[:3, :3] = right / reach, np.cross(back, right) / reach, -back / (2 * reach)
    matrix[:3, 3] = -matrix[:3, :3] @ centre
    return matrix


def smooth_step(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 up to low, 1 from high on, smooth between."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) of length 1; zero stays zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def _thirds(name: str, share: float) -> dict[str, float]:
    most, least = max(0.0, 2 * share - 1), max(0.0, 1 - 2 * share)
    return {f"max{name}": most, f"min{name}": least, f"average{name}": 1 - most - least}


def _quarter(vector: np.ndarray) -> np.ndarray:
    return np.array([-vector[1], vector[0]])
