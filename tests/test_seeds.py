"""The seeds, cleaned as they were received. They are no part of the repository, nor is their text."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragqa.corpus.cleaning import clean, tidy
from ragqa.corpus.metadata import sentences

SEEDS = Path(__file__).parents[1].parent / "shared" / "seeds"

FACTS = {
    "000": ("大消息,OpenAI的下一代前沿模型猎户座已经筹备发布了?", "2024-10-24", "51CTO技术栈", 2),
    "001": ("OpenAI 的 GPT-5 项目研发进度已落后于预定计划", None, "WSJ", 1),
    "002": ("OpenAI 的两位领导团队成员确认已经离开公司", None, "", 3),
    "003": ("OpenAI又上演“权力的游戏”", "2024-05-22", "虎嗅网", 0),
    "004": ("为OpenAI解释一切的人离开了OpenAI", None, "", 1),
}
MARK = "8Lk品论天涯网"
# The lines that belong to the page. Everything else in the seeds is the author's.
WORDS = {
    "图片",
    "广告",
    "评论",
    "热门跟贴",
    "文章目录",
    "标签列表",
    "参考链接:",
    "*参考资料:",
    "人工智能",
    "产业新闻 18",
}
BEGINNINGS = (
    "编辑 |",
    "出品 |",
    "图片来源",
    "https://",
    "本文翻译自",
    "编译:",
    "字号",
    "首页 ",
    "本网除标明",
)


def is_dirt(line: str) -> bool:
    return line in WORDS or line.startswith(BEGINNINGS) or line.endswith("...")


@pytest.fixture(params=FACTS)
def seed(request: pytest.FixtureRequest) -> tuple[str, str]:
    if not SEEDS.is_dir():
        pytest.skip("the seeds as received lie beside the repository, in ../shared/seeds, and are not here")
    (found,) = SEEDS.glob(f"{request.param}_*")
    return request.param, found.read_text("utf-8")


def test_the_seeds_give_their_facts(seed: tuple[str, str]) -> None:
    number, raw = seed
    title, date, outlet, links = FACTS[number]
    result = clean(raw)
    assert result.title.startswith(title)
    assert (result.published, result.source, len(result.links)) == (date, outlet, links)
    assert result.text.count(result.title) == 1


def test_nothing_of_the_page_is_left_in_the_seeds(seed: tuple[str, str]) -> None:
    text = clean(seed[1]).text
    assert MARK not in text
    assert not [line for line in text.split("\n") if is_dirt(line)]


def test_every_sentence_of_the_seeds_is_kept(seed: tuple[str, str]) -> None:
    text = clean(seed[1]).text
    lines = [tidy(line).replace(MARK, "") for line in seed[1].split("\n")]
    written = [line for line in lines if line and not is_dirt(line)]
    assert text.split("\n") == written
    assert all(sentence in text for line in written for sentence in sentences(line))
