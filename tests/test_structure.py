"""The house's plan, read from the imports: who may know whom."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from facemogle.__main__ import COMMANDS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "facemogle"


def module_name(file: Path) -> str:
    """Its dotted name; a folder's __init__.py bears the folder's."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(file): file for file in sorted(PACKAGE.rglob("*.py"))}


@cache
def imports(module: str) -> tuple[str, ...]:
    """Dotted names that a module imports, wherever in it; ``from a import b`` gives a.b."""
    return tuple(_imports(module))


def _imports(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(FILES[module].read_text("utf8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} imports relatively; the plan is read from full names"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_module(name: str) -> str | None:
    """The module of the package that an imported name stands in or is."""
    for candidate in (name, name.rpartition(".")[0]):
        if candidate in FILES:
            return candidate
    return None


def room(module: str) -> str:
    """The folder a module stands in; a file of the top folder is a room of its own."""
    return ".".join(module.split(".")[:2])


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Groups of names that reach each other (strongly connected, two or more), sorted."""
    reach = {name: {name} for name in arrows}
    grows = True
    while grows:
        grows = False
        for name, reached in reach.items():
            more = reached.union(*(arrows[other] for other in reached))
            if more != reached:
                reach[name], grows = more, True
    groups = {
        tuple(sorted(other for other in reach[name] if name in reach[other])) for name in arrows
    }
    return sorted(list(group) for group in groups if len(group) > 1)


def plan() -> dict[str, set[str]]:
    """By module, the package's other modules that it imports."""
    return {
        module: {own for name in imports(module) if (own := own_module(name))} - {module}
        for module in FILES
    }


def users(library: str) -> set[str]:
    """Modules that import a library."""
    return {module for module in FILES if any(within(name, library) for name in imports(module))}


def test_a_circle_is_found():
    """The search below must not be blind."""
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}
    assert circles(arrows) == [["b", "c"]]
    plain = {"facemogle.masks.label_map", "facemogle.runs.edit"}
    assert (
        plain <= plan().keys() and "facemogle.masks.label_map" in plan()["facemogle.masks.reading"]
    )


def test_no_two_modules_import_each_other():
    """A circle has no first page to read, and breaks when an import moves out of a function."""
    assert circles(plan()) == []


def test_training_and_evaluation_do_not_know_each_other():
    """What both need stands in a third place; else measuring a model would load its trainer."""
    rooms = {(room(module), room(other)) for module, others in plan().items() for other in others}
    training, evaluation = "facemogle.training", "facemogle.evaluation"
    assert rooms & {(training, evaluation), (evaluation, training)} == set()


def test_gradio_stays_in_the_page():
    """Commands, Ray's replicas and library users start without the page's seconds of imports."""
    allowed = {"facemogle.serving.zero_gpu"}
    outside = {m for m in users("gradio") if not within(m, "facemogle.ui")}
    assert outside - allowed == set()


def test_masks_are_read_without_torch():
    """Tools that only look at masks must not wait for torch."""
    masks = {m for m in FILES if within(m, "facemogle.masks")}
    assert masks & users("torch") == set()


def test_no_folder_is_called_flux():
    """diffusers takes a class from a folder of that name for its own when it loads a pipeline."""
    assert [f for f in PACKAGE.rglob("flux") if f.is_dir()] == []


def test_the_readme_lists_every_command_and_no_other():
    """It listed one that only a script of another name carried out."""
    lines = (ROOT / "README.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    named = {
        name
        for row in rows
        if "python -m facemogle" in row
        for name in re.findall(r"`(?:python -m facemogle )?([a-z-]+)`", row.split(" | ")[0])
    }
    assert named == set(COMMANDS)


def test_the_readme_shows_every_room():
    """A map that leaves out rooms sends a reader astray."""
    tree = (ROOT / "README.md").read_text().split("## The code")[1].split("##")[0]
    rooms = {f.parent.name for f in PACKAGE.glob("*/__init__.py")}
    assert {name for name in rooms if f"{name}/" not in tree} == set()
