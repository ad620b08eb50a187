"""Strings that may not act wherever they are shown, and what stands in some HTML."""

from __future__ import annotations

from html.parser import HTMLParser

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "'><img src=x onerror=alert(1)>",
    "</mark></article><script>alert(1)</script>",
    "<a href='javascript:alert(1)'>x</a>",
    "![x](http://evil.example/?q=1)",
    "[x](javascript:alert(1))",
    '<iframe srcdoc="<script>alert(1)</script>">',
    "<form action=http://evil.example><input name=q></form>",
    "<style>*{background:url(http://evil.example)}</style>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "{{constructor.constructor('alert(1)')()}} ${alert(1)} `",
    "<math><mtext></table><img src=x onerror=alert(1)>",
    '" onmouseover=alert(1) autofocus onfocus=alert(1) x="',
    "<body onload=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<details open ontoggle=alert(1)>x</details>",
    "<object data='javascript:alert(1)'></object>",
    "<embed src='javascript:alert(1)'>",
    "<link rel=stylesheet href=http://evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=http://evil.example'>",
    "<base href=http://evil.example/>",
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    "<svg><script href=data:,alert(1) /></svg>",
    "<template><img src=x onerror=alert(1)></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<textarea></textarea><img src=x onerror=alert(1)>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<img src='http://evil.example/pixel.png'>",
    "<button formaction=javascript:alert(1)>x</button>",
    "${alert(1)}#{alert(1)}<%= alert(1) %>",
    r"$$\href{javascript:alert(1)}{x}$$",
    r"\(\url{javascript:alert(1)}\)",
    r"$\includegraphics{http://evil.example/x.png}$",
    "<javascript:alert(1)> <http://evil.example/auto>",
    "[![x](http://evil.example/p.png)](http://evil.example)",
    "![x][y] [y]: http://evil.example/ref.png",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><use href='data:image/svg+xml,<svg onload=alert(1)>#x'/></svg>",
    "<svg><foreignObject><img src=x onerror=alert(1)></foreignObject></svg>",
    "<div style='background:url(http://evil.example/c.png)'>x</div>",
    "<style>@import 'http://evil.example/i.css';</style>",
    "<link rel=preload as=image href=http://evil.example/p.png>",
    "<form><button formaction=http://evil.example>x</button></form>",
    "<input type=image src=http://evil.example/i.png>",
    "<select autofocus onfocus=alert(1)>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<audio src=http://evil.example/a onerror=alert(1)>",
]
ADDRESSES = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "//evil.example/x",
    "http:evil",
    "https://",
    "file:///etc/passwd",
    "http://a b.example",
    "http://[::1",
    "\x01javascript:alert(1)",
    "view-source:https://evil.example",
    "blob:https://evil.example/x",
    "intent://evil.example#Intent;end",
    "mailto:x@evil.example",
    "https:\\\\evil.example",
    "https://bank.example@evil.example/",
    "https://user:secret@bank.example/",
    "https://bank.example\\@evil.example/",
    "https://bank.example\\.evil.example/",
    "https://bаnk.example/",  # its second letter is Cyrillic
    "https://bank。example/",
    "https://%62ank.example/",
    "https://bank.example\r\nSet-Cookie: a=b",
    "https://bank.example/\u202egpj.exe",
    "https://bank.example/>](javascript:alert(1))",
    "https://-evil.example:x/",
]
# Tags that can do nothing.
HARMLESS = frozenset(
    "a article blockquote button details div h1 h2 h3 h4 header li mark ol p section small span summary time ul".split()
)


class Tags(HTMLParser):
    """Collects what a browser would build."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data
