"""What training relies on: stories that are whole, negatives that do not answer, labels on the right tokens."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import tiny

from ragqa.models.reader import WINDOW_TOKENS, TrainedReader, pair_text
from ragqa.text.language import sentence_spans
from training import check_stories, prepare, stories
from training.examples import Examples, Pair, tokenise

SEEDS = range(12)


# --- stories ---------------------------------------------------------------------------------

BRIDGE = {
    "id": "a", "lang": "zh", "title": "大桥通车",
    "text": "大桥一共花了4亿元，比预算高出一成。" + "工期是三年，来了许多工人。" * 12 + "李明主持了仪式。",
}  # fmt: skip
TOWER = {
    "id": "b", "lang": "en", "title": "Tower sold to Marta",
    "text": "The tower was sold on Monday. Its new owner paid 3 million dollars. Nobody lives there now.",
}  # fmt: skip
STORY: dict[str, Any] = {
    "articles": [BRIDGE, TOWER],
    "questions": [
        {"q": "大桥花了多少钱？", "lang": "zh", "answers": {"a": ["4亿元"]}},
        {"q": "Who bought the tower?", "lang": "en", "answers": {"b": ["Marta"]}},
        {"q": "隧道花了多少钱？", "lang": "zh", "answers": {}, "kind": "neighbour"},
    ],
    "statements": [
        {"s": "The bridge cost 400 million.", "lang": "en", "article": "a", "supported": True},
        {"s": "塔没有卖掉。", "lang": "zh", "article": "b", "supported": False},
    ],
}


def changed(**parts: Any) -> dict[str, Any]:
    return json.loads(json.dumps(STORY | parts))


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"articles": [BRIDGE, TOWER | {"lang": "fr"}]}, "article b: lang, title or text"),
        ({"articles": [BRIDGE, TOWER | {"text": "Short."}]}, "article b: lang, title or text"),
        ({"articles": [BRIDGE | {"title": " "}, TOWER]}, "article a: lang, title or text"),
        ({"questions": [{"q": "谁？", "lang": "fr", "answers": {"a": ["李明"]}}]}, "question '谁？': lang"),
        ({"questions": [{"q": "谁？", "lang": "zh", "answers": {}}]}, "question '谁？': unanswerable without a known kind"),
        ({"questions": [{"q": "谁？", "lang": "zh", "answers": {}, "kind": "odd"}]}, "question '谁？': unanswerable without a known kind"),
        ({"questions": [{"q": "谁？", "lang": "zh", "answers": {"c": ["李明"]}}]}, "question '谁？': no article c"),
        ({"questions": [{"q": "谁？", "lang": "zh", "answers": {"a": []}}]}, "question '谁？': an empty list for a"),
        ({"questions": [{"q": "谁？", "lang": "zh", "answers": {"a": ["张华"]}}]}, "question '谁？': '张华' is not in a"),
        ({"statements": [{"s": "甲。", "lang": "zh", "article": "c", "supported": True}]}, "statement '甲。': article or lang"),
        ({"statements": [{"s": "甲。", "lang": "zh", "article": "a", "supported": "yes"}]}, "statement '甲。': supported is true or false"),
    ],
)  # fmt: skip
def test_a_problem_of_a_story_is_named(parts: dict[str, Any], problem: str) -> None:
    assert check_stories.problems(changed(**parts)) == [problem]


def test_files_of_stories_are_checked_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "stories.jsonl"
    path.write_text(json.dumps(STORY) + "\n", encoding="utf-8")
    assert check_stories.main([str(path)]) == 0
    counted = "stories: 1, articles: 2, questions: 3, unanswerable: 1, several places: 0, statements: 2"
    assert counted in capsys.readouterr().out
    path.write_text("{}\nnot json\n" + json.dumps(changed(articles=[])) + "\n", encoding="utf-8")
    assert check_stories.main([str(path)]) == 1
    said = capsys.readouterr().out
    assert f"{path}:1: not a story" in said
    assert f"{path}:2: not a story" in said
    assert f"{path}:3: question '大桥花了多少钱？': no article a" in said


def test_every_shipped_story_is_whole() -> None:
    paths = sorted((Path(check_stories.__file__).with_name("data")).glob("stories-*.jsonl"))
    assert paths
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            assert check_stories.problems(json.loads(line)) == [], f"{path.name}:{number}"


def test_every_tenth_story_of_a_file_is_held_out(tmp_path: Path) -> None:
    for file in (2, 10):
        rows = "".join(json.dumps({"n": f"{file}-{row}"}) + "\n" for row in range(12))
        (tmp_path / f"stories-{file}.jsonl").write_text(rows, encoding="utf-8")
    held, rest = (
        [story["n"] for story in stories.read_stories(tmp_path, held_out=held_out)]
        for held_out in (True, False)
    )
    assert held == ["2-0", "2-10", "10-0", "10-10"]
    assert (len(rest), rest[0], rest[-1]) == (20, "2-1", "10-11")


def of_story() -> Iterator[list[Pair]]:
    """The pairs of the story, drawn a few times."""
    for seed in SEEDS:
        yield stories.story_pairs([STORY], random.Random(seed), first_group=500)


def test_pairs_of_a_story_mark_its_answers_where_they_stand() -> None:
    for pairs in of_story():
        marked = {pair.group: pair for pair in pairs if pair.answers}
        assert {group: marks(pair) for group, pair in marked.items()} == {500: ["4亿元"], 501: ["Marta"]}
        assert all(pair.text.startswith(("大桥通车\n", "Tower sold to Marta\n")) for pair in marked.values())
        for pair in pairs:
            assert bool(pair.places) == bool(pair.answers)
            assert not pair.answers or pair.asked in ("大桥花了多少钱？", "Who bought the tower?")


def test_a_question_of_a_story_is_met_with_texts_that_do_not_answer_it() -> None:
    for pairs in of_story():
        negatives = [pair for pair in pairs if pair.answers is False]
        assert {pair.group for pair in negatives} == {500, 501, 502}
        assert all("4亿元" not in pair.text for pair in negatives if pair.group == 500)
        assert sum(pair.group == 502 for pair in negatives) == 2


def test_statements_of_a_story_teach_support_alone() -> None:
    for pairs in of_story():
        said = [pair for pair in pairs if pair.answers is None]
        assert [(pair.asked, pair.supports, pair.located) for pair in said] == [
            ("The bridge cost 400 million.", True, False), ("塔没有卖掉。", False, False),
        ]  # fmt: skip
        assert said[1].text == TOWER["text"]


# --- public questions ------------------------------------------------------------------------


def rows() -> list[prepare.Row]:
    """Towns whose mayors are asked for; some share words, and one answer stands in two of them."""
    found = []
    for number in range(16):
        before = f"Town {number} lies on a river. It has {100 + number} houses. " * 6
        name = f"Mayor{number // 2 if number < 2 else number}"
        passage = (
            f"{before}In {1990 + number} the people chose {name} as mayor. " + "They built a harbour. " * 14
        )
        start = passage.index(name)
        question = f"Who became mayor of town {number} in {1990 + number}?"
        found.append(prepare.Row(question, passage, True, ((start, start + len(name)),), True, "en"))
    found.append(prepare.Row("Who left?", "They built a harbour. It has 100 houses.", False, (), True, "en"))
    return found


def marks(pair: Pair) -> list[str]:
    """The words that a pair's places cover."""
    return [pair.text[start:end] for start, end in pair.places]


