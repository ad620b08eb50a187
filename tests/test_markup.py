"""Records to HTML: nothing of corpus, question or model may act; marks stand exactly where they should."""

import re
from dataclasses import replace
from html import unescape

import pytest
from support.hostile_text import ADDRESSES, HARMLESS, HOSTILE, Tags
from support.tally import Tally

from ragqa.corpus.uploads import CorpusState
from ragqa.server import answer_html, article_html, markup, page_html, panels
from ragqa.server.i18n import WORDS, phrase, ui_language
from ragqa.server.markup import Mark
from ragqa.types import Answer, Article, Chunk, Citation, Passage, ShortAnswer, Skipped, Statement, Status


def article_of(text: str = "第一句。第二句。", **changes: object) -> Article:
    return replace(Article("a.txt", "标题", text, "Paper", "2024-05-01"), **changes)  # type: ignore[arg-type]


def answer_of(article: Article, *quotes: tuple[int, int]) -> Answer:
    citations = tuple(Citation(n, article, a, b) for n, (a, b) in enumerate(quotes, start=1))
    statements = tuple(Statement(c.quote, (c.marker,), "supported") for c in citations)
    chunk = Chunk(article.id, 0, len(article.text), article.text)
    return Answer(
        "问题？",
        "zh",
        "answered",
        statements,
        citations,
        (Passage(chunk, article, 0.5),),
    )


def everything(article: Article, question: str, said: str) -> str:
    answer = replace(
        answer_of(article, (0, len(article.text))),
        question=question,
        note=said,
        statements=(
            Statement(said, (1,), kind="written"),
            Statement(said + "。", (1,), kind="written"),
            Statement(article.text, (1,), translation=said),
        ),
        answers=(ShortAnswer(article.text[:9], 1, 0, 9), ShortAnswer(said, 1, None, None)),
    )
    statuses: tuple[Status, ...] = ("answered", "possible", "not_found")
    return "".join(
        [
            *(answer_html.answer("en", replace(answer, status=s), "done") for s in statuses),
            answer_html.answer("en", replace(answer, statements=(), status="not_found"), "done"),
            answer_html.answer("zh", answer, "running"),
            markup.sources("en", answer),
            article_html.reader(
                "en", article, [Mark(1, 0, 3), Mark(1, 1, 2, key=True), Mark(0, 1, len(article.text))]
            ),
            markup.message("en", said, verbatim=True),
            answer_html.status("en", answer, "done", 1.0),
            page_html.masthead("en", [article]),
            panels.corpus_content(
                "zh", CorpusState([article], [Skipped(said, said)], frozenset([article.id]))
            ),
            page_html.examples("en", [("en", question)]),
        ]
    )


@pytest.mark.parametrize("payload", HOSTILE)
def test_nothing_from_outside_becomes_markup(payload: str) -> None:
    article = Article(payload, payload, f"{payload}\n{payload}。", payload, payload, "zh", (payload,))
    built = Tags(everything(article, payload, payload))
    assert set(built.tags) <= HARMLESS
    assert not [
        name for name, _ in built.attributes if name.startswith("on") or name in ("src", "style", "action")
    ]
    assert payload in built.text


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_web_addresses_become_links(tally: Tally, address: str) -> None:
    page = everything(article_of(source=address, links=(address,)), "q", "s")
    links = [value for name, value in Tags(page).attributes if name == "href"]
    plain = all(re.fullmatch(r"#mark-\d+", link) for link in links)
    tally(
        "F6",
        "sources with another scheme, a hidden host or look-alike letters: no link on the page",
        plain,
        1,
    )
    assert links
    assert plain, links


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/a?b=1&c=(2)#d",
        "http://news.example:8080/",
        "https://xn--fiqs8s.example/上海",
        "HTTPS://Example.org",
        "https://a_b.example/@user",
    ],
)
def test_ordinary_addresses_are_links(address: str) -> None:
    assert markup.web_address(address)


def test_a_web_source_is_named_by_its_host_and_linked_in_the_reader_only() -> None:
    article = article_of(source="https://www.example.org/a?b=1&c=2")
    assert 'href="https://www.example.org/a?b=1&amp;c=2"' in article_html.reader("en", article, [])
    card = markup.sources("en", answer_of(article))
    assert "www.example.org" in card
    assert "href" not in card


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ([], "一二三四五六"),
        ([(1, 1, 3)], "一[1:二三]四五六"),
        ([(1, 0, 6)], "[1:一二三四五六]"),
        ([(1, 0, 3), (2, 3, 6)], "[1:一二三][2:四五六]"),
        ([(1, 0, 4), (2, 2, 6)], "[1:一二][1 2:三四][2:五六]"),
        ([(1, 0, 6), (2, 2, 4)], "[1:一二][1 2:三四][1:五六]"),
        ([(1, 1, 3), (2, 1, 3)], "一[1 2:二三]四五六"),
        ([(0, 0, 6), (2, 2, 4)], "[:一二][2:三四][:五六]"),
    ],
)
def test_exactly_the_cited_spans_are_marked(marks: list[tuple[int, int, int]], expected: str) -> None:
    html = markup.spans("一二三四五六", [Mark(*mark) for mark in marks])
    plain = re.sub(
        r'<mark(?: class="passage")?(?: id="?mark-\d+"?)?(?: data-n="([\d ]+)")?[^>]*>', r"[\1:", html
    )
    assert plain.replace("</mark>", "]") == expected


