"""Low-rank terms that act on the condition stream only, and the file format they are published in.

They are modules of their own, added beside the base weights' results: nothing is injected into the
base model, so its layers may be shared between streams, threads and quantisers.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from diffusers.loaders.lora_base import LORA_ADAPTER_METADATA_KEY
from diffusers.loaders.lora_base import LORA_WEIGHT_NAME_SAFE as LORA_FILE
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

CONDITION_METHOD = "load_condition_lora"
BASE_METHOD = "load_lora_weights"
"""Methods of the pipeline that load the condition stream's terms, and LoRAs of the base model."""

OFFICIAL_PREFIX = "transformer."
DOUBLE_BLOCK_TARGETS = (
    "norm1.linear",
    "attn.to_q",
    "attn.to_k",
    "attn.to_v",
    "attn.to_out.0",
    "ff.net.2",
)
SINGLE_BLOCK_TARGETS = (
    "norm.linear",
    "proj_mlp",
    "proj_out",
    "attn.to_q",
    "attn.to_k",
    "attn.to_v",
)


class LowRank(nn.Module):
    """x -> scale * B A x; zero at first, since B starts at zero."""

    def __init__(self, in_features: int, out_features: int, rank: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.lora_A = nn.Linear(in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, out_features, bias=False)
        nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_B.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * self.lora_B(self.lora_A(x))


class ConditionLoRA(nn.Module):
    """A low-rank term for each linear layer of FLUX that the condition stream passes.

    targets: the layers by their path in the transformer, e.g. `transformer_blocks.0.attn.to_q`.
    rank: 0 = no terms at all. alpha: scale times rank; None = rank.
    """

    def __init__(
        self, targets: Mapping[str, nn.Linear], rank: int, alpha: float | None = None
    ) -> None:
        super().__init__()
        self.rank = rank
        self.alpha = rank if alpha is None else alpha
        self._by_block: defaultdict[str, dict[str, LowRank]] = defaultdict(dict)
        for path, linear in targets.items() if rank else ():
            term = LowRank(linear.in_features, linear.out_features, rank, self.alpha / rank)
            # Not nested like the path: adapter libraries find their targets by the path's ending.
            self.add_module(path.replace(".", "__"), term)
            block, name = _split_path(path)
            self._by_block[block][name] = term

    def terms(self, block: str) -> Mapping[str, LowRank]:
        """The terms of one block by the layer's path inside it; block "" is the model itself."""
        return self._by_block.get(block, {})

    def official_state_dict(self) -> dict[str, Tensor]:
        """Tensors under their published names, `transformer.<layer>.lora_A.weight`."""
        return {
            OFFICIAL_PREFIX + name.replace("__", "."): tensor.detach().contiguous()
            for name, tensor in self.state_dict().items()
        }

    def load_official_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Inverse of `official_state_dict`.

        Raises ValueError when layers or shapes do not match, and then changes nothing.
        """
        expected = self.official_state_dict()
        for title, names in (
            ("lacks", expected.keys() - tensors.keys()),
            ("has unknown", tensors.keys() - expected.keys()),
        ):
            if names:
                raise ValueError(
                    f"The file of the condition stream's terms {title} {len(names)} "
                    f"tensor{'s' * (len(names) > 1)}, e.g. {min(names)}: it belongs to another "
                    "base model or another choice of layers. A LoRA of the base model is loaded "
                    f"with {BASE_METHOD}."
                )
        for name, tensor in expected.items():
            if tensors[name].shape != tensor.shape:
                raise ValueError(
                    f"The file's {name} has shape {tuple(tensors[name].shape)}, the model needs "
                    f"{tuple(tensor.shape)}: it belongs to another base model."
                )
        for name, tensor in self.state_dict().items():
            tensor.copy_(tensors[OFFICIAL_PREFIX + name.replace("__", ".")])

    def save(self, folder: str | Path) -> Path:
        """Write `pytorch_lora_weights.safetensors` in the published layout."""
        path = Path(folder) / LORA_FILE
        adapter = {"transformer.r": self.rank, "transformer.lora_alpha": self.alpha}
        metadata = {"format": "pt", LORA_ADAPTER_METADATA_KEY: json.dumps(adapter)}
        save_file(self.official_state_dict(), path, metadata=metadata)
        return path


def read_official_lora(path: str | Path) -> tuple[dict[str, Tensor], int, float | None]:
    """Tensors, rank and alpha (None = rank) of a LoRA file, or of the one in a folder.

    Raises ValueError for a file that holds no such tensors, OSError if there is none.
    """
    path = Path(path)
    path = path / LORA_FILE if path.is_dir() else path
    try:
        tensors = load_file(path)
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or no safetensors file ({error}).") from error
    rank = the_rank(path, {name: tensor.shape for name, tensor in tensors.items()})
    adapter = json.loads(metadata.get(LORA_ADAPTER_METADATA_KEY, "{}"))
    return tensors, rank, adapter.get("transformer.lora_alpha")


def the_rank(path: Path, shapes: Mapping[str, Sequence[int]]) -> int:
    """The only rank of a LoRA file's tensors. Raises ValueError if they have several, or none."""
    ranks = {shape[0] for name, shape in shapes.items() if ".lora_A." in name and len(shape)}
    if len(ranks) != 1:
        raise ValueError(
            f"{path} must hold LoRA tensors of one rank, it has the ranks {sorted(ranks)}: give "
            f"the file of the Face-MoGLE weights. A LoRA of the base model is loaded with "
            f"{BASE_METHOD}."
        )
    return ranks.pop()


def flux_targets(transformer: FluxTransformer2DModel) -> dict[str, nn.Linear]:
    """The layers that Face-MoGLE adapts, by path in the transformer."""
    paths = ["x_embedder"]
    for blocks, targets in (
        ("transformer_blocks", DOUBLE_BLOCK_TARGETS),
        ("single_transformer_blocks", SINGLE_BLOCK_TARGETS),
    ):
        for index in range(len(getattr(transformer, blocks))):
            paths += [f"{blocks}.{index}.{target}" for target in targets]
    return {path: cast(nn.Linear, transformer.get_submodule(path)) for path in paths}


def _split_path(path: str) -> tuple[str, str]:
    """`transformer_blocks.0.attn.to_q` -> (`transformer_blocks.0`, `attn.to_q`)."""
    if "blocks." not in path:
        return "", path
    blocks, index, name = path.split(".", 2)
    return f"{blocks}.{index}", name
