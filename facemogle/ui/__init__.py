"""The page: a painter's studio in the browser, on Gradio's queue and sessions."""
