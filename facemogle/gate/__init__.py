"""Traces of the gate: statistics, heatmaps, sheets, plots, films."""
