"""Names and hub ids -> folders -> a ready pipeline."""
