"""The command line of the page. What it leaves out is read from the environment."""

from __future__ import annotations

import argparse
import os

from facemogle.commands.arguments import Parser, add_model_arguments, whole_number

MCP = "mcp==1.30.0"
DEFAULT_PORT = 7860
MAX_REPLICAS = 1000
AUTH = "FACEMOGLE_AUTH"
IN_A_SPACE = "SPACE_ID" in os.environ
_NO = ("", "0", "false", "no")


def parse_arguments() -> argparse.Namespace:
    """Read the command line, which a Space leaves empty: it has environment variables.

    ``port`` is None if neither of them names one.
    """
    parser = Parser(prog="app.py", description="Paint a face, describe it, watch the experts.")
    add_model_arguments(parser)
    _add_address_arguments(parser)
    parser.add_argument(
        "--replicas",
        type=replicas,
        metavar="N|MIN-MAX",
        help="make images in this many Ray Serve processes (default: in this process)",
    )
    parser.add_argument(
        "--mcp",
        action="store_true",
        help=f"offer generate, edit and parse as tools at /gradio_api/mcp/ (needs {MCP})",
    )
    parser.add_argument(
        "--log-prompts",
        action="store_true",
        help="also write prompts into the log, which has a line per image",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="say what this machine can run, and how fast, without opening the page",
    )
    return parser.parse_args()


def _add_address_arguments(parser: argparse.ArgumentParser) -> None:
    environment = os.environ
    parser.add_argument(
        "--host",
        default=environment.get("GRADIO_SERVER_NAME", "0.0.0.0" if IN_A_SPACE else "127.0.0.1"),
        help="address to listen at; 0.0.0.0 lets other machines in (default: %(default)s)",
    )
    parser.add_argument(
        "--port",
        type=whole_number(1, 65535),
        default=environment.get("GRADIO_SERVER_PORT") or None,
        help=f"this port or none (default: {DEFAULT_PORT}, or the next free one)",
    )
    parser.add_argument(
        "--root-path",
        type=_root_path,
        default=environment.get("GRADIO_ROOT_PATH") or "",
        metavar="/PATH|URL",
        help="where a proxy shows the page, if that is not the top of its address",
    )
    parser.add_argument(
        "--auth",
        type=_account,
        default=environment.get(AUTH) or None,
        metavar="NAME:PASSWORD",
        help=f"let in only visitors who know these (better as {AUTH} in the environment, which "
        "other users of the machine do not see)",
    )
    parser.add_argument(
        "--share",
        action="store_true",
        default=environment.get("GRADIO_SHARE", "").lower() not in _NO,
        help="make a public link through Gradio",
    )


def replicas(text: str) -> tuple[int, int]:
    """Argument type for a number, or the fewest and the most, of replicas."""
    fewest, _, most = text.partition("-")
    count = whole_number(1, MAX_REPLICAS)
    low, high = count(fewest), count(most or fewest)
    if low > high:
        raise argparse.ArgumentTypeError(f"{text!r} has the larger number first")
    return low, high


def _account(text: str) -> tuple[str, str]:
    """Argument type for a name and a password, which the complaint does not repeat."""
    name, _, password = text.partition(":")
    if not name or not password:
        raise argparse.ArgumentTypeError("it is not like NAME:PASSWORD")
    return name, password


def _root_path(text: str) -> str:
    """Argument type for a path, or a whole address, without a slash at its end."""
    if text and not text.startswith(("/", "http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} does not begin with / or https://")
    return text.rstrip("/")
