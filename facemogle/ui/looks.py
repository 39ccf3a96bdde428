"""The page's looks, where they are Gradio's."""

from __future__ import annotations

from gradio.themes import Base

PAGE_CSS = """
.gradio-container .fillable, .gradio-container .html-container { padding: 0 !important; }
footer { display: none !important; } /* there is no room; the API's page stays at /?view=api */
.toast-wrap { display: none !important; } /* failures are told in place, once */
@keyframes studio-wait { from { opacity: 0.15; } to { opacity: 0.7; } }
"""


def theme() -> Base:
    """System fonts only: the page asks no other server for anything."""
    return Base(
        primary_hue="teal",
        neutral_hue="stone",
        radius_size="md",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    ).set(
        body_background_fill="*neutral_100",
        body_background_fill_dark="*neutral_950",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_hover_dark="*primary_600",
        color_accent="*primary_700",
        input_background_fill="*background_fill_primary",
        input_background_fill_dark="*background_fill_primary",
    )
