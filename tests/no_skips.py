"""A plugin of pytest: in CI (CI=true) a skipped test fails the run, as nobody reads it there."""

from __future__ import annotations

import os

import pytest


def skipped(config: pytest.Config) -> int:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return len(reporter.stats.get("skipped", ())) if reporter else 0


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("CI") == "true" and skipped(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if os.environ.get("CI") == "true" and (count := skipped(terminalreporter.config)):
        terminalreporter.write_line(f"CI must run every test: {count} skipped", red=True)
