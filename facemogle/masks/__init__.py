"""The 19 regions, and any file or array -> label map. Knows nothing of torch."""
