"""Recognise lines of a web page that are not the author's: interface, byline, credit, notice.

Words here are those that pages in general use, in Chinese and English; no site's own strings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragqa.corpus.bylines import credit
from ragqa.corpus.metadata import (
    FULL_DATE,
    ends_sentence,
    full_date,
    is_date,
    is_prose,
    links_in,
    units,
    without_links,
)
from ragqa.text import simplified

# --- interface words -------------------------------------------------------------------------


def _phrases(listed: str) -> frozenset[str]:
    return frozenset(" ".join(phrase.split()) for phrase in listed.split(","))


_INTERFACE = _phrases(
    """图片, 图像, 原图, 图集, 图片加载中, 加载中, 正在加载, 广告, 广告位, 推广, 赞助内容, 评论, 网友评论,
    发表评论, 最新评论, 热门评论, 全部评论, 查看评论, 写评论, 我要评论, 暂无评论, 跟贴, 热门跟贴, 我要跟贴,
    文章目录, 本文目录, 标签列表, 分享, 分享到, 分享至, 分享本文, 分享文章, 收藏, 收藏本文, 点赞, 点赞收藏,
    赞赏, 打赏, 举报, 转发, 返回顶部, 回到顶部, 返回首页, 返回列表, 相关阅读, 相关文章, 相关推荐, 相关新闻,
    相关资讯, 推荐阅读, 热门推荐, 热门文章, 热门新闻, 猜你喜欢, 延伸阅读, 为你推荐, 上一篇, 下一篇,
    上一页, 下一页, 回首页, 回主页, 在浏览器中查看, 退订, 取消订阅,
    阅读全文, 展开全文, 查看全文, 查看更多, 加载更多, 点击加载, 点击加载更多, 点击查看更多, 点击查看大图,
    查看大图, 点击放大, 扫一扫, 微信扫一扫, 扫码关注, 扫码分享, 复制链接, 登录, 注册, 登录注册, 立即登录,
    字号, 打印本页, 关闭窗口, 预览时标签不可点, 轻点两下取消赞, 轻点两下取消在看, 继续滑动看下一个,
    向上滑动看下一个, 微信扫一扫关注该公众号, 关注该公众号, 喜欢此内容的人还喜欢, 使用完整服务, 点击阅读原文, 查看原文,
    点击进入专题, 进入专题, 更多精彩, 更多精彩内容, 更多内容, 更多阅读, 相关报道, 相关专题, 相关链接, 责任编辑,
    阅读, 浏览, 阅读量, 浏览量, 创建话题, 阅读原文, 关注, 已关注, 举报反馈,
    举报/反馈, 点击上方蓝字关注我们, 长按二维码关注, 长按识别二维码, 立即订阅, 已有账号？登录, 已有账号？立即登录"""
) | _phrases(
    """advertisement, advertisements, ad, ads, sponsored, sponsored content,
    article continues below advertisement, story continues below advertisement, share, share this,
    share this article, share this story, share this page, share on facebook, share on twitter, share on x,
    share on linkedin, copy link, read more, read next, continue reading, keep reading, related articles,
    related stories, related posts, related, related news, related topics, more on this story, more stories,
    more from, topics, follow us, related content, recommended for you, you may also like, most read,
    most popular, comments, leave a comment, leave a reply, post a comment, add a comment, view
    comments, no comments, views, back to top, table of contents, skip to content, skip to main content,
    subscribe, subscribe now, sign in, sign up, log in, load more, show more, loading, image, listen to
    this article, previous article, next article, previous post, next post, posted on, news provided by,
    view in browser, view in your browser, view this email in your browser, unsubscribe, purchase licensing rights,
    subscribe to continue reading, already a subscriber? log in, already a subscriber? sign in"""
)
# Links to share a page or to leave it, with what they lead to. Written in simplified characters, as all words above.
_PREFIXED = re.compile(
    r"(?:分享[到至]|上一[篇条页]|下一[篇条页])\s?[:：]|Click to (?:share|email|print) "
    r"|(?:相关|延伸|推荐|更多)阅读\s?[:：]|(?:Read (?:more|next|also)|READ (?:MORE|NEXT|ALSO)):"
    r"|(?:Sign up|Subscribe) (?:to|for) our [^.]{0,40}newsletters?$"
    r"|Follow [^.]{1,40} on (?:X|Twitter|Facebook|Instagram)$"
    r"|[-—–=~·* ]{1,9}END[-—–=~·* ]{1,9}$"
)
_DECORATION = " *#·•|>»<«[]()（）【】{}:：-—_=+~…."
# Too ordinary to go where they stand alone.
_BUTTONS = _phrases(
    "视频, 小程序, 赞, 在看, 微信, 微博, 朋友圈, qq, qq空间, facebook, twitter, x, linkedin, whatsapp, email, print"
)
_COUNTERS = frozenset({"赞", "在看", "喜欢"})
_APART = re.compile(r"[\s,，、|·:：]{1,5}")
_BACK = re.compile(r"返回.{1,8}[,，]\s?查看更多")
_COUNT = re.compile(r"[ (（:：]{0,3}\d{1,7}(?:\.\d{1,2})?[万wk]?\+?[)）]?\s?[条次人]?$")


def is_interface(line: str) -> bool:
    """Whether a line is an interface word, perhaps with a counter, or a link to share the page or to leave it."""
    if len(line) > 200:
        return False
    line = simplified(line)
    if _PREFIXED.match(line):
        return True
    if len(line) > 50:
        return False
    bare = line.strip(_DECORATION).casefold()
    counted = _COUNT.sub("", bare)
    if {bare, counted} & _INTERFACE or _BACK.fullmatch(bare) or (counted != bare and counted in _COUNTERS):
        return True
    # A row of buttons: "视频 小程序 赞 ，轻点两下取消赞 在看".
    buttons = [each.strip(_DECORATION) for each in _APART.split(bare)]
    return len(buttons) > 1 and all(each in _INTERFACE or each in _BUTTONS for each in buttons)


# --- above the article -----------------------------------------------------------------------

_PATH = re.compile(r"[>›»]")
_HOME = re.compile(
    r"(?:首页|网站首页|主页)(?:[\s>›»/|·:：-]|$)|(?:您|你)?(?:当前|现在)?的?位置\s?[:：]|Home\s?[>›»/|]"
)
_COUNTER = re.compile(r"(\D{2,20}?)[ :：]{1,3}\d{1,7}$")


def is_navigation(line: str, gone: Sequence[str], others: Sequence[str]) -> bool:
    """Whether a line is a breadcrumb, a channel with its counter, or the title with the site's name behind it."""
    if len(line) > 150:
        return False
    if _HOME.match(line) or len(_PATH.findall(line)) >= 2:
        return True
    counter = _COUNTER.fullmatch(line)
    if counter and any(counter[1] in earlier.split() for earlier in gone):
        return True
    return any(_is_window_title(line, other) for other in others if len(other) >= 6)


