"""The names that the articles hold: found by an abbreviation, by their sound, or by a near spelling.

One text, a name a line (``name``, its words, its sounds), so that a search in it is one regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

from ragqa.text import HAN, entities, fold, simplified, sounds
from ragqa.types import Article

FILE = "names.txt"
# Words at the beginning or inside a name that an abbreviation may leave out.
_LEFT_OUT = frozenset("国家 中国 全国 和 与 及 有限 有限公司 股份 责任".split())
_LONGEST = 40


class KnownNames:
    """The names of an index."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self.text = "".join(f"{line}\n" for line in lines)

    @classmethod
    def build(cls, articles: Iterable[Article]) -> KnownNames:
        """The names in the titles and texts of articles."""
        found = {name for article in articles for name in entities(f"{article.title}\n{article.text}")}
        rows = {"".join(name) if HAN.search(name[0]) else " ".join(name): name for name in sorted(found)}
        kept = ((written, words) for written, words in sorted(rows.items()) if len(written) <= _LONGEST)
        return cls(f"{written}\t{'|'.join(words)}\t{' '.join(sounds(written))}" for written, words in kept)

    @classmethod
    def open(cls, folder: Path) -> KnownNames:
        """Read what ``save`` wrote; no names where an earlier version wrote none. Raises ValueError for other lines."""
        return cls.read((folder / FILE).read_text(encoding="utf-8") if (folder / FILE).is_file() else "")

    @classmethod
    def read(cls, text: str) -> KnownNames:
        """Names from their text. Raises ValueError for other lines."""
        known = cls()
        known.text = text
        if known.text.count("\t") != 2 * known.text.count("\n") or known.text[-1:] not in ("", "\n"):
            raise ValueError(f"{FILE} is of another kind")
        return known

    def save(self, folder: Path) -> None:
        """Write the names into a folder."""
        (folder / FILE).write_text(self.text, encoding="utf-8")

    @cached_property
    def _plain(self) -> str:
        return simplified(self.text)

    @cached_property
    def _written(self) -> list[str]:
        """The names in their order."""
        return [line.split("\t", 1)[0] for line in self.text.splitlines()]

    @cached_property
    def _spelled(self) -> list[str]:
        """The names folded, in the same order."""
        return [fold(name) for name in self._written]

    def sounding(self, sound: str) -> list[str]:
        """The names that are written so in Latin letters: 张卫明 for zhangweiming."""
        found = []
        for before in "\t ":
            at = self.text.find(before + sound) if sound else -1
            while at >= 0:
                if self.text[at + 1 + len(sound)] in " \n":
                    start = self.text.rfind("\n", 0, at) + 1
                    found.append(self.text[start : self.text.index("\t", start)])
                at = self.text.find(before + sound, at + 1)
        return found

    def sounding_like(self, name: str) -> list[str]:
        """The other Chinese names of the same sound: 张卫明 for 张为明."""
        found = [other for sound in sounds(name)[:1] for other in self.sounding(sound)]
        return [other for other in found if HAN.search(other) and simplified(other) != simplified(name)]

    def abbreviated(self, short: str) -> list[str]:
        """The organisations that a short form stands for, likeliest first: 国家卫生健康委员会 for 卫健委."""
        characters = "[^\t\n]*".join(map(re.escape, simplified(short)))
        found = []
        for match in re.finditer(rf"^[^\t\n]+\t([^\t\n]*{characters}[^\t\n]*)\t", self._plain, re.MULTILINE):
            written = self.text[match.start(1) : match.end(1)].split("|")
            if (start := _abbreviates(simplified(short), match[1].split("|"))) is not None:
                found.append((len(written) - start, "".join(written[start:])))
        return list(dict.fromkeys(name for _, name in sorted(found)))

    def short_for(self, words: Sequence[str]) -> list[str]:
        """The short forms, among the names, of an organisation: 卫健委 for 国家卫生健康委员会."""
        letters = "".join(map(re.escape, dict.fromkeys(simplified("".join(words)))))
        found = re.finditer(rf"^([{letters}]{{2,5}})\t", self._plain, re.MULTILINE)
        plain = [simplified(word) for word in words]
        return [
            self.text[m.start(1) : m.end(1)]
            for m in found
            if m[1] != "".join(plain) and _abbreviates(m[1], plain) is not None
        ]

    def near(self, name: str) -> list[str]:
        """The names that are spelled nearly so, nearest first."""
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        folded, most = fold(name), _typos(fold(name))
        found = (
            process.extract(folded, self._spelled, scorer=OSA.distance, score_cutoff=most, limit=20)
            if most
            else []
        )
        chinese = bool(HAN.search(name))
        # A Chinese character too many or too few makes another name.
        near = [self._written[row] for other, _, row in found if not chinese or len(other) == len(folded)]
        same = self.sounding_like(name) if chinese else []
        others = (other for other in dict.fromkeys([*same, *near]) if fold(other) != folded)
        # A plural is no other name.
        return [
            other
            for other in others
            if {fold(other), folded} != {folded.rstrip("s"), f"{folded.rstrip('s')}s"}
        ]


def _typos(name: str) -> int:
    """How many characters of a name may be wrong: of a short one none, since it would be another name."""
    if HAN.search(name):
        return 1 if len(name) > 2 else 0
    return 0 if len(name) < 4 else 1 if len(name) < 10 else 2


def _abbreviates(short: str, words: Sequence[str]) -> int | None:
    """The word at which a name begins that a short form stands for; None where it stands for none.

    Its characters begin or end words of the name, in their order, the last one in the last word. Of two characters
    every word must have one, but for those that are left out as a rule: 农行 is no 农村商业银行.
    """
    for start in range(len(words)):
        if words[start][0] != short[0]:
            continue
        used = [start]
        for c in short[1:]:
            last = used[-1]
            later = [last] if c == words[last][-1] and len(words[last]) > 1 else []
            later += [n for n in range(last + 1, len(words)) if c in (words[n][0], words[n][-1])]
            if not later:
                break
            used.append(later[0])
        else:
            missed = [n for n in range(start, len(words)) if n not in used and words[n] not in _LEFT_OUT]
            if used[-1] == len(words) - 1 and (not missed if len(short) < 3 else len(missed) < len(used)):
                return start - 1 if start and words[start - 1] in _LEFT_OUT else start
    return None
