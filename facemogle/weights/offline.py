"""Why a download from the Hugging Face hub is not possible."""

from __future__ import annotations

from huggingface_hub import constants


def no_download_remedy() -> str:
    """What a person may do about a failed download, as the beginning of a sentence."""
    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set, which forbids downloads: unset it"
    return "Check the network connection"
