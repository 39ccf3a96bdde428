"""Open the studio: ``python app.py``. Also the entry of a Hugging Face Space."""

from __future__ import annotations

import argparse
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from facemogle.cli import Parser, add_model_arguments, load_chosen, whole_number

if TYPE_CHECKING:
    from facemogle.pipeline import FaceMoGLEPipeline

IN_A_SPACE = "SPACE_ID" in os.environ
MCP = "mcp==1.30.0"
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
    return parser.parse_args()


def warm_up(pipeline: FaceMoGLEPipeline) -> None:
    """Do a step, so that no visitor waits for what libraries do at their first run, nor for the
    encoding of the mask that the page opens with.
    """
    from facemogle.ui.start import read_templates

    side = pipeline.config["default_size"]
    mask = read_templates(TEMPLATES, side)[0]["label_map"]
    (step,) = pipeline.stream("a face", mask, num_inference_steps=1)
    pipeline.decode(step.latents, side, side)


def main() -> None:
    """Load the model and serve the page until interrupted."""
    arguments = parse_arguments()
    if arguments.mcp and find_spec("mcp") is None:
        raise SystemExit(f"app.py: --mcp needs the package mcp. Install it: pip install {MCP}")

    try:
        pipeline = load_chosen(arguments)
    except (ValueError, OSError) as error:
        raise SystemExit(f"app.py: {error}") from None

    # Imported late because it takes seconds, which a wrong argument need not wait for.
    from facemogle.serving.engine import LocalEngine
    from facemogle.ui.page import build_page, serve

    if pipeline._execution_device.type == "cpu":  # on a GPU, it would take one before anybody asks
        warm_up(pipeline)
    page = build_page(LocalEngine(pipeline), model=Path(arguments.model).name, templates=TEMPLATES)
    serve(
        page,
        host=arguments.host,
        port=arguments.port,
        share=arguments.share,
        mcp_server=arguments.mcp,
    )


if __name__ == "__main__":
    main()