def _is_window_title(line: str, title: str) -> bool:
    rest = line[len(title) :].strip()
    return line.startswith(title) and rest[:1] in tuple("-_|–—·") and 2 <= len(rest) <= 32


_CLOCK = r"(?:[ T]{1,2}\d{1,2}:\d{2}(?::\d{2})?)?"
_DATED = re.compile(
    r"(?:(?:发布|更新|发表|发稿|编制|制表|填报|印发|签发|成文|报告|撰写|写作)?(?:时间|日期|于)?|Published|Updated|Posted|Date)"
    r"(?: on)?\s?[:：]?\s?"
    rf"(?:{FULL_DATE.pattern}日?|(?:\d{{1,2}} )?[A-Z][a-z]{{2,8}}\.? (?:\d{{1,2}},? )?(?:19|20)\d\d){_CLOCK}"
)
_BY = re.compile(r"By [A-Z][\w.'’-]{0,30}(?:,? (?:and )?[A-Z][\w.'’-]{0,30}){0,6}(?:,.{0,40})?")
_STRONG = re.compile(
    r"(?:作者|来源|责编|编辑|责任编辑|发布时间|Source|Author)(?=\s?[:：])|字号|^By(?= [A-Z])"
)
_WEAK = re.compile(
    r"评论|收藏|阅读|浏览|点击|分享|点赞|comments?\b|share\b|views\b|min(?:ute)?s? read|\d{1,2}:\d\d",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"(?:字数|喜欢|播放|阅读|浏览|评论|点赞|收藏|分享|[Vv]iews|[Cc]omments)[量数]?\s?[:：(（]?\s?\d"
)
# A page that writes its date with a script leaves what stands around it.
_UNDATED = re.compile(
    r"(?:Published|Updated|Posted)[ :]{0,2}(?:[|·] (?:Updated|Last updated)[ :]{0,2})?(?:\d{1,2} \w{3,7} ago)?"
)
_MINUTES = re.compile(r"\d{1,3} min(?:ute)?s? read", re.IGNORECASE)


