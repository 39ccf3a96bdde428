"""FLUX with a third stream: blocks, low-rank terms, tokens, text features."""
