"""How fast ragqa is on this machine, beside what one would use instead and beside what the processor can do.

Run: make bench (some minutes; nothing else should run). Prints the tables and writes docs/speed.md.
"""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from load import server
from speed_page import Row, kept, line, processor, resident, table

from ragqa.errors import ModelError
from ragqa.index.build import build_index
from ragqa.models import catalogue
from ragqa.models.loading import load_encoder, load_reader, open_generator
from ragqa.models.protocols import Generator, Message
from ragqa.pipeline import Pipeline
from ragqa.settings import Settings
from ragqa.text.language import sentence_spans

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "speed.md"
QUESTIONS = (
    "why did Brundage leave?",
    "Brundage为什么离开OpenAI？",
    "Where did John Schulman go, and why?",
    "训练GPT-4花了多少钱？",
    "What share of compute did the superalignment team have?",
)
LIBRARIES = ("openvino", "torch", "sentence-transformers", "faiss-cpu", "xllamacpp")
# Multiplications and additions of a token in the weights of a layer, by the square of its width: four products of
# attention, two of a feed-forward four times as wide; what tokens do among each other is left out.
PER_LAYER = 2 * (4 + 2 * 4)
PLAIN = "from sentence_transformers import SentenceTransformer as S; S({folder!r}).encode(['who left?'])"
USED = """
from ragqa.pipeline import Pipeline
from ragqa.settings import Settings
pipeline = Pipeline.open(Settings.load())
pipeline.answer({question!r}, use_llm={llm})
print(open("/proc/self/smaps_rollup").read())
"""


