"""From what was read to an answer: exact quotes or a refusal, their translations, a written answer."""

from ragqa.answer.compose import answered, with_passages
from ragqa.answer.digest import digested
from ragqa.answer.messages import word
from ragqa.answer.refusal import explained
from ragqa.answer.translate import TRANSLATED, foreign, glosses, translation_beginning
from ragqa.answer.verify import judge
from ragqa.answer.write import written

__all__ = [
    "TRANSLATED",
    "answered",
    "digested",
    "explained",
    "foreign",
    "glosses",
    "judge",
    "translation_beginning",
    "with_passages",
    "word",
    "written",
]
