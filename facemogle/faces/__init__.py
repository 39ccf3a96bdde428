"""Folders of faces on disk: images, label maps and captions."""