def main() -> None:
    """Measure, print, write."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RAGQA_INDEX"] = str(Path(folder) / "index")
        settings = Settings.load()
        build_index(
            settings.corpus,
            settings.index,
            encoder=lambda: load_encoder(settings),
            chunk_size=settings.chunk_size,
        )
        # Before torch is loaded, which answers do without: its OpenMP makes llama.cpp write a tenth slower.
        answers = _answers(settings)
        gc.collect()  # two language models in a process write a tenth slower, too
        language = list(_shown(_language_model(settings)))
        others = [row for part in (_encoder_and_reader, _starts, _memory) for row in _shown(part(settings))]
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    cpu = processor(Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    section = f"{versions}.\n\n{table([*others, *language])}\n\n{answers}"
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    PAGE.write_text(kept(page, f"{datetime.now(UTC):%Y-%m-%d}, {cpu}", section), encoding="utf-8")
    print(f"wrote {PAGE}")


def _shown(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        print(line(row), flush=True)
        yield row


def _encoder_and_reader(settings: Settings) -> Iterator[Row]:
    from sentence_transformers import SentenceTransformer

    encoder, folder = (
        load_encoder(settings),
        catalogue.locate(settings.encoder, role="encoder", home=settings.home),
    )
    plain = SentenceTransformer(folder, device="cpu")
    texts = [text for text in _chunks(settings, 300) if len(text) > 100][:200]
    tokens = sum(len(ids) for ids in plain.tokenizer(texts)["input_ids"])
    width, layers = plain.get_embedding_dimension(), len(plain[0].auto_model.encoder.layer)
    product, read = _product(), _read()
    per_token = layers * PER_LAYER * width**2 / 1e9
    yield Row("matrix product, bfloat16 or float32", "GFLOP/s", product, more=True)
    yield Row("memory read", "GB/s", read, more=True)
    ours, theirs = _time(lambda: encoder.encode_passages(texts), 3), _time(lambda: plain.encode(texts), 3)
    yield Row("passages encoded", "tokens/s", tokens / ours, tokens / theirs, product / per_token, more=True)
    ours, theirs = (_time(lambda f=f: f(["who left?"]), 20) for f in (encoder.encode_query, plain.encode))
    yield Row("a question encoded", "ms", ours * 1000, theirs * 1000)
    reader, ten = (
        load_reader(settings),
        [text for text in _chunks(settings, 300, "zh") if len(text) > 250][:10],
    )
    inside = sum(len(ids) for ids in plain.tokenizer([f"{QUESTIONS[1]} {text}" for text in ten])["input_ids"])
    seconds = _time(lambda: reader.read(QUESTIONS[1], ten), 9)
    yield Row(
        "ten passages of 300 characters read", "ms", seconds * 1000, None, inside * per_token / product * 1000
    )


def _starts(settings: Settings) -> Iterator[Row]:
    folder = catalogue.locate(settings.encoder, role="encoder", home=settings.home)
    plain = _process(sys.executable, "-c", PLAIN.format(folder=str(folder)))
    yield Row("ragqa --help", "s", _ragqa("--help"))
    yield Row("ragqa search, cold", "s", _ragqa("search", QUESTIONS[0], "--no-llm"), plain)
    yield Row("ragqa ask, cold", "s", _ragqa("ask", QUESTIONS[0], "--no-llm"), plain)
    yield Row("the server until its page is there", "s", _server("/"))
    yield Row("the server until it can be asked", "s", _server("/readyz"), plain)


def _memory(_: Settings) -> Iterator[Row]:
    for what, llm in (("searched and quoted", False), ("translated, too", True)):
        program = USED.format(question=QUESTIONS[0], llm=llm)
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        rss, pss = resident(done.stdout)
        yield Row(f"memory of a process that {what}", "MB", rss)
        yield Row("the same, shared pages divided among processes", "MB", pss)


def _language_model(settings: Settings) -> Iterator[Row]:
    try:
        generator = open_generator(settings)
    except ModelError as error:
        print(f"no figures of the language model: {error}")
        return
    sentence = "The harbour board said that the ferry would not sail again before the autumn. "
    list(generator.stream([Message("user", "Say yes.")], max_tokens=2))
    short, long = (_until_first(generator, f"{n} {sentence * n}") for n in (10, 30))
    written = _written(generator)
    yield Row(
        "prompt read by the language model",
        "tokens/s",
        20 * len(sentence.split()) * 1.15 / (long - short),
        more=True,
    )
    path = Path(catalogue.locate(settings.generator, role="generator", home=settings.home))
    limit = _read() * 1e9 / path.stat().st_size
    yield Row("text written by it", "tokens/s", written, None, limit, more=True)


def _answers(settings: Settings) -> str:
    """A table of the seconds from a question to each first, with the models loaded and nothing remembered."""
    pipeline = Pipeline.open(settings, warm=True)
    pipeline.answer("warm up: who left?")
    rows = ["| question | sources | quotes | translated | end | status |", "|---" * 6 + "|"]
    for question in QUESTIONS:
        answer = pipeline.answer(question)
        names = ("retrieve", "first_statement", "translated", "total")
        times = [f"{answer.timings_ms[n] / 1000:.2f}" if n in answer.timings_ms else "–" for n in names]
        rows.append(f"| {question} | {' | '.join(times)} | {answer.status} |")
        print(rows[-1], flush=True)
    return "\n".join(["Seconds from a question to its", "", *rows])


def _chunks(settings: Settings, length: int, language: str = "") -> list[str]:
    """Texts of whole sentences, each up to about a length, from the corpus."""
    found = []
    for path in sorted(settings.corpus.glob("*.md")):
        text = path.read_text(encoding="utf-8").split("---")[-1]
        start = 0
        for _, end in sentence_spans(text):
            if end - start >= length:
                found.append(text[start:end])
                start = end
    chinese = [text for text in found if sum("一" <= c <= "鿿" for c in text) > len(text) / 2]
    return [text[:length] for text in chinese] if language else found


def _time(work: Callable[[], Any], times: int) -> float:
    """Seconds that it takes, the median of some times after one that does not count."""
    work()
    return statistics.median(_seconds(work) for _ in range(times))


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _product() -> float:
    """GFLOP/s of a large matrix product, by all cores, in bfloat16 or in float32: what a small one is faster in."""
    import torch

    def speed(kind: torch.dtype, size: int, times: int) -> float:
        a, b = (torch.rand(size, size).to(kind) for _ in range(2))
        return 2 * size**3 / _time(lambda: a @ b, times) / 1e9

    faster = max((torch.bfloat16, torch.float32), key=lambda kind: speed(kind, 512, 3))
    return speed(faster, 2048, 9)


def _read() -> float:
    """GB/s of a sum over half a gigabyte, by all cores."""
    import torch

    numbers = torch.ones(128 * 1024 * 1024, dtype=torch.float32)
    return numbers.numel() * 4 / _time(lambda: numbers.sum(), 5) / 1e9


def _process(*command: str) -> float:
    """Seconds of a whole process, the best of three."""
    return min(_seconds(lambda: subprocess.run(command, capture_output=True, check=True)) for _ in range(3))


def _ragqa(*arguments: str) -> float:
    return _process(sys.executable, "-m", "ragqa", *arguments)


def _server(until: str) -> float:
    """Seconds from the start of a server until a path of it answers, the best of three."""

    def once() -> float:
        start = time.perf_counter()
        with server(ROOT, until=until):
            return time.perf_counter() - start

    return min(once() for _ in range(3))


def _until_first(generator: Generator, text: str) -> float:
    start = time.perf_counter()
    for piece in generator.stream([Message("user", text)], max_tokens=2):
        if piece:
            break
    return time.perf_counter() - start


def _written(generator: Generator) -> float:
    """Pieces a second after the first; llama.cpp gives one for each token."""
    times = [
        time.perf_counter()
        for piece in generator.stream([Message("user", "Count from 1 to 40 in words.")], max_tokens=60)
        if piece
    ]
    return (len(times) - 1) / (times[-1] - times[0])


if __name__ == "__main__":
    main()
