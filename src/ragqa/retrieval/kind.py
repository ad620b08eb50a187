"""What a question asks for: one answer, the items of a list, a count, a summary, the news, or help.

Decided by the form of the whole question, so that 总结 or "latest" inside another question decides nothing. Where a
list is seen that is none, all that changes is that more articles may be quoted.
"""

from __future__ import annotations

import re

from ragqa.types import Kind

# A longer text is no request of these forms.
_LONGEST = 200
# What asks for something particular, and so for neither a summary nor the news.
_ASKS = re.compile(
    r"[谁哪几吗]|多少|为什么|为何|怎|如何|何时|什么时候|\b(?:who|whose|whom|when|where|why|how|which)\b", re.I
)
_END = r"[\s。.！!？?~～…]*"
# What opens a request and says nothing of its object. Possessive: it is never tried another way.
_PLEASE_ZH = (
    r"(?:请问|请|麻烦|能否|能不能|可否|可以|能|您|你|帮我|给我|替我|我想|我要|看看|看一下|知道|了解|告诉我"
    r"|简单|简要|简短|大致)*+"
)
_PLEASE_EN = (
    r"(?:(?:please|can|could|would|will|you|i|we|want|need|like|to|give|tell|show|get|find|write|read|list|me|us|an|a"
    r"|the|all|some|any|short|brief|quick|briefly|quickly|what is|what are|what's|is there|are there|do you have) )*+"
)
# A text that can be told, and when it is new.
_TEXT_ZH = r"(?:文章|报道|新闻|消息|稿件|专访|访谈|采访|资讯|头条|动态|文)"
_TEXT_EN = r"(?:articles?|reports?|story|stories|pieces?|text|interviews?|news items?|news|coverage|headlines?|updates)"
_NEW_ZH = r"(?:最新|最近|近日|近期|今天|今日|本周|这周)"
_NEW_EN = r"(?:latest|newest|most recent|recent|today's|this week's)"
_ON = r"(?:about|on|of|from|with|regarding|concerning)"


def _forms(*forms: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(f"{form}{_END}", re.IGNORECASE) for form in forms)


