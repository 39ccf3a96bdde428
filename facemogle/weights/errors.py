"""What loading weights raises, apart from the code that needs seconds to be imported."""


class CheckpointError(ValueError):
    """Weights cannot be loaded. The message says which and what to do."""