def drawn() -> Iterator[tuple[prepare.Row, Pair]]:
    """Pairs of the rows, drawn a few times, each with the row that it was made of."""
    asked = rows()
    for seed in SEEDS:
        for pair in prepare.answer_pairs(asked, random.Random(seed), both=0.2):
            yield asked[pair.group % len(asked)], pair


def test_a_window_is_whole_sentences_around_its_answer() -> None:
    for row, pair in ((row, pair) for row, pair in drawn() if pair.answers):
        start = row.passage.index(pair.text)
        spans = sentence_spans(row.passage)
        assert start in {a for a, _ in spans}
        assert start + len(pair.text) in {b for _, b in spans}
        (place,) = row.places
        assert marks(pair) == [row.passage[slice(*place)]]
        assert len(pair.text) <= 1_000


def test_no_negative_tells_the_answer() -> None:
    kinds = set()
    for row, pair in drawn():
        if row.answerable and not pair.answers and pair.asked == row.question:
            answer = row.passage[slice(*row.places[0])]
            assert answer.lower() not in pair.text.lower()
            assert pair.places == ()
            kinds.add("own" if pair.text in row.passage else "cut" if "Mayor" not in pair.text else "other")
    assert {"own", "other"} <= kinds


def test_a_changed_number_is_nowhere_in_the_text_and_is_a_question_of_its_own() -> None:
    changed_numbers = [(row, pair) for row, pair in drawn() if pair.asked != row.question]
    assert changed_numbers
    for row, pair in changed_numbers:
        assert pair.answers is False
        assert pair.group >= len(rows())
        (new,) = set(pair.asked.rstrip("?").split()) - set(row.question.rstrip("?").split())
        assert new.isdigit()
        assert new not in pair.text