def test_a_mark_can_be_found_by_its_number_and_begins_once() -> None:
    html = markup.spans("一二三四五六", [Mark(1, 0, 4), Mark(2, 2, 6)])
    assert re.findall(r'id="([^"]+)"', html) == ["mark-1", "mark-2"]
    assert re.findall(r'data-last="([^"]+)"', html) == ["1", "2"]


def test_a_quote_over_two_paragraphs_is_marked_in_both() -> None:
    article = article_of("标题行\n第一段的话。\n第二段的话。\n尾")
    start, end = article.text.index("的话"), article.text.index("第二段") + 3
    page = article_html.reader("en", article, [Mark(1, start, end)])
    assert re.findall(r"<mark[^>]*>([^<]*)</mark>", page) == ["的话。", "第二段"]
    assert page.count('id="mark-1"') == 1
    assert "<h3>标题行</h3>" in page


def test_the_reader_shows_the_whole_text() -> None:
    text = "头\n第一 & <二>。\n\n  缩进的一行。\nEnd."
    body = Tags(article_html.reader("zh", article_of(text), [Mark(1, 2, 9)])).text
    assert body.endswith("".join(line for line in text.split("\n")))


def test_a_short_answer_is_highlighted_more_strongly_within_its_quote() -> None:
    html = markup.spans("一二三四五六", [Mark(1, 0, 6), Mark(1, 2, 4, key=True)])
    assert html == (
        '<mark id="mark-1" data-n="1">一二</mark><mark class="key" data-n="1">三四</mark>'
        '<mark data-n="1" data-last="1">五六</mark>'
    )


@pytest.mark.parametrize(
    ("asked", "marks"),
    [
        ("1:2:8", [Mark(1, 2, 8)]),
        ("0:2:8", [Mark(0, 2, 8)]),
        ("2:0:8:0-2,4-8", [Mark(2, 0, 8), Mark(2, 0, 2, key=True), Mark(2, 4, 8, key=True)]),
        *((text, []) for text in (
            "", "1:5", "a:1:2", "1:2:9", "1:3:3", "-1:0:3", "²:1:2", "1:0:9999999999", "1:0:4:", "1:0:4:2",
            "1:0:4:3-5", "1:2:4:1-3", "1:0:4:3-2", "1:0:4:1-2,", "1:0:4:1-2:3", "1:0:4\n",
        )),
    ],
)  # fmt: skip
def test_marks_are_asked_for_by_number_and_place_and_nothing_else_is_taken(
    asked: str, marks: list[Mark]
) -> None:
    assert markup.read_marks(asked, article_of()) == marks


@pytest.mark.parametrize(
    ("keys", "span", "expected"),
    [
        ([], (0, 6), "a&lt;c&gt;ef"),
        ([(1, 3)], (0, 6), "a<mark>&lt;c</mark>&gt;ef"),
        ([(4, 6), (0, 1)], (0, 6), "<mark>a</mark>&lt;c&gt;<mark>ef</mark>"),
        ([(0, 3), (2, 5)], (0, 6), "<mark>a&lt;c</mark><mark>&gt;e</mark>f"),
        ([(0, 9)], (2, 4), "<mark>c&gt;</mark>"),
        ([(0, 2), (5, 9)], (2, 5), "c&gt;e"),
    ],
)
def test_key_words_are_highlighted_in_any_stretch(
    keys: list[tuple[int, int]], span: tuple[int, int], expected: str
) -> None:
    assert markup.highlight("a<c>ef", keys, *span) == expected


def test_a_written_sentence_has_its_number_before_the_full_stop_and_only_citations_that_exist() -> None:
    answer = replace(
        answer_of(article_of(), (0, 4), (4, 8)),
        statements=(
            Statement("Two things.", (2, 1, 7), kind="written"),
            Statement("没有", (9,), kind="written"),
        ),
    )
    html = answer_html.answer("en", answer, "done")
    assert re.findall(r'<a class="cite"[^>]*>(\d+)</a>', html) == ["2", "1"]
    assert 'title="标题 — 第二句。"' in html
    said = [re.sub(r"<[^>]+>", "", one) for one in re.findall(r'<p class="statement".*?</p>', html)]
    assert said == ["Two things21.", "没有"]


