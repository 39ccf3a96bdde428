"""Names of the face parsers, apart from the code that needs seconds to be imported."""

PARSERS = ("embedded", "hub")
HUB_REPOSITORY = "jonathandinu/face-parsing"
