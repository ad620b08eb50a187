"""Times of five questions from the asking to each first, on this machine, as one table.

Run: make bench. The models are loaded before the clock starts; nothing is cached between questions
but the model's fixed instructions.
"""

from __future__ import annotations

import time

from ragqa.building import build_index
from ragqa.loading import load_encoder
from ragqa.pipeline import Pipeline
from ragqa.settings import Settings

QUESTIONS = (
    "why did Brundage leave?",
    "Brundage为什么离开OpenAI？",
    "Where did John Schulman go, and why?",
    "训练GPT-4花了多少钱？",
    "What share of compute did the superalignment team have?",
)


def main() -> None:
    """Print tokens per second of encoding and a row for each question."""
    settings = Settings.load()
    encoder = load_encoder(settings)
    scratch = settings.index / ".bench"
    built = build_index(
        settings.corpus, scratch, encoder=lambda: encoder, chunk_size=settings.chunk_size, full=True
    )
    print(f"encoding: {built.tokens_per_second:.0f} tokens/s over {built.chunks} chunks")
    pipeline = Pipeline.open(settings, warm=True)
    pipeline.answer("warm up: who left?")
    print(
        f"{'source':>8} {'verbatim':>9} {'token':>7} {'verified':>9} {'end':>7}  status      question (seconds)"
    )
    for question in QUESTIONS:
        started, verified, last = time.monotonic(), 0.0, None
        for last in pipeline.stream(question):
            if last.mode == "generating" and last.statements and not verified:
                verified = time.monotonic() - started
        assert last is not None
        times = [
            last.timings_ms.get(name, 0) / 1000 for name in ("retrieve", "first_statement", "first_token")
        ]
        row = [*times, verified, last.timings_ms["total"] / 1000]
        print("".join(f"{value:8.2f} " for value in row), f"{last.status:11} {question}", flush=True)


if __name__ == "__main__":
    main()
