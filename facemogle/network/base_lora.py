"""LoRAs of the base model, by diffusers' own loader and PEFT.

Their terms sit on the base model's layers, which text, image and condition tokens share, so they
act on all streams alike; the condition stream's own terms stay beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from diffusers.loaders.lora_pipeline import FluxLoraLoaderMixin
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import CLIPTextModel

from facemogle.network.lora import CONDITION_METHOD, flux_targets
from facemogle.transformer import FaceMoGLETransformer


class BaseLoRAMixin(FluxLoraLoaderMixin):
    """`FluxLoraLoaderMixin`, for which a refused file changes nothing."""

    transformer: FaceMoGLETransformer
    text_encoder: CLIPTextModel
    _trainable: Sequence[nn.Parameter] = ()

    def load_lora_weights(
        self,
        pretrained_model_name_or_path_or_dict: Any,
        adapter_name: str | None = None,
        hotswap: bool = False,
        **kwargs: Any,
    ) -> None:
        """Add a LoRA of the base model, as FluxPipeline's method of this name does.

        pretrained_model_name_or_path_or_dict: hub id, folder, file, or tensors by name.
        kwargs: `weight_name`, the file's name, and others of diffusers.
        Raises ValueError for a file of another base model or of the condition stream's own terms.
        """
        source = pretrained_model_name_or_path_or_dict
        name = kwargs.get("weight_name") or ".safetensors"
        if not name.endswith(".safetensors"):
            raise ValueError(f"weight_name is {name!r}: give a .safetensors file, no pickled one.")
        kwargs["use_safetensors"] = True  # without, diffusers opens a pickled file if there is one
        try:
            tensors: Any = self.lora_state_dict(source, return_alphas=True, **kwargs)[0]
        except SafetensorError as error:
            raise ValueError(f"{source} is damaged or no safetensors file ({error}).") from error
        check_base_lora(self.transformer, tensors)
        if any(getattr(part, "fused_projections", False) for part in self.transformer.modules()):
            raise ValueError(
                "The transformer's projections are fused and would ignore a LoRA: call "
                "transformer.unfuse_qkv_projections() first."
            )
        before = self._adapter_names()
        if not before:  # PEFT freezes all others, with which a CPU rounds otherwise
            parts = self.transformer, self.text_encoder
            self._trainable = [w for part in parts for w in part.parameters() if w.requires_grad]
        try:
            super().load_lora_weights(source, adapter_name, hotswap, **kwargs)
        except Exception:  # whatever it was, none of the file's terms may stay
            if new := self._adapter_names() - before:
                self.delete_adapters(sorted(new))
            if not before:
                self.unload_lora_weights()
            raise

    def unload_lora_weights(self, *arguments: Any, **options: Any) -> None:
        """Remove all LoRAs of the base model, which then is what it was before the first."""
        super().unload_lora_weights(*arguments, **options)
        for weight in self._trainable:
            weight.requires_grad_(True)
        self._trainable = ()

    def _adapter_names(self) -> set[str]:
        return {name for names in self.get_list_adapters().values() for name in names}


def check_base_lora(transformer: FaceMoGLETransformer, tensors: Mapping[str, Tensor]) -> None:
    """Pass if a LoRA's tensors, named as diffusers names them, fit the base model.

    Raises ValueError, also for the condition stream's own terms.
    """
    own = [name for name in tensors if name.startswith(("transformer.", "text_encoder."))]
    if not own:
        example = f", e.g. {min(tensors)}" if tensors else ""
        raise ValueError(
            f"None of the file's {len(tensors)} tensors{example}, is a LoRA term of this model: "
            "give a LoRA of its base model."
        )
    layers = {}
    for name in own:
        path, is_term, matrix = name.removeprefix("transformer.").partition(".lora_")
        if name.startswith("transformer.") and is_term:
            layers.setdefault(path, {})[matrix] = tuple(tensors[name].shape)
    if layers.keys() == flux_targets(transformer).keys():
        raise ValueError(
            "The file holds the condition stream's own terms of a Face-MoGLE model, not a LoRA of "
            f"the base model: load it with {CONDITION_METHOD}."
        )
    for path, shapes in layers.items():
        _check_layer(transformer, path, shapes)


def _check_layer(
    transformer: FaceMoGLETransformer, path: str, shapes: Mapping[str, tuple[int, ...]]
) -> None:
    """shapes: of the layer's matrices "A.weight", (rank, in), and "B.weight", (out, rank)."""
    try:
        layer: Any = transformer.get_submodule(path)
        needed = {"A.weight": (1, layer.in_features), "B.weight": (0, layer.out_features)}
    except AttributeError:
        raise ValueError(
            f"The LoRA has terms for {path}, and this model has no such linear layer: it belongs "
            "to another base model."
        ) from None
    for matrix, (axis, width) in needed.items():
        shape = shapes.get(matrix)
        if shape is not None and (len(shape) != 2 or shape[axis] != width):
            raise ValueError(
                f"The LoRA's {path}.lora_{matrix} has shape {shape}, and the layer is "
                f"{layer.in_features} wide at its input and {layer.out_features} at its output: it "
                "belongs to another base model."
            )