def is_byline(line: str) -> bool:
    """Whether it is a line of author, outlet, date and counters: several of them meet, or one stands alone."""
    if len(line) > 200:
        return False
    alone = (
        _DATED.fullmatch(line),
        is_date(line),
        _BY.fullmatch(line),
        _MINUTES.fullmatch(line),
        _UNDATED.fullmatch(line),
    )
    if any(alone) or len(_COUNTED.findall(line)) > 1:
        return True
    strong = set(_STRONG.findall(line)) or {words for words in [credit(line)] if words}
    dated = full_date(line) is not None
    weak = {word.lower() for word in _WEAK.findall(line)}
    return bool(strong or dated) and len(strong) + len(weak) + 2 * dated >= 3


def is_truncation_of(line: str, paragraph: str) -> bool:
    """Whether a line is a teaser: a line cut off with dots that a later paragraph begins with."""
    if not line.endswith(("...", "…")):
        return False
    beginning = line.rstrip(" .…'\"‘’“”")
    return len(beginning) >= 15 and len(paragraph) > len(beginning) and paragraph.startswith(beginning)


_POSTED = re.compile(r"(?:发布|更新|发表|发稿|编辑)(?:时间|日期|于)|(?:Published|Updated|Posted)\b")


def is_posted(line: str) -> bool:
    """Whether a line only says when the page was posted."""
    return (
        len(line) <= 80
        and bool(_POSTED.match(line))
        and full_date(line) is not None
        and not ends_sentence(line)
    )


# --- credits, above and below ----------------------------------------------------------------

_LABELS = _phrases(
    """作者, 编辑, 责编, 责任编辑, 主编, 编译, 翻译, 译者, 整理, 采写, 撰文, 撰稿, 文, 文章来源, 来源, 稿源,
    出品, 出品人, 出品方, 策划, 校对, 审校, 审核, 排版, 监制, 制作, 题图, 封面, 头图, 配图, 摄影, 供图,
    标签, 关键词, 分类, 原文, 原文链接, 原文标题, 原标题, 原文作者, 参考链接, 翻译自, 编译自, 译自, 转自,
    转载自, 本文翻译自, 本文编译自, 本文来源, 本文来自, 稿件来源, 本文转自, 微信号, 公众号, 微信公众号,
    邮箱, 投稿邮箱, 联系邮箱, 联系我们, 发布于, IP属地"""
) | _phrases(
    """Author, Authors, Editor, Editors, Edited by, Written by, Reported by, Source, Sources, Photo, Photos,
    Photograph, Photographs, Credit, Credits, Tags, Filed under, Translated by, Translation, Email, E-mail,
    Contact, Via, Original article"""
)
_CREDIT = re.compile(rf"(?:{'|'.join(sorted(_LABELS, key=len, reverse=True))})\s?[:：|丨｜/]\s?\S.*")
_IMAGE_CREDIT = re.compile(
    r"(?:(?:图片|题图|头图|配图|封面图?)(?:来源|来自)|图源|(?:Photo|Image|Picture) ?(?:credits?|source))"
    r"\s?[:：|丨｜/]\s?\S.{0,50}|(?:Photo|Image|Picture|Photograph) by [A-Z].{0,50}",
    re.IGNORECASE,
)


