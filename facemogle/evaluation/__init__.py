"""Measures a model on faces that its training did not see: ``python -m facemogle evaluate``."""
