"""A foreign name in Chinese characters is told whole."""

from __future__ import annotations

import pytest

from ragqa.answer.transliteration import whole_name


@pytest.mark.parametrize(
    ("piece", "question", "whole"),
    [
        ("伯格", "扎克伯格多大年纪？", "扎克伯格"),
        ("拉赫曼", "阿卜杜勒拉赫曼说了什么？", "阿卜杜勒拉赫曼"),
        ("斯特", "谁认识斯特鲁加茨基？", "斯特鲁加茨基"),
        ("克里斯蒂安", "克里斯蒂安森为什么走？", "克里斯蒂安森"),
        ("帕乔基", "帕乔基接任什么？", "帕乔基"),
        ("王芳", "张伟王芳谁先辞职？", "王芳"),
        ("Berg", "谁见过 Berg？", "Berg"),
    ],
)
def test_the_pieces_of_a_foreign_name_belong_together(piece: str, question: str, whole: str) -> None:
    assert whole_name(piece, question) == whole
