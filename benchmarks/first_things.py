"""Times of five questions from the asking to each first, on this machine, as one table.

Run: make bench. The models are loaded before the clock starts; nothing is cached between questions
but the model's fixed instructions. A dash stands where nothing was to be translated.
"""

from __future__ import annotations

from ragqa.index.build import build_index
from ragqa.models.loading import load_encoder
from ragqa.pipeline import Pipeline
from ragqa.settings import Settings
from ragqa.types import Answer

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
    print(f"{'sources':>8} {'quotes':>8} {'translated':>10} {'end':>8}  status      question (seconds)")
    for question in QUESTIONS:
        answer = pipeline.answer(question)
        times = [_seconds(answer, name) for name in ("retrieve", "first_statement", "translated", "total")]
        row = "{:>8} {:>8} {:>10} {:>8}".format(*times)
        print(f"{row}  {answer.status:11} {question}", flush=True)


def _seconds(answer: Answer, name: str) -> str:
    milliseconds = answer.timings_ms.get(name)
    return "-" if milliseconds is None else f"{milliseconds / 1000:.2f}"


if __name__ == "__main__":
    main()
