"""Made faces: pictures, exact label maps and attributes from MakeHuman's CC0 assets."""
