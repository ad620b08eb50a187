"""ragqa: answers over a corpus of articles, every sentence cited to an exact span."""

__version__ = "0.1.0"
