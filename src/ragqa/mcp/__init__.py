"""Tools and resources for assistants over the Model Context Protocol."""

from ragqa.mcp.start import start

__all__ = ["start"]
