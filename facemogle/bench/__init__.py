"""What an image costs: its parts, a plain rendering to compare with, the hardware's floor."""
