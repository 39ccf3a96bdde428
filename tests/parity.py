"""Compare this package, number by number, with the reference implementation.

    python tests/parity.py FILE.npz FOLDER ...

Prints the largest relative difference of each array of each file and exits 1 if one is past its
tolerance. A whole run starts from the file's text features, mask latents, noise and noise levels;
what the pipeline makes of prompt, mask and seed by itself is compared apart from that. Other files
hold one part each, such as the gate or a training step. Names that do not exist as paths are looked
up in tests/fixtures.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reference_arrays import Case, Kind, load_case, resolve
from reference_run import WHOLE_RUN
from reference_units import UNITS

from facemogle.weights.loading import load_pipeline


def kind_of(case: Case) -> Kind:
    """Raises ValueError for a file of no known kind."""
    for kind in (WHOLE_RUN, *UNITS):
        if kind.mark in case:
            return kind
    raise ValueError(f"No kind of file that is known here has the arrays {', '.join(case)}.")


def files_of(names: list[str]) -> list[str]:
    """All files, those of folders in place of the folders."""
    return [
        str(file)
        for path in map(resolve, names)
        for file in (sorted(path.glob("*.npz")) if path.is_dir() else [path])
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare with the reference, number by number.")
    parser.add_argument("--flux", default="tiny_flux", help="FLUX folder")
    parser.add_argument(
        "--face-mogle", default="tiny_face_mogle", help="folder of the Face-MoGLE weights"
    )
    parser.add_argument("files", nargs="+", metavar="FILE.npz", help="or a folder of them")
    arguments = parser.parse_args()

    pipeline = load_pipeline(
        resolve(arguments.flux),
        face_mogle=resolve(arguments.face_mogle),
        device="cpu",
        torch_dtype=torch.float32,
    )
    passed, count = True, 0
    for name in files_of(arguments.files):
        case = load_case(name)
        kind = kind_of(case)
        print(f"{name}: {kind.title}")
        for array, difference in kind.differences(pipeline, case).items():
            close = difference <= kind.tolerance(array)
            passed, count = passed & close, count + 1
            verdict = "ok" if close else "PAST"
            print(f"  {array:36} {difference:9.2e}  {verdict:4} {kind.tolerance(array):.0e}")
        for array in sorted(kind.omitted.keys() & case.keys()):
            print(f"  {array:36} not compared: {kind.omitted[array]}")
    print(f"{count} arrays compared: {'passed' if passed else 'failed'}")
    return 0 if passed and count else 1


if __name__ == "__main__":
    sys.exit(main())