@pytest.mark.parametrize(
    ("status", "mode", "state", "words"),
    [
        ("not_found", "sources", "running", ["answer.sources"]),
        ("not_found", "sources", "stopped", ["answer.unanswered"]),
        ("answered", "quotes", "running", ["answer.quotes"]),
        ("answered", "quotes", "stopped", ["answer.quotes"]),
        ("answered", "quotes", "done", ["answer.quotes"]),
        ("possible", "quotes", "done", []),
        ("answered", "written", "running", ["answer.written", "answer.quotes"]),
        ("answered", "written", "stopped", ["answer.written", "answer.quotes"]),
        ("answered", "written", "done", ["answer.written", "answer.quotes"]),
    ],
)
def test_each_state_says_what_it_is(status: str, mode: str, state: str, words: list[str]) -> None:
    answer = replace(answer_of(article_of(), (0, 4)), status=status, mode=mode)  # type: ignore[arg-type]
    if mode == "written":
        answer = replace(answer, statements=(Statement("一。", (1,), kind="written"), *answer.statements))
    html = answer_html.answer("en", answer, state)  # type: ignore[arg-type]
    assert re.findall(r'<p class="kind"><span data-word="([^"]+)">', html) == words
    assert ("skeleton" in html) == (words == ["answer.sources"])
    assert f'data-status="{status if state == "done" else "pending"}"' in html


def test_cited_cards_come_first_in_the_order_of_their_numbers() -> None:
    articles = [article_of(id=f"{i}.txt", title=f"T{i}") for i in range(4)]
    passages = tuple(Passage(Chunk(a.id, 0, 8, a.text), a, 0.9 - i / 10) for i, a in enumerate(articles))
    citations = (Citation(1, articles[3], 0, 4), Citation(2, articles[1], 4, 8))
    answer = replace(answer_of(articles[0]), passages=passages, citations=citations)
    html = markup.sources("en", replace(answer, answers=(ShortAnswer("一", 1, 1, 2),)))
    assert re.findall(r">(T\d)<", html) == ["T3", "T1", "T0", "T2"]
    assert re.findall(r'data-cited="(\w+)"', html) == ["true", "true", "false", "false"]
    assert '<mark data-n="2" data-last="2">第二句。</mark>' in html
    assert '<mark data-n="1">第</mark><mark class="key" data-n="1">一</mark>' in html
    assert html.index("Also found") > html.index("T1")


def test_a_snippet_keeps_the_whole_quote_and_says_where_it_is_cut() -> None:
    text = "甲" * 300 + "要紧的一句。" + "乙" * 300
    html = markup.snippet(text, [Mark(1, 300, 306)], 40)
    assert html.startswith("…甲")
    assert html.endswith("乙…")
    assert ">要紧的一句。</mark>" in html
    assert len(re.sub(r"<[^>]+>", "", html)) == 42


def test_an_english_snippet_is_cut_between_words() -> None:
    html = markup.snippet("alpha bravo charlie delta echo foxtrot golf hotel", [], 20)
    assert html == "alpha bravo charlie…"


def test_both_languages_have_the_same_words_with_the_same_values() -> None:
    assert WORDS["zh"].keys() == WORDS["en"].keys()
    for key, words in WORDS["en"].items():
        values = set(re.findall(r"\{(\w+)", words))
        assert set(re.findall(r"\{(\w+)", WORDS["zh"][key])) <= values, key
        assert words.strip()
        assert WORDS["zh"][key].strip()


def test_every_word_that_the_page_names_exists() -> None:
    named = set(
        re.findall(
            r'data-word(?:-label)?="([^"]+)"',
            everything(article_of(), "q", "s")
            + page_html.reader_shell("en")
            + page_html.advanced("en", model="m", k=5),
        )
    )
    assert named <= WORDS["en"].keys()


@pytest.mark.parametrize(("n", "expected"), [(1, "1 article"), (0, "0 articles"), (2, "2 articles")])
def test_numbers_choose_their_word(n: int, expected: str) -> None:
    assert phrase("en", "facts.articles", n=n) == expected


def test_values_reach_the_browser_unharmed() -> None:
    html = markup.words("en", "note.long", n=2000, m=2001)
    assert unescape(re.findall(r"data-args='([^']*)'", html)[0]) == '{"n": 2000, "m": 2001}'


@pytest.mark.parametrize(
    ("said", "code"), [("zh-TW", "zh"), ("zh", "zh"), ("en-GB", "en"), ("fr", "en"), (None, "en")]
)
def test_the_page_speaks_chinese_or_english(said: object, code: str) -> None:
    assert ui_language(said) == code


def test_status_counts_what_has_happened() -> None:
    answer = answer_of(article_of(), (0, 4), (4, 8))
    text = re.sub(r"</li><li>", " · ", answer_html.status("en", answer, "done", 6.24))
    assert re.sub(r"<[^>]+>", "", text) == "found 1 passage in 1 article · quoted 2 sentences · done in 6.2 s"
    assert "searching" in answer_html.status("en", None, "running")
    written = replace(answer, statements=(Statement("一。", (1,), kind="written"), *answer.statements))
    assert "wrote 1 sentence<" in answer_html.status("en", written, "done")