def test_a_question_without_an_answer_has_no_other_negative() -> None:
    pairs = prepare.answer_pairs(rows(), random.Random(3), both=0.2)
    (only,) = [pair for pair in pairs if pair.asked == "Who left?"]
    assert (only.answers, only.places, only.located) == (False, (), True)


@pytest.mark.parametrize(
    ("text", "words", "left"),
    [
        ("港口停航了。灯坏了。船走了。", ["灯坏了"], "港口停航了。船走了。"),
        ("It closed. The lamp broke. He left.", ["lamp"], "It closed. He left."),
        ("It closed. The lamp broke. He left.", ["closed", "left"], "The lamp broke."),
        ("灯坏了。", ["灯"], None),
        ("灯坏了。灯又坏了。", ["灯"], None),
        ("灯坏了。船走了。", [], None),
    ],
)
def test_the_sentences_that_answer_are_taken_out_unless_nothing_is_left_or_it_is_told_again(
    text: str, words: list[str], left: str | None
) -> None:
    places = [(text.index(word), text.index(word) + len(word)) for word in words]
    assert prepare.taken_out(text, places) == left


def packed(path: Path, found: list[dict[str, Any]]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in found)
    return path


def test_rows_are_read_of_known_sources_and_languages(tmp_path: Path) -> None:
    known = {"known": 3}
    row = {"src": "known", "lang_p": "zh", "lang_q": "en", "question": "Who?", "passage": "甲来了。", "answerable": True,
           "answers": [{"start": 0, "text": "甲"}, {"start": 1, "text": "来"}]}  # fmt: skip
    more = [row | {"src": "unknown"}, row | {"lang_p": "fr"}, row | {"lang_q": "fr"}]
    found = prepare.read_rows(packed(tmp_path / "qa.gz", [*[row] * 5, *more]), known, random.Random(1))
    assert found == [prepare.Row("Who?", "甲来了。", True, ((0, 1),), True, "zh")] * 3
    bare = [row | {"answers": []}, row | {"answers": [], "answerable": False}]
    found = prepare.read_rows(packed(tmp_path / "qa.gz", bare), known, random.Random(1))
    assert [(row.answerable, row.located) for row in found] == [(True, False), (False, True)]


def test_partly_supported_statements_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "SUPPORT", {"known": 9, "pawsx_dev": 9})
    row = {
        "src": "known",
        "statement": "甲。",
        "passage": "乙。",
        "label": "support",
        "lang_s": "zh",
        "lang_p": "zh",
    }
    others = [
        row | {"label": "refute"}, row | {"label": "partial"}, row | {"passage": "乙" * 1_201},
        row | {"src": "pawsx_dev", "lang_s": "en", "lang_p": "en"}, row | {"src": "pawsx_dev"},
    ]  # fmt: skip
    pairs = prepare.support_pairs(packed(tmp_path / "support.gz", [row, *others]), random.Random(1))
    assert [(pair.supports, pair.answers, pair.located) for pair in pairs] == [
        (True, None, False), (False, None, False), (True, None, False),
    ]  # fmt: skip


