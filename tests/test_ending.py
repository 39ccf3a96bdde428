"""The server ends in order when it is told to, whoever waits for an image."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import gradio as gr
import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from playwright.sync_api import Browser, expect
from served import ROOT, TEMPLATES, free_port
from studio import short
from visitor import PATIENCE, generate

from facemogle.pipeline import FaceMoGLEPipeline
from facemogle.serving.engine import LocalEngine
from facemogle.serving.hosted import HostedEngine
from facemogle.ui.page import build_page
from facemogle.ui.serve import close, serve

LONGEST = 5.0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_visitors_are_told_and_the_process_ends(number: signal.Signals) -> None:
    """SIGTERM cut every connection in silence; Ctrl+C waited until the last one was closed."""
    port = free_port()
    program = [sys.executable, "app.py", "--port", str(port)]
    process = subprocess.Popen(
        program, cwd=ROOT, stderr=subprocess.PIPE, text=True, preexec_fn=heed_interrupts
    )
    try:
        url = f"http://127.0.0.1:{port}/"
        wait_for(url, "healthz", "model")
        client = Client(url, verbose=False)
        mask = handle_file(TEMPLATES / "long_hair.png")
        waiting = client.submit(mask, "a face", 0, 100, api_name="/generate")
        wait_for(url, "metrics", 'facemogle_seconds_count{part="step"}')
        process.send_signal(number)
        told = time.monotonic()
        with pytest.raises(AppError, match="being stopped or restarted"):
            waiting.result(60)
        _, said = process.communicate(timeout=60)
        assert time.monotonic() - told < LONGEST
        assert process.returncode == 0 and "Traceback" not in said
    finally:
        process.kill()
        process.wait()


def heed_interrupts() -> None:
    """What a shell starts in the background ignores Ctrl+C, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_open_page_goes_on_after_a_restart(
    browser: Browser, pipeline: FaceMoGLEPipeline
) -> None:
    """Of a server that ends in order, Gradio does not think that the connection was lost."""
    port = free_port()
    engine, served = start(pipeline, port)
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    loads: list[str] = []
    page.goto(f"http://127.0.0.1:{port}/")
    page.wait_for_selector(".studio[data-ready=true]")
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    page.get_by_role("textbox", name="Steps").fill("100")
    page.get_by_role("button", name="Generate", exact=True).click()
    result = page.locator(".result")
    expect(result).to_contain_text("of 100", timeout=PATIENCE)
    engine.end(60)
    close(served)
    expect(result.locator(".notice")).to_contain_text("being stopped or restarted")
    engine, served = start(pipeline, port)
    generate(page)
    close(served)
    assert loads == []
    page.close()


def start(pipeline: FaceMoGLEPipeline, port: int) -> tuple[HostedEngine, gr.Blocks]:
    engine = HostedEngine.of(LocalEngine(short(pipeline, 2)))
    page = build_page(engine, model="test", templates=TEMPLATES)
    serve(page, engine, host="127.0.0.1", port=port, quiet=True)
    return engine, page


def wait_for(url: str, path: str, text: str) -> None:
    """Until an answer has this text."""
    client = httpx.Client(transport=httpx.HTTPTransport(retries=0))
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if text in client.get(url + path, timeout=60).text:
                return
        except httpx.TransportError:
            time.sleep(0.1)  # it is not listening yet
    raise AssertionError(f"{url}{path} did not say {text}")
