"""One interface between the page and the model, wherever the model runs; see docs/serving.md."""