def is_credit(line: str) -> bool:
    """Whether a line is only a credit: "label: name", no sentence."""
    words = without_links(line).strip(" ,，")
    if len(words) > 60 or ends_sentence(words) or is_prose(words):
        return False
    return bool(_CREDIT.fullmatch(line.strip("【】[]()（） ")))


def is_image_credit(line: str) -> bool:
    """Whether a line is the credit of a picture, which may stand anywhere ("图片来源:..." or "Photo by ...")."""
    return len(line) <= 60 and not ends_sentence(line) and bool(_IMAGE_CREDIT.fullmatch(line))


# --- below the article -----------------------------------------------------------------------

_REFERENCES = re.compile(
    r"(?:参考|引用|相关)(?:链接|资料|文献|来源|文章)|原文链接|延伸阅读|资料来源"
    r"|References?|Sources?|Reference links|Further reading|Links|Notes and references|Works cited",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\[\d{1,3}\]\s?\S")


def is_reference_label(line: str) -> bool:
    """Whether a line is the heading of a list of references."""
    return len(line) <= 40 and bool(_REFERENCES.fullmatch(line.strip(" *#:：[]【】-—")))


def is_reference(line: str) -> bool:
    """Whether a line is an entry of such a list: an address with a few words, or a numbered work."""
    if len(line) > 600:
        return False
    if _NUMBERED.match(line):
        return True
    words = without_links(line).strip()
    return bool(links_in(line)) and units(words) <= 40 and not words.endswith(("。", "！", "？"))


_QUOTED = re.compile(r"“[^“”]{0,600}”|「[^「」]{0,600}」|\"[^\"]{0,600}\"")
_SITE = re.compile(r"本(?:网站?|站|平台|公众号|刊|号|社区)|(?:this|our) (?:web)?site", re.IGNORECASE)
_NOTICES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"转载|转发|抓取|reproduc|republish",
        r"侵权|侵犯|版权|著作权|copyright|infring",
        r"不代表.{0,20}(?:观点|立场)|个人观点|views expressed|not (?:necessarily )?(?:represent|reflect)",
        r"删除|联系|来信|contact",
        r"仅供.{0,10}(?:参考|学习|交流)|informational purposes",
        r"免责|责任自负|不承担|disclaimer|liab",
        r"邮箱|email|e-mail|\w@\w|protected\]",
        r"原创|授权|permission|authori[sz]ed",
    )
)
_SHORT_NOTICE = re.compile(
    r"(?:©|\(c\) ?(?:19|20)\d\d|Copyright (?:©|\(c\)|(?:19|20)\d\d)|All rights reserved|版权所有"
    r"|转载请|未经(?:授权|许可|允许)|.{0,12}ICP[备证]|.{0,8}公网安备"
    r"|The post .{1,100} (?:appeared first|first appeared) on "
    r"|(?:Sign up|Subscribe) (?:to|for) (?:our|the) .{0,30}newsletter"
    r"|[您你]收到(?:此|本|这封)(?:封)?邮件|You(?:'re| are) receiving this (?:e-?mail|newsletter)"
    r"|声明\s?[:：]\s?.{0,10}取材(?:于|自)?网络"
    r"|.{0,8}(?:付费|会员)(?:内容|文章|专享).{0,20}(?:阅读|查看|解锁)(?:全文|余下|更多|剩余)"
    r"|本文(?:版权|系|为|仅代表|不代表).{0,20}(?:所有|转载|原创|观点|立场)).*",
    re.IGNORECASE,
)
_LABELLED_NOTICE = re.compile(
    r"(?:特别|平台|版权|免责|郑重|转载)声明\s?[:：]|Notice: The content|Our Standards:|Disclaimer\s?:"
)


def is_notice(line: str) -> bool:
    """Whether a line is a copyright line, disclaimer or contact of the site; quoted words do not count.

    A long one must speak as the site and touch two such matters; an article *about* copyright
    does the latter only.
    """
    if len(line) > 1000:
        return False
    if _LABELLED_NOTICE.match(line) or (len(line) <= 120 and _SHORT_NOTICE.fullmatch(line)):
        return True
    said = _QUOTED.sub("", line)
    return bool(_SITE.search(said)) and sum(bool(notice.search(said)) for notice in _NOTICES) >= 3