_SUMMARY = _forms(
    rf"{_PLEASE_ZH}(?:总结|概括|归纳|概述)(?:一下|下)?[:：]?\s*(?P<of>.+?)(?:(?:主要)?(?:讲|说|写)了(?:些)?什么)?",
    rf"{_PLEASE_ZH}(?P<of>.+?)的?(?:摘要|概要|大意|梗概)(?:是什么)?",
    rf"(?P<of>.*(?:》|{_TEXT_ZH}))(?:主要|大概|都|到底)?(?:讲|说|写)(?:的是|了)(?:些|点)?(?:什么|啥)(?:内容|事情?)?",
    r"(?P<of>.*》)的?主要内容(?:是什么|有哪些)?",
    rf"(?:关于|有关)(?P<of>.+?)都?有(?:什么|哪些){_TEXT_ZH}",
    rf"{_PLEASE_EN}(?:summari[sz]e|sum up|recap|(?:summary|gist) (?:of|on))(?: for (?:me|us))?[:,]? (?P<of>.+?)",
    r"what (?:is|was|has been) (?:reported|written) (?:about|on) (?P<of>.+?)",
    rf"what(?:'s| is| are| was| were) (?P<of>.*\b{_TEXT_EN}\b.*?|[“\"《].+[”\"》]) (?:all )?about",
)
_LATEST = _forms(
    rf"{_PLEASE_ZH}(?:有什么|有哪些|有没有)?(?:关于|有关)?(?P<of>.*?)的?{_NEW_ZH}的?(?:都?有(?:什么|哪些|啥|没有))?(?:最新|新)?的?"
    rf"(?:{_TEXT_ZH}(?:有哪些|有什么|是什么|呢)?|发生了(?:什么|哪些)(?:事情?|大事)?)?",
    rf"{_PLEASE_ZH}(?:{_NEW_ZH})?都?有(?:什么|哪些|啥|没有)(?:(?:关于|有关)(?P<of>.+?)的?)?(?:最新|新)?的?{_TEXT_ZH}",
    rf"{_PLEASE_EN}{_NEW_EN} (?:\w+ )?{_TEXT_EN}(?: {_ON} (?P<of>.+?))?(?: today| now)?",
    rf"{_PLEASE_EN}(?:{_NEW_EN}|new|news)(?: {_ON} (?P<of>.+?))?(?: today| this week| recently| here)?",
    r"what(?:'s| has)? happened (?:today|recently|this week)",
)
# Greetings, thanks and questions about the program itself are few, and all that is said.
_HELLO = re.compile(
    r"(?:(?:你好|您好|嗨|哈[喽啰]|早上好|上午好|中午好|下午好|晚上好|早安|晚安|在吗|(?:非常|多)?(?:感谢|谢谢)[你您]?|多谢|再见|帮助"
    r"|(?:请问)?你(?:是谁|是什么|叫什么(?:名字)?|会什么|(?:都|还)?(?:能|可以|会)(?:帮我)?[做干查答]?(?:回答)?些?(?:什么|啥|哪些)(?:问题|事情?)?)"
    r"|(?:请问)?(?:我|这里)(?:能|可以)[问查]你?些?(?:什么|哪些)(?:问题)?|(?:请问)?(?:这个)?怎么使?用"
    r"|hi|hello|hey|there|greetings|good (?:morning|afternoon|evening|day)|how are you"
    r"|(?:many )?thanks?(?: you)?(?: (?:so|very) much| a lot)?|(?:good)?bye|help(?: me)?|(?:who|what) are you"
    r"|what(?:'s| is) your name|(?:what|how) (?:can|do|could|should) (?:you|i|we) (?:do|ask|use|help)"
    r"(?: (?:you|this|it|here|me|with|for))*+)(?:[\s啊呀呢了,，.。!！?？~～]++|$))++",
    re.IGNORECASE,
)
# What several articles can each name one of; people, money and days are counted inside an article.
_BODY_ZH = r"(?:[家所座国篇]|(?:公司|企业|机构|学校|大学|医院|银行|国家|城市|地方|文章))"
_BODY_EN = (
    r"(?:companies|firms|businesses|banks|schools|universities|colleges|hospitals|airlines|countries|cities|towns"
    r"|states|clubs|teams|parties|factories|shops|stores|organi[sz]ations|articles|reports)"
)
_COUNT = re.compile(rf"(?:多少|(?<!哪)几)个?({_BODY_ZH})|\bhow many (?:\w+ )?({_BODY_EN})\b", re.IGNORECASE)
_LIST = re.compile(
    rf"哪些|哪几(?![年月日天点号])|有谁|^{_PLEASE_ZH}(?:列出|列举|罗列|举出)"
    r"|\b(?:which|what) (?!(?:is|was|does|has|can|news)\b)(?:\w+(?:ese|ish|an|al|ic|ed|er|or) )?"
    r"(?:(?!(?:is|was|does|has)\b)\w+(?<![sui])s|people|men|women|children)\b"
    r"|\bwhich of the\b|^(?:please |can you )?(?:list|name|enumerate) ",
    re.IGNORECASE,
)
# The words around what a summary is of: 这篇关于X的报道, the article about X, the X story.
_TEXT_ON = (
    re.compile(
        rf"(?:[这那该本]?[篇条则些份])?(?:{_NEW_ZH}的?)?(?:有关|关于)?(?P<zh>.*?)(?:的|相关)*{_TEXT_ZH}?(?:内容)?",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?:what )?(?:(?:the|this|these|that|all|every|your|{_NEW_EN}) )*+"
        rf"(?:{_TEXT_EN}(?: says?)?(?: {_ON}| called| titled|(?= [“\"《])|$) ?)?(?P<en>.*?)"
        rf"(?: {_TEXT_EN})?",
        re.IGNORECASE,
    ),
)


def kind_of(question: str) -> tuple[Kind, str]:
    """What a question asks for; and what a summary or the news is to be about ("" for anything), what is counted."""
    text = " ".join(question.replace("’", "'").split())
    if len(text) <= _LONGEST:
        if _HELLO.fullmatch(text):
            return "hello", ""
        if of := _object(text, _SUMMARY):
            return "summary", of
        # A summary of no text in particular, or of what is new, is the news.
        if of is not None:
            return "latest", ""
        if (of := _object(text, _LATEST)) is not None:
            return "latest", of
    if found := _COUNT.search(text):
        return "count", found[1] or found[2]
    return ("list", "") if _LIST.search(text) else ("question", "")


def _object(text: str, forms: tuple[re.Pattern[str], ...]) -> str | None:
    """What a request in one of these forms is about; None where it is no such request."""
    for form in forms:
        if found := form.fullmatch(text):
            of = (found["of"] or "") if "of" in form.groupindex else ""
            return None if _ASKS.search(of) else _subject(of)
    return None


def _subject(of: str) -> str:
    """What a text is about: X of 这篇关于X的报道, of "the article about X", of 《X》."""
    for words in _TEXT_ON:
        found = words.fullmatch(of.strip())
        of = found[1] if found else of
    return of.strip(" 《》“”\"'")
