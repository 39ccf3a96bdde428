"""What programs can call: ``/generate``, ``/edit``, ``/parse``; with ``--mcp`` they are tools too.

Their docstrings are what a caller reads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr
from PIL import Image

from facemogle.masks.label_map import index_png
from facemogle.photo.hub import PARSERS
from facemogle.ui.desk import Desk
from facemogle.ui.photos import Photos


def add_endpoints(desk: Desk, photos: Photos, default_steps: int, **queue: Any) -> None:
    """Publish the endpoints, with components as only these move files in and out.

    queue: Gradio's arguments for the line that they wait in.
    """
    with gr.Row(visible=False):
        given = gr.File(label="Image", type="binary")  # gr.Image would decode it first
        mask = gr.File(label="Mask", type="binary")
        new_mask = gr.File(label="New mask", type="binary")
        prompt = gr.Textbox(label="Prompt")
        seed = gr.Number(0, label="Seed")  # with a precision, 1.5 would become 2 in silence
        steps = gr.Number(default_steps, label="Steps")
        strength = gr.Number(1.0, label="Strength")
        mute = gr.Textbox("", label="Mute")
        expert_strengths = gr.Textbox("", label="Expert strengths")
        parser = gr.Dropdown(PARSERS, value=PARSERS[0], label="Parser", allow_custom_value=True)
        result = gr.Image(label="Image", type="pil", format="png")
        trace = gr.File(label="Trace")
        labels = gr.File(label="Label map")
        button = gr.Button()

    def generate(
        mask: bytes,
        prompt: str,
        seed: int,
        steps: int,
        mute: str,
        expert_strengths: str,
        request: gr.Request,
    ) -> tuple[Image.Image, str]:
        """Make an image of a face from a mask of its regions and a prompt.

        Args:
            mask: PNG of the 19 CelebAMask-HQ regions, of any size: indices, or palette colours.
            prompt: what the face looks like, such as "a woman with long black hair, smiling".
            seed: of the noise, 0 to 2^63-1; the same seed gives the same image.
            steps: denoising steps, 1 to 100; more take longer.
            mute: optional; regions that are hidden from all experts, such as "hair, l_eye".
            expert_strengths: optional; factors, 0 to 100, on the experts' weights, such as
                "global=0.5, l_eye=2".

        Returns:
            The image, and the gate weights of all steps (npz: times, gate_weights, grid).
        """
        image, weights = desk.make(mask, prompt, seed, steps, mute, expert_strengths, request)
        path = _fresh(trace, "trace.npz")
        weights.save(path)
        return image, str(path)

    def edit(
        image: bytes,
        mask: bytes,
        new_mask: bytes,
        prompt: str,
        seed: int,
        steps: int,
        strength: float,
        mute: str,
        expert_strengths: str,
        request: gr.Request,
    ) -> tuple[Image.Image, str]:
        """Change an image of a face where its new mask differs from its mask; all else stays.

        Args:
            image: file of an image with the face that is to be edited, of any size.
            mask: its mask, PNG of the 19 CelebAMask-HQ regions; /parse reads one from an image.
            new_mask: the same mask, changed where the face is to change.
            prompt: what the face looks like.
            seed: of the noise, 0 to 2^63-1.
            steps: denoising steps, 1 to 100.
            strength: over 0, up to 1; less makes fewer steps and stays closer to what was there.
            mute: as of /generate.
            expert_strengths: as of /generate.

        Returns:
            The image, and the gate weights of all steps (npz: times, gate_weights, grid).
        """
        asked = (prompt, seed, steps, strength, mute, expert_strengths)
        edited, weights = desk.alter(image, mask, new_mask, *asked, request)
        path = _fresh(trace, "trace.npz")
        weights.save(path)
        return edited, str(path)

    def parse(image: bytes, parser: str, request: gr.Request) -> str:
        """Read the mask of a face, its 19 CelebAMask-HQ regions, from an image.

        Args:
            image: file of an image with a face; of several the largest is read.
            parser: embedded, for rendered faces and those made here, or hub, for photographs.

        Returns:
            An indexed PNG of the upright image's size: the indices are the labels, 0 to 18.
        """
        path = _fresh(labels, "mask.png")
        path.write_bytes(index_png(desk.read(photos, image, parser, request)))
        return str(path)

    words, experts = [prompt, seed, steps], [mute, expert_strengths]
    made = [result, trace]
    button.click(generate, [mask, *words, *experts], made, api_name="generate", **queue)
    changed = [given, mask, new_mask, *words, strength, *experts]
    button.click(edit, changed, made, api_name="edit", **queue)
    button.click(parse, [given, parser], labels, api_name="parse", **queue)


def _fresh(file: gr.File, name: str) -> Path:
    """A place in Gradio's cache, where a file is served from and deleted with the rest."""
    path = Path(file.GRADIO_CACHE) / uuid4().hex / name
    path.parent.mkdir(parents=True)
    return path
