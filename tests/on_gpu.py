"""All that is to be measured on a GPU, within six minutes: run by hand.

    python tests/on_gpu.py --out on_gpu.md
    python tests/on_gpu.py --out on_gpu.md --tiny       # rehearsed on a CPU, with tiny models

Writes a line for each thing as soon as it is known: seconds, the most memory beside the models, or
why it could not be done. What would begin too late is left out, and said so.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from diffusers.hooks import FirstBlockCacheConfig
from reference_arrays import FIXTURES, Case, load_case
from reference_run import with_unshifted_schedule
from served import ROOT, TEMPLATES
from torch import nn

from facemogle.bench.memory import peak_memory
from facemogle.bench.parts import Parts
from facemogle.bench.random_flux import TRANSFORMER, VAE, random_pipeline, random_text
from facemogle.masks.reading import read_mask
from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.transformer import FaceMoGLETransformer
from facemogle.weights import fitting
from facemogle.weights.loading import load_pipeline

LONGEST = 360.0
CASE = "case_render_128_s4_seed42.npz"
ATTENTION = ("native", "_native_cudnn", "_native_flash", "flash", "sage")
SHALLOW = {"num_layers": 4, "num_single_layers": 8}
"""A fifth of FLUX.1-dev's depth, for what has to go through files."""
MOST_OFF = {"float32": 1e-3, "bfloat16": 5e-2, "float16": 1e-2}
"""Difference of the first velocity from the reference's by that, both as root mean squares."""


@dataclass(frozen=True)
class Setting:
    """Where and how large. dtype: of the models of FLUX's shape. sizes: of images, pixels. steps:
    of one.
    """

    device: torch.device
    dtype: torch.dtype
    transformer: dict[str, Any]
    vae: dict[str, Any]
    sizes: tuple[int, int]
    steps: int
    repeats: int


def setting(is_tiny: bool) -> Setting:
    if not is_tiny:
        return Setting(torch.device("cuda"), torch.bfloat16, TRANSFORMER, VAE, (512, 1024), 28, 5)
    small = {"num_layers": 1, "num_single_layers": 2, "num_attention_heads": 1}
    vae = {**VAE, "block_out_channels": (32,) * 4}
    narrow = {**TRANSFORMER, **small}  # a CPU may have to emulate bfloat16
    return Setting(torch.device("cpu"), torch.float32, narrow, vae, (64, 128), 2, 1)


class Notes:
    """Lines of the report, written as they come; what fails becomes one."""

    def __init__(self, path: Path) -> None:
        self._began, self._file, self.failed = time.monotonic(), path.open("w"), False

    def write(self, line: str) -> None:
        print(line, file=self._file, flush=True)
        print(line, flush=True)

    def do(self, name: str, seconds: float, work: Callable[[], Any]) -> None:
        """Do something that takes about so long, if there is time; it may fail."""
        began = time.monotonic()
        if began - self._began + seconds > LONGEST:
            self.write(f"- {name}: left out, {seconds:.0f} s would be too late")
            return
        try:
            work()
        except Exception as error:  # the next thing may still work
            self.failed = True
            said = str(error).strip().partition("\n")[0][:160]
            self.write(f"- {name}: FAILED, {type(error).__name__}: {said}")
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        print(f"  ({name}: {time.monotonic() - began:.1f} s)", flush=True)


def seconds_of(call: Callable[[], Any], where: Setting) -> float:
    """Median, after one to warm up."""
    found = []
    for _ in range(where.repeats + 1):
        if where.device.type == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        call()
        if where.device.type == "cuda":
            torch.cuda.synchronize()
        found.append(time.perf_counter() - start)
    return statistics.median(found[1:])


def cost(call: Callable[[], Any], where: Setting) -> str:
    """Seconds and peak memory, as text."""
    seconds, peak = seconds_of(call, where), peak_memory(call, where.device)
    return f"{seconds:.3f} s" + ("" if peak is None else f", {peak:.0f} MiB more at most")


def parity(notes: Notes, where: Setting) -> None:
    """The reference's first velocity, on this device in each dtype."""
    for name, most in MOST_OFF.items():
        notes.do(f"parity in {name}", 15, partial(compare, notes, where, name, most))


