"""The big parser's download tells how far it is, and can be stopped."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from facemogle.photo import download as download_module
from facemogle.photo.download import BYTES_BAR, ParserDownload
from facemogle.weights import downloads

PATIENCE = 20


class Hub:
    """Sends parts of 100 bytes, each when it is told to, as `snapshot_download` counts them."""

    def __init__(self) -> None:
        self.may_send, self.has_sent, self.has_ended = Event(), Event(), Event()

    def __call__(self, *_: Any, tqdm_class: Any, **__: Any) -> str:
        files = tqdm_class(total=3, desc="Fetching 3 files")
        bytes_bar = tqdm_class(total=0, initial=0, unit="B", unit_scale=True, name=BYTES_BAR)
        try:
            for _part in range(2):
                assert self.may_send.wait(PATIENCE)
                self.may_send.clear()
                bytes_bar.update(100)
                files.update(1)
                self.has_sent.set()
        finally:
            self.has_ended.set()
        return "folder"


def wait_for_end(download: ParserDownload, hub: Hub) -> None:
    assert hub.has_ended.wait(PATIENCE)
    wait = Event()
    while download.progress.state == "running":
        wait.wait(0.01)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = Hub()
    monkeypatch.setattr(downloads, "snapshot_download", hub)
    monkeypatch.setattr(download_module, "has_parser", lambda: False)
    return hub


def test_it_is_told_how_far_the_download_is(hub: Hub) -> None:
    """The page stood still for 339 MB, and with it everybody who asked for any parser."""
    download = ParserDownload()
    assert download.progress.state == "idle"
    download.start()
    assert (download.progress.state, download.progress.done) == ("running", 0)
    hub.may_send.set()
    assert hub.has_sent.wait(PATIENCE)
    assert download.progress.done == 100 and download.progress.total > 300e6
    download.start()  # a second visitor asks: it goes on
    hub.may_send.set()
    wait_for_end(download, hub)
    assert (download.progress.state, download.progress.done) == ("done", 200)


def test_a_download_that_is_stopped_can_be_started_again(hub: Hub) -> None:
    download = ParserDownload()
    download.start()
    download.cancel()
    hub.may_send.set()
    wait_for_end(download, hub)
    assert download.progress.state == "cancelled"
    hub.has_ended.clear()
    download.start()
    assert download.progress.state == "running"
    download.cancel()
    hub.may_send.set()
    wait_for_end(download, hub)


def test_a_download_that_fails_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: Any, **__: Any) -> str:
        raise LocalEntryNotFoundError("no such file")

    monkeypatch.setattr(downloads, "snapshot_download", offline)
    download = ParserDownload()
    download.start()
    while download.progress.state == "running":
        Event().wait(0.01)
    assert download.progress.state == "failed" and "Check the network" in download.progress.error


def test_what_is_on_the_machine_is_not_offered_for_download(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that is started again has the files of the time before."""
    monkeypatch.setattr(download_module, "has_parser", lambda: True)
    assert ParserDownload().progress.state == "done"
