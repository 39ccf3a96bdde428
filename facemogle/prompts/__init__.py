"""What a person writes -> what a model is to read of it, and what is said about the rest."""
