"""Open the studio: ``python app.py``. Also the entry of a Hugging Face Space."""

from __future__ import annotations

import argparse
import atexit
import gc
import os
import signal
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from facemogle.commands.address import choose_port
from facemogle.commands.arguments import load_chosen
from facemogle.commands.outputs import prepare_folder
from facemogle.commands.page_arguments import DEFAULT_PORT, MCP, parse_arguments
from facemogle.serving.arenas import return_freed_memory, share_freed_memory

if TYPE_CHECKING:
    import numpy as np

    from facemogle.serving.engine import Engine
    from facemogle.serving.hosted import HostedEngine

ON_ZERO_GPU = os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")
TEMPLATES = Path(__file__).parent / "assets" / "templates"
LAST_STEP = 3.0
"""Seconds that a step under way is waited for when the server is told to end."""
BETWEEN_RETURNS = 60.0
"""Seconds after which the system gets back the memory that has been freed."""


def main() -> None:
    """Serve the page until the process is told to end."""
    if ON_ZERO_GPU:
        import spaces  # noqa: F401  # type: ignore  # changes torch, so it comes before

    share_freed_memory()
    # Imports leave many objects and little garbage: looking for it is a fifth of their time.
    gc.disable()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = parse_arguments()
    try:
        check_packages(arguments)
        if arguments.check:
            from facemogle.commands.check import check

            check(arguments, TEMPLATES)
        else:
            serve_page(arguments)
    except (ValueError, OSError) as error:
        raise SystemExit(f"app.py: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def check_packages(arguments: argparse.Namespace) -> None:
    """Raises ValueError if an option needs a package that is not there."""
    if arguments.mcp and find_spec("mcp") is None:
        raise ValueError(f"--mcp needs the package mcp. Install it: pip install {MCP}")
    if arguments.replicas and find_spec("ray") is None:
        raise ValueError(
            "--replicas needs Ray. Install it: pip install -r requirements-serving.txt"
        )


def serve_page(arguments: argparse.Namespace) -> None:
    """Open the page, load the model meanwhile, and serve until told to end.

    Raises ValueError or OSError.
    """
    port = choose_port(
        arguments.host, arguments.port or DEFAULT_PORT, is_fixed=arguments.port is not None
    )
    prepare_folder(cache_folder())
    # Imported late because it takes seconds, which a wrong argument need not wait for.
    from facemogle.ui.quick_import import import_gradio

    import_gradio()
    from facemogle.serving.engine import EngineError
    from facemogle.serving.log import start_log
    from facemogle.ui.page import build_page
    from facemogle.ui.serve import close, serve

    start_log()
    try:
        engine = hosted_engine(arguments)
    except EngineError as error:
        raise ValueError(str(error)) from None
    model = Path(arguments.model).name
    page = build_page(engine, model=model, templates=TEMPLATES, begins_made=not ON_ZERO_GPU)
    serve(
        page,
        engine,
        host=arguments.host,
        port=port,
        auth=arguments.auth,
        share=arguments.share,
        root_path=arguments.root_path,
        mcp_server=arguments.mcp,
    )
    try:
        if engine.state == "loading":  # not sooner, as the page would come up later by as much
            engine.start(lambda: make_engine(arguments, lambda: engine.is_waited_for))
        engine.wait()
        gc.freeze()
        gc.enable()
        while True:
            time.sleep(BETWEEN_RETURNS)
            return_freed_memory()
    except KeyboardInterrupt:
        engine.end(LAST_STEP)
    finally:
        close(page)
    # Python would wait for the threads of those who are still connected.
    atexit._run_exitfuncs()
    os._exit(0)


def cache_folder() -> Path:
    """Where Gradio keeps what comes in and goes out for an hour."""
    return Path(os.environ.get("GRADIO_TEMP_DIR") or Path(tempfile.gettempdir()) / "gradio")


def hosted_engine(arguments: argparse.Namespace) -> HostedEngine:
    """The engine; where the page can know its model before, still to be started.

    Raises ValueError, OSError or EngineError.
    """
    from facemogle.serving.early_facts import early_facts
    from facemogle.serving.hosted import HostedEngine

    is_local = arguments.replicas is None and not ON_ZERO_GPU
    facts = early_facts(arguments.model, arguments.device) if is_local else None
    if facts is None:
        return HostedEngine.of(make_engine(arguments), logs_prompts=arguments.log_prompts)
    return HostedEngine(facts, concurrency=1, logs_prompts=arguments.log_prompts)


def make_engine(
    arguments: argparse.Namespace, is_waited_for: Callable[[], bool] = lambda: False
) -> Engine:
    """The model, in this process or in several.

    is_waited_for: whether somebody's image will warm the model up anyway.
    Raises ValueError, OSError or EngineError.
    """
    if ON_ZERO_GPU:
        from facemogle.serving.zero_gpu import ZeroGPUEngine

        return ZeroGPUEngine(load_chosen(arguments))
    if arguments.replicas is None:
        from facemogle.serving.engine import LocalEngine

        engine = LocalEngine(load_chosen(arguments))
        if not is_waited_for():
            engine.warm_up(first_mask())
        return engine

    import torch

    from facemogle.serving.ray_engine import RayEngine

    device = arguments.device or ("cuda" if torch.cuda.is_available() else "cpu")
    load = partial(load_chosen, arguments)
    return RayEngine(load, first_mask(), arguments.replicas, needs_gpu=device != "cpu")


def first_mask() -> np.ndarray:
    """Label map that the page opens with."""
    from facemogle.ui.start import read_templates
    from facemogle.ui.studio import SIDE

    return read_templates(TEMPLATES, SIDE)[0]["label_map"]


if __name__ == "__main__":
    main()