@torch.no_grad()
def compare(notes: Notes, where: Setting, name: str, most: float) -> None:
    """name: of the dtype. most: share of the velocity that the difference may be.

    In half precision the inputs are rounded too, and FLUX reads a guidance of 3.5 as 3.504 in
    bfloat16, to which random weights answer with another velocity. So there the same rounded
    inputs in float32 are what is compared with, which itself is held to the reference.
    """
    case, dtype = load_case(CASE), getattr(torch, name)
    expected = case["noise_pred"][0]
    if dtype != torch.float32:
        expected = first_velocity(case, torch.float32, torch.device("cpu"), dtype)
    off = first_velocity(case, dtype, where.device, dtype) - expected.astype(np.float64)
    share = float(np.sqrt((off**2).mean() / (expected.astype(np.float64) ** 2).mean()))
    notes.write(f"- parity in {name}: {share:.1e} of the velocity, at most {most:.0e}")
    assert share <= most, f"{share:.1e} is past {most:.0e}"


def first_velocity(
    case: Case, dtype: torch.dtype, device: torch.device, rounded: torch.dtype
) -> np.ndarray:
    """Of the reference's inputs, rounded, in a dtype: float64 (N, C).

    The first step: what follows multiplies its rounding, in a tiny random model many times.
    """
    height, width = case["label_map"].shape
    pipeline = load_pipeline(
        FIXTURES / "tiny_flux",
        face_mogle=FIXTURES / "tiny_face_mogle",
        device=str(device),
        torch_dtype=dtype,
    )
    given = ("initial_latents", "prompt_embeds", "pooled_prompt_embeds", "condition_latents")
    tensors: dict[str, Any] = {
        one.removeprefix("initial_"): torch.from_numpy(case[one]).to(rounded).to(device, dtype)
        for one in given
    }
    thousandfold = torch.as_tensor(1000 * float(case["guidance_scale"])).to(rounded)
    first = next(
        with_unshifted_schedule(pipeline).stream(
            guidance_scale=float(thousandfold) / 1000,
            height=height,
            width=width,
            sigmas=case["sigmas"][:-1].tolist(),
            timesteps=case["timesteps"].tolist(),
            **tensors,
        )
    )
    return first.velocity[0].double().cpu().numpy()


def parts_of(pipeline: FaceMoGLEPipeline, size: int, where: Setting) -> Parts:
    label_map = read_mask(TEMPLATES / "long_hair.png", size=(size, size)).label_map
    return Parts(pipeline, label_map, where.steps, random_text(pipeline))


def fresh(where: Setting, **change: Any) -> FaceMoGLEPipeline:
    """Random weights."""
    config = {**where.transformer, **change}
    return random_pipeline(where.device, where.dtype, config, where.vae)


@torch.no_grad()
def flux(notes: Notes, where: Setting) -> None:
    """A model of FLUX.1-dev's size: whole images, an edit, and what makes steps quicker."""
    pipeline, large = fresh(where), where.sizes[1]
    transformer = pipeline.transformer
    for size in where.sizes:
        notes.do(f"flux-dev at {size}", 60, partial(images, notes, where, pipeline, size))
    parts = parts_of(pipeline, large, where)

    def by(name: str) -> None:
        transformer.set_attention_backend(name)
        notes.write(f"- attention by {name}, a step at {large}: {cost(parts.step, where)}")

    def cache() -> None:
        transformer.enable_cache(FirstBlockCacheConfig(0.1))
        seconds = cost(lambda: parts.image(parts.label_map), where)
        image = np.asarray(parts.image(parts.label_map), float)
        error = np.abs(image - parts.before.image).mean() / 255
        notes.write(f"- first-block cache 0.1 at {large}: {seconds}; {error:.4f} off in the mean")
        transformer.disable_cache()

    def fuse() -> None:
        transformer.fuse_qkv_projections()
        notes.write(f"- --fuse, a step at {large}: {cost(parts.step, where)}")

    def compiled() -> None:
        transformer.compile_repeated_blocks(fullgraph=True)
        start = time.perf_counter()
        parts.step()
        first = time.perf_counter() - start
        notes.write(f"- --fuse --compile, first step {first:.0f} s, then {cost(parts.step, where)}")

    for name in ATTENTION:
        notes.do(f"attention by {name}", 5, partial(by, name))
    transformer.set_attention_backend("native")
    notes.do("first-block cache", 20, cache)
    notes.do("--fuse", 10, fuse)
    notes.do("--compile", 60, compiled)


def images(notes: Notes, where: Setting, pipeline: FaceMoGLEPipeline, size: int) -> None:
    parts = parts_of(pipeline, size, where)
    calls = {
        "ours": partial(parts.image, parts.label_map),
        "plain": parts.plain_image,
        "an edit": parts.edit,
        "a step": parts.step,
    }
    for name, call in calls.items():
        notes.write(f"- flux-dev at {size}, {name}: {cost(call, where)}")


