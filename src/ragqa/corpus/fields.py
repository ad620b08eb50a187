"""What files call the facts of an article: front matter, columns, JSON and a page's head alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Folded; the surest name of a fact first.
NAMES: Mapping[str, str] = {
    name: fact
    for fact, names in {
        "title": "title headline 标题 標題 新闻标题 文章标题 題目 题目",
        "published": """published published_at published_time publishedat datepublished date_published pubdate
            publishdate publish_date publish-date publish_time publication_date date_publish article:published_time
            article.published og:published_time og:article:published_time
            dcterms.issued dcterms.created dcterms.date dc.date.issued
            dc.date.created dc.date parsely-pub-date sailthru.date citation_publication_date weibo:article:create_at
            date 发布日期 发布时间 發布日期 發布時間 日期 时间 時間""",
        "source": """url link 网址 链接 原文 source 来源 來源 publication publisher outlet newspaper sitename
            source_domain 媒体 媒體 报纸 報章""",
        "language": "language lang 语言",
        "author": """author authors article:author dc.creator dcterms.creator parsely-author sailthru.author byl
            citation_author byline 作者 记者 撰稿人""",
        "text": """text content body maintext article plain_text articlebody 正文 新闻正文 文章正文 新闻内容 文章内容
            内容""",
        "id": "_id id 编号",
    }.items()
    for name in names.split()
}


def fact_of(name: object) -> str:
    """The fact that a field of this name states, "" for any other."""
    return NAMES.get(str(name).strip().casefold(), "")


def named(fields: Mapping[Any, object]) -> dict[str, object]:
    """Fields by the names that ragqa uses: of several that mean the same, the surest that is filled."""
    folded = {str(name).strip().casefold(): value for name, value in fields.items() if value is not None}
    found: dict[str, object] = {}
    for name, fact in NAMES.items():
        if name in folded and found.get(fact, "") == "":
            found[fact] = folded[name]
    return found


def place_named(source: object) -> str:
    """Where an article is from: an address or an outlet, given as it is or as the ``name`` of an object."""
    return worded(source.get("name") if isinstance(source, Mapping) else source)


def worded(value: object) -> str:
    """A field's text; "" for a number, a list or whatever else may stand there."""
    return value if isinstance(value, str) else ""
