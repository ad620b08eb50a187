"""ragqa: answers questions about a corpus of articles with exact, cited quotes."""

import os

__version__ = "0.1.0"

# Read once, when huggingface_hub is imported, which gradio does before any model is loaded.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
