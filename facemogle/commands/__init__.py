"""What the shell calls, and the arguments that commands share."""
