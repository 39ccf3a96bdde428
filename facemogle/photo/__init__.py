"""Photographs of faces -> label maps."""
