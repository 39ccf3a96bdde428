"""Open the studio: ``python app.py``. Also the entry of a Hugging Face Space."""

from __future__ import annotations

import argparse
import os
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from facemogle.commands.arguments import Parser, add_model_arguments, load_chosen, whole_number
from facemogle.serving.arenas import share_freed_memory

if TYPE_CHECKING:
    from facemogle.serving.engine import Engine

IN_A_SPACE = "SPACE_ID" in os.environ
ON_ZERO_GPU = os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")
MCP = "mcp==1.30.0"
MAX_REPLICAS = 1000
TEMPLATES = Path(__file__).parent / "assets" / "templates"


def parse_arguments() -> argparse.Namespace:
    """Read the command line, which a Space leaves empty: it has environment variables."""
    parser = Parser(description="Paint a face, describe it, watch the experts.")
    add_model_arguments(parser)
    parser.add_argument(
        "--host",
        default=os.environ.get("GRADIO_SERVER_NAME", "0.0.0.0" if IN_A_SPACE else "127.0.0.1"),
        help="address to listen at; 0.0.0.0 lets other machines in (default: %(default)s)",
    )
    parser.add_argument(
        "--port",
        type=whole_number(1, 65535),
        default=os.environ.get("GRADIO_SERVER_PORT", "7860"),
        help="default: %(default)s",
    )
    parser.add_argument("--share", action="store_true", help="make a public link through Gradio")
    parser.add_argument(
        "--mcp",
        action="store_true",
        help=f"offer generate, edit and parse as tools at /gradio_api/mcp/ (needs {MCP})",
    )
    parser.add_argument(
        "--replicas",
        type=replicas,
        metavar="N|MIN-MAX",
        help="make images in so many processes of Ray Serve (default: in this one)",
    )
    return parser.parse_args()


def replicas(text: str) -> tuple[int, int]:
    """Argument type for a number, or the fewest and the most, of replicas."""
    fewest, _, most = text.partition("-")
    count = whole_number(1, MAX_REPLICAS)
    low, high = count(fewest), count(most or fewest)
    if low > high:
        raise argparse.ArgumentTypeError(f"{text!r} has the larger number first")
    return low, high


def make_engine(arguments: argparse.Namespace) -> Engine:
    """The model, in this process or in several. Raises ValueError, OSError or EngineError."""
    # Imported late because it takes seconds, which a wrong argument need not wait for.
    from facemogle.serving.engine import LocalEngine
    from facemogle.ui.start import read_templates
    from facemogle.ui.studio import SIDE

    if ON_ZERO_GPU:
        from facemogle.serving.zero_gpu import ZeroGPUEngine

        return ZeroGPUEngine(load_chosen(arguments))
    first_mask = read_templates(TEMPLATES, SIDE)[0]["label_map"]
    if arguments.replicas is None:
        engine = LocalEngine(load_chosen(arguments))
        engine.warm_up(first_mask)
        return engine

    import torch

    from facemogle.serving.ray_engine import RayEngine

    device = arguments.device or ("cuda" if torch.cuda.is_available() else "cpu")
    load = partial(load_chosen, arguments)
    return RayEngine(load, first_mask, arguments.replicas, needs_gpu=device != "cpu")


def main() -> None:
    """Load the model and serve the page until interrupted."""
    if ON_ZERO_GPU:
        import spaces  # noqa: F401  # type: ignore  # changes torch, so it comes before

    share_freed_memory()
    arguments = parse_arguments()
    if arguments.mcp and find_spec("mcp") is None:
        raise SystemExit(f"app.py: --mcp needs the package mcp. Install it: pip install {MCP}")
    if arguments.replicas and find_spec("ray") is None:
        raise SystemExit(
            "app.py: --replicas needs Ray. Install it: pip install -r requirements-serving.txt"
        )

    from facemogle.serving.engine import EngineError

    try:
        engine = make_engine(arguments)
    except (ValueError, OSError, EngineError) as error:
        raise SystemExit(f"app.py: {error}") from None

    from facemogle.ui.page import build_page, serve

    model = Path(arguments.model).name
    page = build_page(engine, model=model, templates=TEMPLATES, begins_made=not ON_ZERO_GPU)
    serve(
        page,
        host=arguments.host,
        port=arguments.port,
        share=arguments.share,
        mcp_server=arguments.mcp,
    )


if __name__ == "__main__":
    main()