def test_a_sentence_is_supported_by_its_translation_and_not_by_its_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "PARALLEL", {"ntrex": 40})
    lines = [
        {
            "src": "ntrex.test",
            "zh": f"第{n}座桥在{1000 + n}年通车。",
            "en": f"Bridge {n} opened in {1000 + n}.",
        }
        for n in range(10, 40)
    ]
    pairs = prepare.parallel_pairs(packed(tmp_path / "parallel.gz", lines), random.Random(1))
    told = {row["zh"]: row["en"] for row in lines} | {row["en"]: row["zh"] for row in lines}
    supported = [pair for pair in pairs if pair.supports]
    assert len(supported) == 27
    for pair in supported:
        assert marks(pair) == [told[pair.asked]]
    for pair in (pair for pair in pairs if not pair.supports):
        assert pair.places == ()
        assert told.get(pair.asked, "no translation") not in pair.text
    assert {pair.answers for pair in pairs} == {None}


# --- tokens ----------------------------------------------------------------------------------

TOKENIZER = tiny.tokenizer()
PAIRS = [
    Pair("谁来了？", "前言。李明来了。", True, ((3, 5),), group=1),
    Pair("谁来了？", "船走了。", False, group=1),
    Pair("什么来了？", "甲来了，乙来了。", True, ((0, 1), (4, 5)), group=2),
    Pair("李明来了。", "前言。李明来了。", None, located=False, supports=True),
    Pair("谁来了？", "港口停航了。" * 90 + "李明来了。", True, ((540, 542),), group=3),
]


def words(examples: Examples, row: int, first: int, last: int) -> str:
    ids = examples.ids[examples.starts[row] : examples.starts[row + 1]]
    return "".join(TOKENIZER.id_to_token(int(token)) for token in ids[first : last + 1])


def test_places_become_spans_of_the_tokens_that_cover_them() -> None:
    examples = tokenise(PAIRS, TOKENIZER)
    spans = [(int(row), words(examples, row, first, last)) for row, first, last in examples.spans]
    assert spans == [(0, "李明"), (2, "甲"), (2, "乙")]
    assert examples.located.tolist() == [1, 1, 1, 0, 0]
    assert examples.answers.tolist() == [1, 0, 1, -1, 1]
    assert examples.supports.tolist() == [-1, -1, -1, 1, -1]
    assert examples.groups.tolist() == [1, 1, 2, 0, 3]


def test_a_row_is_the_question_and_then_the_text_as_the_reader_reads_them() -> None:
    examples = tokenise(PAIRS, TOKENIZER)
    assert words(examples, 0, 0, 999) == f"<s>{pair_text('谁来了？')}</s></s>前言。李明来了。</s>"
    assert words(examples, 3, 0, 999).startswith(f"<s>{pair_text('李明来了。', statement=True)}</s></s>")
    for row, pair in enumerate(PAIRS):
        assert words(examples, row, examples.text_starts[row], 999).startswith(pair.text[:4])
    assert examples.length(4) == WINDOW_TOKENS


def test_an_answer_that_the_window_cuts_off_is_not_located_but_still_answers() -> None:
    examples = tokenise(PAIRS[4:], TOKENIZER)
    assert (examples.located.tolist(), examples.answers.tolist(), len(examples.spans)) == ([0], [1], 0)


def equal(one: Examples, other: Examples) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in Examples.__slots__)


def test_examples_are_kept_in_a_file(tmp_path: Path) -> None:
    examples = tokenise(PAIRS, TOKENIZER)
    examples.save(tmp_path / "pairs.npz")
    assert equal(Examples.load(tmp_path / "pairs.npz"), examples)


