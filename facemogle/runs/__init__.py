"""One request -> denoising steps -> an image: whole faces and edits."""
