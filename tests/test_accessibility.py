"""Whoever does not see the page, or no colours, or has no mouse, can use it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from studio import TEMPLATE, StudioUnderTest
from visitor import from_menu, generate, open_details, open_tab, visiting

from facemogle.masks.regions import REGIONS

AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
INSTALL = "axe-core is not installed; npm install --prefix tests --no-package-lock"
SIZES = [(1440, 900), (820, 1180), (390, 844)]
VIOLATIONS = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    const said = (id) => ({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`;
    return violations.flatMap(({ id, nodes }) => nodes.map(said(id)));
}"""


@pytest.mark.skipif(not AXE.exists(), reason=INSTALL)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(
    browser: Browser, studio: StudioUnderTest, scheme: Literal["light", "dark"]
) -> None:
    """Pale text, a button without a name, a role that does not fit: on any screen, in any state."""
    with visiting(browser, studio, color_scheme=scheme) as page:
        page.add_script_tag(path=AXE)
        generate(page)
        open_details(page)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            for tab in ("Paint", "Words", "Gate") if width == 390 else ("Paint",):
                open_tab(page, tab)
                assert page.evaluate(VIOLATIONS) == [], f"{width}x{height}, {tab}"
        page.get_by_role("button", name="File", exact=True).click()
        assert page.evaluate(VIOLATIONS) == [], "File menu"
        page.get_by_role("button", name="Save mask for another program…").click()
        assert page.evaluate(VIOLATIONS) == [], "a dialog"


def test_the_canvas_says_what_it_shows(page: Page) -> None:
    stage = page.get_by_role("application", name="Canvas")
    counts = np.bincount(TEMPLATE.ravel())
    most = REGIONS[counts.argmax()].title
    said = f"The drawing: {most} {counts.max() / TEMPLATE.size:.0%}, ".replace("%", " %")
    expect(stage).to_have_accessible_description(re.compile(f"^{said}"))
    from_menu(page, "Blank")
    expect(stage).to_have_accessible_description("The drawing: Background 100 %")