def test_some_rows_of_examples_keep_their_labels() -> None:
    examples = tokenise(PAIRS, TOKENIZER)
    assert equal(examples.take(np.array([0, 2])), tokenise([PAIRS[0], PAIRS[2]], TOKENIZER))
    assert equal(examples.take(np.arange(len(PAIRS))), examples)
    assert equal(tokenise(PAIRS[:2], TOKENIZER).beside(tokenise(PAIRS[2:], TOKENIZER)), examples)
    assert len(examples.sample(0.0, 1)) == 0
    assert equal(examples.sample(1.0, 1), examples)


# --- steps -----------------------------------------------------------------------------------


def many() -> Examples:
    """Twenty questions with two texts each, and ten statements, of many lengths."""
    pairs = []
    for number in range(20):
        text = "前言。" * (number % 7) + "李明来了。"
        start = text.index("李明")
        pairs.append(Pair("谁来了？", text, True, ((start, start + 2),), group=number))
        pairs.append(Pair("谁来了？", "船走了。" * (1 + number % 5), False, group=number))
    pairs += [
        Pair("李明来了。", "前言。" * n, None, located=False, supports=n % 2 == 0) for n in range(1, 11)
    ]
    return tokenise(pairs, TOKENIZER)


def test_every_row_is_in_one_step_and_steps_are_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    from training import train

    monkeypatch.setattr(train, "STEP_TOKENS", 200)
    examples = many()
    steps = train._batches(examples, 1)
    assert sorted(row for step in steps for row in step) == list(range(len(examples)))
    assert len(steps) > 5
    for step in steps:
        width = max(map(examples.length, step))
        assert width * len(step) <= 200 or len(step) <= 2
    assert train._batches(examples, 1) == steps
    assert train._batches(examples, 2) != steps


def test_labels_of_a_step_stand_on_the_tokens_of_its_rows() -> None:
    import torch

    from training import train

    examples = tokenise(PAIRS, TOKENIZER)
    batch = train.collate(examples, [2, 1], torch.device("cpu"))
    (row_a, first_a, last_a), (row_b, first_b, last_b) = examples.spans[1:].tolist()
    assert (row_a, row_b) == (2, 2)
    assert batch.starts[0].nonzero().flatten().tolist() == [first_a, first_b]
    assert batch.ends[0].nonzero().flatten().tolist() == [last_a, last_b]
    assert batch.inside[0].nonzero().flatten().tolist() == [first_a, first_b]
    # Where nothing answers, the first token of all is the answer.
    assert batch.starts[1].nonzero().flatten().tolist() == batch.ends[1].nonzero().flatten().tolist() == [0]
    assert batch.inside[1].sum() == 0
    for at, row in enumerate([2, 1]):
        length = examples.length(row)
        assert batch.mask[at].sum() == length
        text = batch.text[at].nonzero().flatten().tolist()
        assert text == list(range(int(examples.text_starts[row]), length - 1))
    assert (batch.answers.tolist(), batch.groups.tolist()) == ([1, 0], [2, 1])


# --- training --------------------------------------------------------------------------------


