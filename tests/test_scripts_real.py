"""Questions in one script on articles in the other, with the real models and without the language model."""

from __future__ import annotations

import pytest
from support.fakes import write_corpus

from ragqa.index import update
from ragqa.pipeline import Pipeline
from ragqa.settings import Settings

pytestmark = pytest.mark.model
FILES = {
    "flood.md": "---\ntitle: 溪口鎮水災\ndate: 2024-07-19\n---\n溪口鎮週三凌晨遭遇暴雨，鎮內兩座水庫漫壩，"
    "三千五百名村民被轉移。鎮長賴國棟說，損失約為兩億元。",
    "museum.md": "---\ntitle: 岱嶺博物館重開\ndate: 2024-05-30\n---\n岱嶺博物館修繕十八個月後於週六重新開放，"
    "館藏增至四萬二千件。館長馮雲麗表示，門票仍為三十元。",
    "ship.md": "---\ntitle: 遠洋貨輪擱淺\ndate: 2024-04-02\n---\n貨輪「滄浪號」在鹿嶼附近擱淺，船上二十六名船員"
    "全部獲救。海事局認為事故起因是導航設備失靈。",
    "steel.md": "---\ntitle: 黎川钢铁扩产\ndate: 2024-03-02\n---\n黎川钢铁今年一季度生产粗钢一千八百万吨。"
    "负责人韩志坚说，下半年将新建两座高炉。",
}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = tmp_path_factory.mktemp("scripts")
    settings = Settings.load(corpus=write_corpus(folder / "corpus", FILES), index=folder / "index")
    update(settings)
    return Pipeline.open(settings)


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("溪口镇水灾转移了多少村民？", "三千五百名"),
        ("溪口镇镇长是谁？", "賴國棟"),
        ("岱岭博物馆的馆藏有多少件？", "四萬二千件"),
        ("沧浪号为什么搁浅？", "導航設備失靈"),
        ("黎川鋼鐵的負責人是誰？", "韩志坚"),
        ("黎川鋼鐵下半年將新建幾座高爐？", "两座高炉"),
    ],
)
def test_a_question_in_the_other_script_is_answered_in_the_articles_own(
    pipeline: Pipeline, question: str, quote: str
) -> None:
    answer = pipeline.answer(question, use_llm=False)
    assert answer.status != "not_found"
    assert any(quote in citation.quote for citation in answer.citations)
