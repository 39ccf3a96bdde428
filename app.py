"""Open the studio: ``python app.py``. Also the entry of a Hugging Face Space."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from facemogle.cli import Parser, add_model_arguments, one_line, whole_number

TEMPLATES = Path(__file__).parent / "assets" / "templates"


def parse_arguments() -> argparse.Namespace:
    """Read the command line; a Space sets host and port by environment variables."""
    parser = Parser(description="Paint a face, describe it, watch the experts.")
    add_model_arguments(parser)
    parser.add_argument(
        "--host",
        default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),
        help="address to listen at; 0.0.0.0 lets other machines in (default: %(default)s)",
    )
    parser.add_argument(
        "--port",
        type=whole_number(1, 65535),
        default=os.environ.get("GRADIO_SERVER_PORT", "7860"),
        help="default: %(default)s",
    )
    parser.add_argument("--share", action="store_true", help="make a public link through Gradio")
    return parser.parse_args()


def main() -> None:
    """Load the model and serve the page until interrupted."""
    arguments = parse_arguments()

    # Slow to import, which --help and wrong arguments need not wait for.
    from facemogle.checkpoints import load_pipeline
    from facemogle.ui.page import build_page, serve

    try:
        pipeline = load_pipeline(
            arguments.model, face_mogle=arguments.face_mogle, device=arguments.device
        )
    except (ValueError, OSError) as error:
        raise SystemExit(f"app.py: {one_line(error)}") from None
    page = build_page(pipeline, model=Path(arguments.model).name, templates=TEMPLATES)
    serve(page, host=arguments.host, port=arguments.port, share=arguments.share)


if __name__ == "__main__":
    main()
