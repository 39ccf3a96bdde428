"""The page is up before its model, so nothing slow may be imported for it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from served import ROOT

from facemogle.serving.early_facts import early_facts
from facemogle.serving.facts import Facts
from facemogle.weights.loading import load_pipeline

SLOW = ("torch", "diffusers", "transformers", "scipy", "matplotlib")


def run(program: str) -> str:
    command = [sys.executable, "-c", program]
    return subprocess.check_output(command, cwd=ROOT, text=True).strip()


def test_the_page_imports_nothing_of_the_model() -> None:
    """torch, diffusers and transformers take most of the start, in which nobody sees a page."""
    page = "import facemogle.ui.page, facemogle.ui.serve, facemogle.serving.early_facts, sys"
    assert run(f"{page}; print([name for name in {SLOW} if name in sys.modules])") == "[]"


def test_gradio_writes_no_stubs_for_editors() -> None:
    """They take a third of its import, and a server's packages may not be writable."""
    quick = "from facemogle.ui import quick_import as quick; quick.import_gradio()"
    home = "import gradio.component_meta as home; is_ours = home.create_or_modify_pyi(0, 0) is None"
    called = "quick.WRITER in home.ComponentMeta.__new__.__code__.co_names"
    assert run(f"{quick}; {home}; print(is_ours and {called})") == "True"


def test_a_folder_tells_what_its_model_tells() -> None:
    """The page is laid out by the first and draws what the second makes."""
    early, loaded = early_facts("mini", "cpu"), Facts.of(load_pipeline("mini", device="cpu"))
    assert early is not None
    assert replace(early, read_prompt=loaded.read_prompt) == loaded
    prompt = "A (middle-aged:1.3) woman in a zeppelin"
    assert early.read_prompt(prompt) == loaded.read_prompt(prompt)


def test_another_model_is_asked_when_it_is_loaded(tmp_path: Path) -> None:
    assert early_facts("flux", None) is None
    assert early_facts(str(tmp_path), None) is None


def test_words_are_read_while_the_model_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one thread imports transformers, another gets a package without its lazy names."""
    early = early_facts("mini", "cpu")
    whole, begun = sys.modules["transformers"], ModuleType("transformers")
    begun.__path__, begun.__spec__ = whole.__path__, whole.__spec__
    monkeypatch.setitem(sys.modules, "transformers", begun)
    assert early is not None and early.read_prompt("a woman").text == "a woman"