@pytest.fixture
def run(tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Trains a stage in steps of few tokens that are kept after each; the file of its weights."""
    from training import train

    monkeypatch.setattr(train, "STEP_TOKENS", 300)
    monkeypatch.setattr(train, "_SAVE_EVERY", 1)

    def run(
        name: str = "one", *, steps: int = 1, rate: float = 1e-3, folder: str = "", **options: Any
    ) -> Path:
        work = tmp_path / folder
        work.mkdir(exist_ok=True)
        recipe = train.Recipe(name, rate=rate, last=0.1, frozen=1, steps=steps)
        return train.train(many(), recipe, encoder=tiny_encoder, work=work, **options)

    return run


def state(path: Path) -> dict[str, Any]:
    import torch

    found: dict[str, Any] = torch.load(path, weights_only=True)
    return found


def agree(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all((one[name] == other[name]).all() for name in one)


def test_a_stage_that_was_stopped_goes_on_where_it_was(
    run: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training import train

    whole = run("stage", steps=4, folder="whole")
    losses, calls = train.step_losses, []

    def stop(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return losses(*arguments)

    monkeypatch.setattr(train, "step_losses", stop)
    with pytest.raises(KeyboardInterrupt):
        run("stage", steps=4, folder="stopped")
    assert not (tmp_path / "stopped" / "stage.pt").exists()
    again = run("stage", steps=4, folder="stopped")
    # Two steps before it was stopped, the one that was lost, and the last two.
    assert len(calls) == 5
    assert agree(state(again), state(whole))
    logged = (tmp_path / "stopped" / "stage.log").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["step"] for line in logged] == [0, 1, 2, 3]


def test_a_finished_stage_is_not_trained_again_and_the_next_begins_with_its_weights(
    run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run("one")
    assert agree(state(run("two", rate=0.0, start=first)), state(first))
    monkeypatch.setattr("training.train.step_losses", lambda *_: pytest.fail("it was trained again"))
    assert run("one") == first


def test_what_is_frozen_is_not_trained(run: Callable[..., Path]) -> None:
    trained = state(run())
    assert {name.split(".layer.")[1][0] for name in trained if ".layer." in name} == {"1"}
    assert not [name for name in trained if "embeddings" in name]


def test_the_mean_of_stages_lies_between_them(tmp_path: Path) -> None:
    import torch

    from training.export import mean_of

    for name, value in (("one", 1.0), ("other", 4.0)):
        torch.save({"weights": torch.full((2,), value)}, tmp_path / name)
    out = mean_of([tmp_path / "one", tmp_path / "other"], tmp_path / "mean")
    assert torch.load(out, weights_only=True)["weights"].tolist() == [2.5, 2.5]


def test_a_trained_reader_is_exported_with_its_hash_in_the_catalogue(
    tiny_encoder: Path, run: Callable[..., Path], tmp_path: Path
) -> None:
    from training.export import export

    entries = [
        {"id": "e", "role": "encoder", "wheels": [{"file": "a.whl"}]},
        {"id": "r", "role": "reader", "wheels": []},
    ]
    (tmp_path / "catalogue.json").write_text(json.dumps(entries), encoding="utf-8")
    out = tmp_path / "reader.safetensors"
    export(run(), encoder=tiny_encoder, out=out, facts={"base": "tiny"})
    catalogue = json.loads((tmp_path / "catalogue.json").read_text(encoding="utf-8"))
    assert catalogue[0] == entries[0]
    assert catalogue[1] == entries[1] | {
        "bytes": out.stat().st_size, "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
    }  # fmt: skip
    (reading,) = TrainedReader.load(tiny_encoder, id="tiny", weights=out).read("谁来了？", ["李明来了。"])
    assert len(reading.places) == 5


# --- calibration -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "answers"),
    [
        ({"answerable": False, "answers": ["甲"]}, []),
        ({"answerable": True, "answers": ["甲", "乙"]}, [[["甲"]], [["乙"]]]),
        ({"answerable": True, "answers": ["甲"], "answers_by_lang": {"en": ["A"]}}, [[["甲"]], [["A"]]]),
        (
            {"answerable": True, "answers": ["甲"], "answer_groups": [["甲", "A"], ["乙"]]},
            [[["甲", "A"], ["乙"]]],
        ),
    ],
)
def test_answers_of_a_pack_are_groups_of_alternatives(row: dict[str, Any], answers: list[Any]) -> None:
    from training.calibrate import pack_answers

    assert pack_answers(row) == answers


def test_weights_are_fitted_and_a_negative_one_is_said() -> None:
    from training.calibrate import SCORES, _fit_answer

    rng = np.random.default_rng(1)
    values = rng.normal(size=(200, len(SCORES)))
    groups, even = [str(n % 20) for n in range(200)], np.ones(200)
    right = values.sum(axis=1) + rng.normal(size=200) > 0
    chances, weights = _fit_answer(values, right, groups, even)
    assert weights.keys() == {"", *SCORES}
    assert all(weight > 0.5 for name, weight in weights.items() if name)
    assert ((chances > 0) & (chances < 1)).all()
    with pytest.raises(ValueError, match="a weight is negative"):
        _fit_answer(values, values[:, 0] - values[:, 1] > 0, groups, even)
