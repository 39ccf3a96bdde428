"""Made faces: images, exact label maps and attributes from MakeHuman's CC0 assets."""
