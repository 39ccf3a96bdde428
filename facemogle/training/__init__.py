"""Training of the embedded model: the VAE, then the Face-MoGLE transformer by flow matching."""
