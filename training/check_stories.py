"""Check files of stories (groups of articles with questions) for what training relies on.

    python training/check_stories.py training/data/*.jsonl

Every marked answer must stand in its article's text or title, ids must be known, labels complete.
Prints one line a problem and a summary; exit status 1 when there is a problem.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

LANGUAGES = {"zh", "en"}
NEAR_MISSES = {
    "other_time",
    "other_person",
    "other_organisation",
    "cause",
    "neighbour",
    "denied",
    "other_place",
}


def problems(story: dict[str, Any]) -> list[str]:
    """What is wrong with one story; empty when nothing is."""
    found: list[str] = []
    articles = {a["id"]: a for a in story["articles"]}
    for article in story["articles"]:
        if article["lang"] not in LANGUAGES or not article["title"].strip() or len(article["text"]) < 80:
            found.append(f"article {article['id']}: lang, title or text")
    for question in story["questions"]:
        answers = question["answers"]
        if question["lang"] not in LANGUAGES:
            found.append(f"question {question['q']!r}: lang")
        if not answers and question.get("kind") not in NEAR_MISSES:
            found.append(f"question {question['q']!r}: unanswerable without a known kind")
        for key, quotes in answers.items():
            if key not in articles:
                found.append(f"question {question['q']!r}: no article {key}")
                continue
            if not quotes:
                found.append(f"question {question['q']!r}: an empty list for {key}")
            whole = articles[key]["title"] + "\n" + articles[key]["text"]
            missing = [quote for quote in quotes if quote not in whole]
            found += [f"question {question['q']!r}: {quote!r} is not in {key}" for quote in missing]
    for statement in story.get("statements", []):
        if statement["article"] not in articles or statement["lang"] not in LANGUAGES:
            found.append(f"statement {statement['s']!r}: article or lang")
        if not isinstance(statement["supported"], bool):
            found.append(f"statement {statement['s']!r}: supported is true or false")
    return found


def main(paths: list[str]) -> int:
    """Check every file; 1 when there is a problem."""
    counts: Counter[str] = Counter()
    for path in paths:
        for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), start=1):
            try:
                story = json.loads(line)
                wrong = problems(story)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                wrong = [f"not a story: {error!r}"]
            for problem in wrong:
                print(f"{path}:{number}: {problem}")
            counts["problems"] += len(wrong)
            if wrong:
                continue
            counts["stories"] += 1
            counts["articles"] += len(story["articles"])
            counts["questions"] += len(story["questions"])
            counts["unanswerable"] += sum(not q["answers"] for q in story["questions"])
            counts["several places"] += sum(
                any(len(a) > 1 for a in q["answers"].values()) for q in story["questions"]
            )
            counts["statements"] += len(story.get("statements", []))
    print(", ".join(f"{name}: {count}" for name, count in counts.items()))
    return int(bool(counts["problems"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
