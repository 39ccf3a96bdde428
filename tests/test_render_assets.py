"""Readers of MakeHuman's files, on made-up ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facemogle.render.assets import AssetError, AssetFolder, Fitting, Targets, read_fitting

OBJ = """v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
vt 0 0
vt 1 0
vt 1 1
g body
f 1/1 2/2 3/3 4/1
g tip
f 1/1 2/2 3/3
"""

MHCLO = """# a comment
x_scale 0 1 2.0
obj_file hat.obj
material hat.mhmat
verts 0
tag young
0
 0 1 2 0.5 0.25 0.25 1.0 0 0.5
material hat.mhmat
 1 2 3 1 0 0
3
delete_verts
1 3 - 5
"""


@pytest.fixture
def hat(tmp_path: Path) -> Fitting:
    (tmp_path / "hat.obj").write_text(OBJ)
    (tmp_path / "hat.mhclo").write_text(MHCLO)
    (tmp_path / "hat.mhmat").write_text("name hat\ndiffuseTexture hat.png\n")
    (tmp_path / "hat.png").touch()
    return read_fitting(tmp_path / "hat.mhclo")


def test_triangles_of_quads_and_padded_triangles(hat: Fitting) -> None:
    """A triangle split like a quad would give a second triangle without area."""
    triangles, uv = hat.mesh.triangles()
    assert sorted(map(tuple, triangles)) == [(0, 1, 2), (0, 1, 2), (0, 2, 3)]
    assert sorted(map(tuple, uv)) == [(0, 1, 2), (0, 1, 2), (0, 2, 0)]
    assert len(hat.mesh.triangles(hat.mesh.groups == "tip")[0]) == 1


def test_keyword_lines_do_not_end_the_vertices(hat: Fitting) -> None:
    """A reader that stops at ``tag`` or ``material`` binds no vertices at all."""
    assert hat.references.tolist() == [[0, 0, 0], [0, 1, 2], [1, 2, 3], [3, 3, 3]]
    assert hat.hidden.tolist() == [1, 3, 4, 5]
    assert hat.texture is not None and hat.texture.name == "hat.png"


def test_fit_scales_offsets_with_the_body(hat: Fitting) -> None:
    """Offsets left unscaled make hats float on large heads; one-number lines have none."""
    body = np.array([[0, 0, 0], [4, 0, 0], [0, 4, 0], [0, 0, 4]], np.float32)
    placed = hat.fit(body)
    assert placed[1].tolist() == [0.25 * 4 + 1.0 * (4 / 2), 1, 0.5]
    assert placed[[0, 3]].tolist() == body[[0, 3]].tolist()


def test_a_fitting_that_misses_vertices_is_named(hat: Fitting, tmp_path: Path) -> None:
    """Bound silently, the wrong vertices would tear the mesh apart."""
    (tmp_path / "hat.mhclo").write_text(MHCLO.replace(" 1 2 3 1 0 0\n", ""))
    with pytest.raises(AssetError, match=r"binds 3 vertices, but hat\.obj has 4"):
        read_fitting(tmp_path / "hat.mhclo")


def test_targets_move_only_their_vertices(tmp_path: Path) -> None:
    """Stored integers are thousandths; read as decimetres, faces explode."""
    vectors = np.array([[1000, 0, -500]], np.int16)
    np.savez(
        tmp_path / "targets.npz",
        **{"targets/nose/up.index": np.array([2]), "targets/nose/up.vector": vectors},
    )
    targets = Targets(tmp_path / "targets.npz")
    vertices = np.zeros((4, 3), np.float32)
    targets.add(vertices, "nose/up", 0.5)
    assert vertices.tolist() == [[0, 0, 0], [0, 0, 0], [0.5, 0, -0.25], [0, 0, 0]]
    assert targets.names("nose/") == ["nose/up"] and "nose/up" in targets
    with pytest.raises(AssetError, match="nose/down"):
        targets.add(vertices, "nose/down", 1)


def test_a_missing_asset_says_where_to_get_it(tmp_path: Path) -> None:
    """A traceback from a parser would not tell what to download."""
    with pytest.raises(AssetError, match=r"base\.obj; get it from https://"):
        AssetFolder(tmp_path)