@torch.no_grad()
def smaller(notes: Notes, where: Setting) -> None:
    """Weights of fewer bits, and weights that wait off the GPU."""
    from torchao.quantization import Float8WeightOnlyConfig, Int8WeightOnlyConfig, quantize_

    large = where.sizes[1]

    def quantised(name: str, config: Any) -> None:
        pipeline = fresh(where)
        quantize_(pipeline.transformer, config, filter_fn=is_quantised)
        step = parts_of(pipeline, large, where).step
        notes.write(f"- --quantize {name}, a step at {large}: {cost(step, where)}")
        note_weights(notes, where)

    def waiting(kind: fitting.Offload) -> None:
        pipeline = fresh(where).to("cpu")
        fitting.offload(pipeline, where.device, kind)
        parts = parts_of(pipeline, large, where)
        image = cost(partial(parts.image, parts.label_map), where)
        notes.write(f"- --offload {kind}, an image at {large}: {image}")

    def nf4() -> None:
        pipeline = fresh(where, **SHALLOW)
        with tempfile.TemporaryDirectory() as folder:
            pipeline.transformer.save_pretrained(folder)
            chosen = fitting.quantisation_config("nf4", where.device, torch.bfloat16)
            quantisation = chosen.quant_mapping["transformer"]
            pipeline.transformer = FaceMoGLETransformer.from_pretrained(
                folder, dtype=torch.bfloat16, quantization_config=quantisation
            )
        step = parts_of(pipeline, large, where).step
        notes.write(f"- --quantize nf4, a fifth of the depth, a step: {cost(step, where)}")
        note_weights(notes, where)

    for name, config in {"int8": Int8WeightOnlyConfig(), "fp8": Float8WeightOnlyConfig()}.items():
        notes.do(f"--quantize {name}", 25, partial(quantised, name, config))
    if where.device.type == "cuda":
        notes.do("--offload model", 40, partial(waiting, "model"))
        notes.do("--offload group", 40, partial(waiting, "group"))
        notes.do("--quantize nf4", 40, nf4)


def is_quantised(module: nn.Module, name: str) -> bool:
    """As `fitting` has it."""
    return isinstance(module, nn.Linear) and not any(kept in name for kept in fitting.KEPT)


def note_weights(notes: Notes, where: Setting) -> None:
    if where.device.type == "cuda":
        notes.write(f"  - weights on the GPU: {torch.cuda.memory_allocated() / 2**30:.1f} GiB")


def mini(notes: Notes, where: Setting) -> None:
    """The whole bench."""
    run = ["facemogle", "bench", "--config", "mini", "--device", str(where.device)]
    repeats = ["--repeats", str(where.repeats)]
    notes.do("mini", 60, lambda: notes.write(shell(60, "-m", *run, *repeats)))


def replicas(notes: Notes, where: Setting) -> None:
    """Two of mini on one GPU: Ray is told of two, and each replica sees the one that there is."""
    told = "--num-gpus=2" if where.device.type == "cuda" else "--num-cpus=2"
    ray = str(Path(sys.executable).parent / "ray")
    own = {**os.environ, "RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES": "1"}
    load = ["tests/load.py", "--visitors", "4", "--minutes", "0.3", "--replicas", "2"]

    def visit() -> None:
        start = [ray, "start", "--head", told, "--include-dashboard=false"]
        subprocess.run(start, env=own, check=True, capture_output=True)
        try:
            notes.write(shell(90, *load, RAY_ADDRESS="auto"))
        finally:
            subprocess.run([ray, "stop"], check=False, capture_output=True)

    notes.do("replicas", 90, visit)


def shell(seconds: float, *arguments: str, **environment: str) -> str:
    """What a command of Python's says. Raises AssertionError with its last word if it fails."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=2 * seconds,
    )
    assert done.returncode == 0, (done.stdout + done.stderr).strip().rpartition("\n")[2]
    return f"```\n{done.stdout.strip()}\n```"


PARTS: dict[str, Callable[[Notes, Setting], None]] = {
    "parity": parity,
    "mini": mini,
    "flux": flux,
    "smaller": smaller,
    "replicas": replicas,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("on_gpu.md"))
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--only", choices=PARTS, action="append", help="(default: all)")
    arguments = parser.parse_args()
    where, notes = setting(arguments.tiny), Notes(arguments.out)
    name = torch.cuda.get_device_name() if where.device.type == "cuda" else "cpu"
    notes.write(f"{name}, torch {torch.__version__}, {where.steps} steps")
    for part in arguments.only or PARTS:
        PARTS[part](notes, where)
    raise SystemExit(notes.failed)


if __name__ == "__main__":
    main()
