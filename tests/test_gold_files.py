"""Gold sets as they are read: JSON lines and BEIR folders; mistakes are named with file, line and remedy."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ragqa.errors import GoldError
from ragqa.evaluation.gold import Evidence, Gold, GoldRow, GoldSet, gold_line, read_gold

WHO = {"id": "q1", "question": "谁买了灯？", "answers": [["画家", "painter"]]}
GONE = {"id": "q2", "question": "Who sold the lamp?", "answerable": False}


def write(folder: Path, *rows: dict[str, Any] | str | bytes) -> Path:
    path = folder / "set.jsonl"
    path.write_bytes(b"".join(line(row) + b"\n" for row in rows))
    return path


def line(row: dict[str, Any] | str | bytes) -> bytes:
    if isinstance(row, bytes):
        return row
    return (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)).encode()


def beir(folder: Path, *queries: dict[str, Any], qrels: str, at: str = "qrels.tsv") -> Path:
    write(folder, *queries).rename(folder / "queries.jsonl")
    (folder / at).parent.mkdir(exist_ok=True)
    (folder / at).write_text(qrels, encoding="utf-8")
    return folder


def groups(gold: GoldSet) -> list[str]:
    return [question.group for question in gold.questions]


# --- JSON lines ------------------------------------------------------------------------------


def test_a_line_says_what_it_says_and_the_rest_is_known(tmp_path: Path) -> None:
    gold = read_gold(write(tmp_path, WHO, "", GONE))
    assert gold.questions == (
        Gold("q1", "谁买了灯？", "zh", True, (("画家", "painter"),), group="q1"),
        Gold("q2", "Who sold the lamp?", "en", False, group="q2"),
    )
    assert (gold.path, gold.corpus) == (tmp_path / "set.jsonl", None)


def test_every_field_can_be_given(tmp_path: Path) -> None:
    row = {**WHO, "language": "en", "tags": ["who"], "group": "lamps",
           "evidence": [{"article_id": "b.md", "quote": "买家"}, {"article_id": "a.md", "quote": "a painter"},
                        {"article_id": "b.md", "quote": "画家"}]}  # fmt: skip
    (question,) = read_gold(write(tmp_path, row)).questions
    assert (question.language, question.tags, question.group) == ("en", ("who",), "lamps")
    assert question.relevant == ("b.md", "a.md")
    assert question.evidence[1] == Evidence(article_id="a.md", quote="a painter")


def test_questions_about_one_article_are_one_group(tmp_path: Path) -> None:
    def quoting(id: str, *articles: str) -> dict[str, Any]:
        return {
            "id": id,
            "question": "谁？",
            "evidence": [{"article_id": a, "quote": "词"} for a in articles],
        }

    path = write(tmp_path, quoting("q1", "b-2.md", "a-1.md"), quoting("q2", "a-2.md"), quoting("q3", "c.md"))
    assert groups(read_gold(path)) == ["a-1.md", "a-2.md", "c.md"]
    assert groups(read_gold(path, cluster="^[a-z]-")) == ["a-", "a-", "c.md"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{", "line 3: Invalid JSON"),
        ("[1]", "line 3: Input should be an object"),
        ({**WHO, "id": "q3", "answer": "画家"}, "line 3: answer: Extra inputs are not permitted"),
        ({**WHO, "id": 3}, "line 3: id: Input should be a valid string"),
        ({**WHO, "id": "q3", "question": " "}, "line 3: Value error, the question is empty"),
        ({**WHO, "id": "q3", "answers": [["画家"], []]}, "line 3: .*holds at least one alternative"),
        ({**WHO, "id": "q3", "answers": [["画家", " "]]}, "line 3: .*none of them empty"),
        ({**GONE, "id": "q3", "answers": [["画家"]]}, "line 3: .*has neither answers nor evidence"),
        ({"id": "q3", "question": "谁？"}, 'line 3: .*give answers, evidence, or "answerable": false'),
        ({**WHO, "id": "q3", "evidence": [{"article_id": "a"}]}, "line 3: evidence.0.quote: Field required"),
    ],
)
def test_a_bad_line_is_named_with_its_remedy(tmp_path: Path, row: dict[str, Any] | str, said: str) -> None:
    path = write(tmp_path, WHO, "", row)
    with pytest.raises(GoldError, match=f"{re.escape(str(path))}, {said}.*; see: ragqa gold schema$"):
        read_gold(path)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((WHO, GONE, WHO), ", line 3: line 1 has the id 'q1' already"),
        ((WHO, b'{"id": "\xff"}'), ", line 2: it is not UTF-8; save it as UTF-8"),
        ((), " holds no question"),
        (("", "  "), " holds no question"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, rows: tuple[Any, ...], said: str) -> None:
    path = write(tmp_path, *rows)
    with pytest.raises(GoldError, match=f"^{re.escape(str(path) + said)}$"):
        read_gold(path)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert len(read_gold(write(tmp_path, b"\xef\xbb\xbf" + line(WHO))).questions) == 1


def test_a_written_line_is_read_as_it_was(tmp_path: Path) -> None:
    row = GoldRow.model_validate({**WHO, "answers": [["画家"]], "tags": ["who"]})
    (question,) = read_gold(write(tmp_path, gold_line(row))).questions
    assert question == Gold("q1", "谁买了灯？", "zh", True, (("画家",),), tags=("who",), group="q1")


def test_the_digest_is_of_the_content_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    digest = read_gold(write(tmp_path / "a", WHO)).digest
    assert read_gold(write(tmp_path / "b", WHO)).digest == digest
    assert read_gold(write(tmp_path / "a", {**WHO, "answers": [["买家"]]})).digest != digest


# --- BEIR folders ----------------------------------------------------------------------------


def test_a_beir_folder_is_a_gold_set(tmp_path: Path) -> None:
    folder = beir(
        tmp_path,
        {"_id": "1", "text": "谁买了灯？", "metadata": {}},
        {"_id": 2, "text": "Who paid?", "answers": ["painter", "画家"], "tags": ["who"], "group": "lamps"},
        qrels="query-id\tcorpus-id\tscore\n1\td2\t1\n1\td1\t2\n1\td9\t0\n2\td3\t1\n",
    )
    (folder / "corpus.jsonl").touch()
    gold = read_gold(folder)
    assert gold.questions == (
        Gold("1", "谁买了灯？", "zh", True, relevant=("d2", "d1"), group="d1"),
        Gold("2", "Who paid?", "en", True, (("painter", "画家"),), (), ("d3",), ("who",), "lamps"),
    )
    assert gold.corpus == folder / "corpus.jsonl"


def test_a_folder_without_a_corpus_has_none(tmp_path: Path) -> None:
    assert read_gold(beir(tmp_path, {"_id": "1", "text": "谁？"}, qrels="1 d1 1\n")).corpus is None


def test_a_query_of_another_split_is_left_out_but_an_unanswerable_one_is_not(tmp_path: Path) -> None:
    folder = beir(
        tmp_path,
        {"_id": "1", "text": "谁？"},
        {"_id": "2", "text": "何时？"},
        {"_id": "3", "text": "为何？", "answerable": False, "answers": ["因为"]},
        {"_id": "4", "text": "何处？"},
        qrels="1\td1\t1\n4\td1\t0\n",
        at="qrels/test.tsv",
    )
    (folder / "qrels/train.tsv").write_text("2\td1\t1\n", encoding="utf-8")
    questions = read_gold(folder).questions
    assert [(q.id, q.answerable, q.answers) for q in questions] == [("1", True, ()), ("3", False, ())]


def test_the_only_split_is_taken_whatever_its_name(tmp_path: Path) -> None:
    folder = beir(tmp_path, {"_id": "1", "text": "谁？"}, qrels="1\td1\t1\n", at="qrels/dev.tsv")
    assert [q.id for q in read_gold(folder).questions] == ["1"]


def test_groups_of_answers_win_over_alternatives(tmp_path: Path) -> None:
    query = {"_id": "1", "text": "谁？", "answers": ["甲", "乙"], "answer_groups": [["甲"], ["乙", "丙"]]}
    (question,) = read_gold(beir(tmp_path, query, qrels="1 d1 1\n")).questions
    assert question.answers == (("甲",), ("乙", "丙"))


def test_answers_in_either_language_are_alternatives(tmp_path: Path) -> None:
    by_language = {"zh": ["罗洛"], "en": ["Rollo", "Hrolf"]}
    query = {"_id": "1", "text": "Who?", "answers": ["罗洛", "Rollo"], "answers_by_lang": by_language}
    (question,) = read_gold(beir(tmp_path, query, qrels="1 d1 1\n")).questions
    assert question.answers == (("罗洛", "Rollo", "Hrolf"),)


def test_a_question_whose_article_was_taken_out_stays_in_its_group(tmp_path: Path) -> None:
    gone = {"_id": "2", "text": "Who?", "answerable": False, "removed_doc": "zh-07-3"}
    folder = beir(tmp_path, {"_id": "1", "text": "Who?"}, gone, qrels="1 zh-07-1 1\n")
    assert groups(read_gold(folder)) == ["zh-07-1", "zh-07-3"]
    assert groups(read_gold(folder, cluster=r"^zh-\d+")) == ["zh-07", "zh-07"]


def test_trecs_own_form_of_labels_is_read(tmp_path: Path) -> None:
    folder = beir(tmp_path, {"_id": "1", "text": "谁？"}, qrels="1 0 d1 1\n\n1 0 d2 0\n")
    assert read_gold(folder).questions[0].relevant == ("d1",)


@pytest.mark.parametrize("row", ["1 d1", "1 0 d1 1 x", "1", "1 d1 yes", "qid doc score"])
def test_a_bad_line_of_labels_is_named(tmp_path: Path, row: str) -> None:
    folder = beir(tmp_path, {"_id": "1", "text": "谁？"}, qrels=f"1 d1 1\n{row}\n")
    with pytest.raises(GoldError, match=r"qrels\.tsv, line 2: it is not “query document relevance”"):
        read_gold(folder)


def test_a_bad_query_is_named(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"queries\.jsonl, line 1: text: Field required"):
        read_gold(beir(tmp_path, {"_id": "1"}, qrels="1 d1 1\n"))


def test_any_other_folder_is_none_and_it_is_said_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"is no BEIR folder: it needs queries\.jsonl, and qrels\.tsv or"):
        read_gold(tmp_path)


def test_labels_are_part_of_the_digest(tmp_path: Path) -> None:
    query = {"_id": "1", "text": "谁？"}
    first = read_gold(beir(tmp_path, query, qrels="1 d1 1\n")).digest
    assert read_gold(beir(tmp_path, query, qrels="1 d2 1\n")).digest != first
