"""What makes a step of `mini` quicker on this CPU: a measurement, run by hand on an idle machine.

    pip install onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 openvino==2026.4.1
    python tests/cpu_backends.py

Prints a line for each: milliseconds (median), how many times as fast as the step as it is run, and
how far the velocity is from that one's, as a share of its root mean square. The usual step is timed
before and after each, as a machine's speed may drift. What is not installed, or fails, is a line
that says so. torch.compile needs a C++ compiler and a minute each time.
"""

from __future__ import annotations

import copy
import importlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
import torch._inductor.config as inductor
from served import TEMPLATES
from torch import Tensor, nn

from facemogle.weights.loading import load_pipeline

REPEATS = 15
Step = Callable[[], Tensor]


class Flat(nn.Module):
    """A transformer as what exporters take: a tensor for each input, and one that comes out."""

    def __init__(self, transformer: nn.Module, given: dict[str, Any]) -> None:
        super().__init__()
        self.transformer, self.given = transformer, given
        self.names = [name for name, value in given.items() if isinstance(value, Tensor)]

    def tensors(self) -> tuple[Tensor, ...]:
        return tuple(self.given[name].clone() for name in self.names)

    def forward(self, *tensors: Tensor) -> Tensor:
        named = dict(zip(self.names, tensors, strict=True))
        return self.transformer(**{**self.given, **named})[0]


def second_step() -> Flat:
    """The transformer with what it is given in the second step of a face."""
    pipeline = load_pipeline("mini", device="cpu")
    pipeline.set_progress_bar_config(disable=True)
    seen: list[dict[str, Any]] = []
    hook = pipeline.transformer.register_forward_pre_hook(
        lambda _, __, given: seen.append(given), with_kwargs=True
    )
    seed = torch.Generator().manual_seed(0)
    pipeline("a woman with long black hair", TEMPLATES / "long_hair.png", generator=seed)
    hook.remove()
    return Flat(pipeline.transformer, seen[1])


def ways(flat: Flat, onnx: Path) -> Iterator[tuple[str, Callable[[], Step]]]:
    """Names, and what prepares a step."""
    yield "as it is run, float32", lambda: partial(flat, *flat.tensors())
    for dtype in (torch.bfloat16, torch.float16):
        yield str(dtype).removeprefix("torch."), partial(in_dtype, flat, dtype)
    yield "int8 by torch, dynamic", partial(int8_by_torch, flat)
    yield "onnxruntime, float32", partial(by_onnxruntime, flat, onnx)
    yield "onnxruntime, int8, dynamic", partial(by_onnxruntime, flat, onnx, is_int8=True)
    yield "OpenVINO, float32", partial(by_openvino, flat, onnx)
    yield "torch.compile, block by block", partial(compiled, flat, is_whole=False)
    yield "torch.compile, whole", partial(compiled, flat)
    yield "the same with frozen weights", partial(compiled, flat, has_frozen_weights=True)


def in_dtype(flat: Flat, dtype: torch.dtype) -> Step:
    model = copy.deepcopy(flat.transformer).to(dtype)
    given = {
        name: value.to(dtype) if isinstance(value, Tensor) and value.is_floating_point() else value
        for name, value in flat.given.items()
    }
    return lambda: model(**given)[0]


def int8_by_torch(flat: Flat) -> Step:
    from torch.ao.quantization import quantize_dynamic

    model = quantize_dynamic(copy.deepcopy(flat), {nn.Linear}, torch.qint8)
    return partial(model, *flat.tensors())


def exported(flat: Flat, onnx: Path) -> Path:
    importlib.import_module("onnxscript")
    if not onnx.exists():
        torch.onnx.export(flat, flat.tensors(), onnx, dynamo=True, verbose=False)
    return onnx


def by_onnxruntime(flat: Flat, onnx: Path, is_int8: bool = False) -> Step:
    import onnxruntime  # pyright: ignore[reportMissingImports]

    exported(flat, onnx)
    if is_int8:
        from onnxruntime.quantization import quantize_dynamic  # pyright: ignore[reportMissingImports]

        wide, onnx = onnx, onnx.with_name("int8.onnx")
        only = {"op_types_to_quantize": ["MatMul", "Gemm"], "per_channel": True}
        quantize_dynamic(wide, onnx, extra_options={"MatMulConstBOnly": True}, **only)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]
    given = {name: x.numpy() for name, x in zip(names, flat.tensors(), strict=True)}
    return lambda: torch.from_numpy(session.run(None, given)[0])


def by_openvino(flat: Flat, onnx: Path) -> Step:
    import openvino  # pyright: ignore[reportMissingImports]

    core = openvino.Core()
    core.set_property({"INFERENCE_NUM_THREADS": torch.get_num_threads()})
    request = core.compile_model(exported(flat, onnx), "CPU").create_infer_request()
    given = [tensor.numpy() for tensor in flat.tensors()]
    return lambda: torch.from_numpy(next(iter(request.infer(given).values())).copy())


def compiled(flat: Flat, *, is_whole: bool = True, has_frozen_weights: bool = False) -> Step:
    torch._dynamo.reset()
    inductor.freezing = has_frozen_weights
    if is_whole:
        return partial(torch.compile(flat), *flat.tensors())
    model = copy.deepcopy(flat)
    model.transformer.compile_repeated_blocks(fullgraph=True)  # type: ignore[operator]
    return partial(model, *flat.tensors())


def milliseconds(step: Step) -> list[float]:
    found = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        step()
        found.append(1000 * (time.perf_counter() - start))
    return found


@torch.no_grad()  # and not inference_mode, in which weights are not frozen
def main() -> None:
    print("| a step | ms | times as fast | off by |\n|---|---|---|---|", flush=True)
    flat = second_step()
    usual = partial(flat, *flat.tensors())
    expected = usual()
    with tempfile.TemporaryDirectory() as folder:
        for name, prepare in ways(flat, Path(folder) / "step.onnx"):
            try:
                step = prepare()
                off = (step().float() - expected).square().mean() / expected.square().mean()
                before = milliseconds(usual)
                taken = statistics.median(milliseconds(step))
                usually = statistics.median(before + milliseconds(usual))
            except Exception as error:  # the next one may still work
                said = f"{type(error).__name__}: {error}".partition("\n")[0]
                print(f"| {name} | {said} | | |", flush=True)
                continue
            faster = usually / taken
            print(f"| {name} | {taken:.0f} | {faster:.2f} | {off.sqrt():.0e} |", flush=True)


if __name__ == "__main__":
    main()
