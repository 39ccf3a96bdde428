"""A folder that would fail on a Hugging Face Space is refused before it is uploaded."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from facemogle.__main__ import main
from facemogle.commands import space_check

ROOT = Path(__file__).resolve().parent.parent
FACTS = {
    "title": "Faces",
    "sdk": "gradio",
    "sdk_version": "6.31.0",
    "python_version": '"3.11"',
    "app_file": "app.py",
    "license": "apache-2.0",
}
PAGE = """
import http.server, os
port = int(os.environ["GRADIO_SERVER_PORT"])
http.server.test(http.server.SimpleHTTPRequestHandler, port=port, bind="127.0.0.1")
"""


def make_space(folder: Path, app: str = PAGE, **changes: str | None) -> Path:
    facts = {name: value for name, value in (FACTS | changes).items() if value is not None}
    lines = "\n".join(f"{name}: {value}" for name, value in facts.items())
    (folder / "README.md").write_text(f"---\n{lines}\n---\n# Faces\n")
    (folder / "requirements.txt").write_text("gradio==6.31.0\nnumpy==2.4.6  # arrays\n")
    (folder / "app.py").write_text(textwrap.dedent(app))
    return folder


def test_this_repository_is_a_space() -> None:
    """The front matter drifts away from requirements.txt whenever gradio is updated."""
    assert list(space_check.check_files(ROOT)) == []


def test_a_sound_folder_has_no_complaints(tmp_path) -> None:
    assert list(space_check.check_files(make_space(tmp_path))) == []


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("sdk_version", "5.0.0", "says sdk_version: 5.0.0. Make it 6.31.0"),
        ("sdk", "docker", "says sdk: docker. Make it gradio"),
        ("sdk", None, "has no sdk. Add a line sdk: gradio"),
        ("license", None, "has no license"),
        ("title", None, "has no title"),
        ("app_file", "main.py", "main.py, which is not there"),
        ("python_version", None, "gives Python 3.10"),
        ("python_version", '"3.9"', "gives Python 3.9"),
        ("short_description", "x" * 61, "61 characters"),
    ],
)
def test_wrong_front_matter_is_named(tmp_path, name, value, complaint) -> None:
    """The hub answers each of these minutes later, in a build log."""
    complaints = list(space_check.check_files(make_space(tmp_path, **{name: value})))
    assert len(complaints) == 1 and complaint in complaints[0]


@pytest.mark.parametrize("line", ["torch", "torch>=2", "torch==2.*", "git+https://x.org/torch"])
def test_versions_must_be_pinned(tmp_path, line) -> None:
    """A Space is built again after a restart, with whatever is newest by then."""
    folder = make_space(tmp_path)
    with (folder / "requirements.txt").open("a") as file:
        file.write(f"{line}\n")
    (complaint,) = space_check.check_files(folder)
    assert repr(line) in complaint


def test_a_large_folder_is_refused_but_git_does_not_count(tmp_path, monkeypatch) -> None:
    folder = make_space(tmp_path)
    monkeypatch.setattr(space_check, "MAX_BYTES", 10_000)
    (folder / ".git").mkdir()
    (folder / ".git" / "pack").write_bytes(bytes(20_000))
    assert list(space_check.check_files(folder)) == []
    (folder / "weights.safetensors").write_bytes(bytes(20_000))
    (complaint,) = space_check.check_files(folder)
    assert "model repository" in complaint


def test_another_folder_is_no_space(tmp_path, capsys) -> None:
    assert main(["space-check", str(tmp_path)]) == 2
    assert "has no README.md and no requirements.txt" in capsys.readouterr().err


def test_a_page_that_opens_passes(tmp_path, capsys) -> None:
    assert main(["space-check", str(make_space(tmp_path))]) == 0
    assert "ready" in capsys.readouterr().out


@pytest.mark.parametrize(
    "call",
    [
        'import urllib.request; urllib.request.urlopen("http://example.org")',
        'import socket; socket.create_connection(("192.0.2.1", 80))',
    ],
)
def test_a_page_that_needs_the_network_is_refused(tmp_path, call) -> None:
    """Such a page opens on its author's machine only."""
    complaints = list(space_check.check_start(make_space(tmp_path, app=f"{call}\n{PAGE}")))
    assert len(complaints) == 1 and "network is not to be used" in complaints[0]
