"""An assistant's side: the SDK's own client against ``ragqa mcp`` in a process, over stdio and over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from support.fakes import HARBOUR
from support.house import small_index
from support.real import ROOT, needs_models, ragqa

pytest.importorskip("mcp_types", reason='the MCP SDK is not installed; run: pip install "ragqa[mcp]"')

from anyio import create_task_group, move_on_after, sleep
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from pydantic import AnyUrl, ValidationError

from ragqa.errors import ArticleNotFoundError, RagqaError, SettingsError
from ragqa.mcp.resources import LISTED, MOST_LISTED, id_of, listed, uri_of
from ragqa.mcp.schemas import AskArguments
from ragqa.mcp.server import build_server, complaint, said
from ragqa.mcp.tools import READING
from ragqa.mcp.transports import Password, guarded
from ragqa.settings import Settings
from ragqa.types import Answer, Article

READ_ONLY = ["ask", "search", "read_article", "list_articles"]
BELOW = "港口 新闻/停航.md"
ARTICLES = ("brundage-three-reasons.md", "schulman-joins-anthropic.md", "logan-kilpatrick-leaves.md")
NOWHERE = "Who won the football World Cup in 1998?"


# --- with real models, over both transports -------------------------------------------------


class Assistant:
    """The SDK's client, without async; ``strays`` is what came that is not of the protocol."""

    def __init__(self, portal: BlockingPortal, client: Client, strays: list[Any]) -> None:
        self.portal, self.client, self.strays = portal, client, strays

    def call(self, tool: str, **arguments: Any) -> Any:
        """The structured content, which the client has compared with the tool's schema."""
        result = self.portal.call(self.client.call_tool, tool, arguments)
        assert not result.is_error, result.content
        assert json.loads(result.content[0].text) == result.structured_content
        return result.structured_content

    def refused(self, tool: str, **arguments: Any) -> str:
        result = self.portal.call(self.client.call_tool, tool, arguments)
        assert result.is_error
        assert result.structured_content is None
        (content,) = result.content
        assert "\n" not in content.text
        assert "Traceback" not in content.text
        return str(content.text)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few of the project's articles and one in a folder with a Chinese name, indexed."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "corpus" / BELOW).parent.mkdir(parents=True)
    (folder / "corpus" / BELOW).write_text(HARBOUR, encoding="utf-8")
    for name in ARTICLES:
        shutil.copy(ROOT / "corpus" / name, folder / "corpus" / name)
    built = ragqa("index", cwd=folder)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as portal:
        yield portal


def connected(stack: ExitStack, portal: BlockingPortal, server: Any, **options: Any) -> Assistant:
    strays: list[Any] = []

    async def note(message: Any) -> None:
        strays.append(message)

    client = Client(server, message_handler=note, read_timeout_seconds=300, **options)
    return Assistant(portal, stack.enter_context(portal.wrap_async_context_manager(client)), strays)


@pytest.fixture(scope="module")
def stdio(project: Path, portal: BlockingPortal) -> Iterator[Assistant]:
    """Read-only, over stdio, by the newest protocol."""
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "ragqa", "mcp"], cwd=project, env=dict(os.environ)
    )
    with ExitStack() as stack, (project / "stdio.log").open("w") as log:
        assistant = connected(stack, portal, stdio_client(command, errlog=log))
        yield assistant
    assert assistant.strays == []


@pytest.fixture(scope="module")
def address(project: Path) -> Iterator[str]:
    """Where a server over HTTP listens that may add articles."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ragqa", "mcp", "--http", "--port", "0", "--allow-add"],
        cwd=project, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr
    said = process.stderr.readline()
    assert said.startswith("ragqa mcp is ready: http://127.0.0.1:"), said + process.stderr.read()
    yield said.split()[-1]
    process.terminate()
    process.communicate(timeout=30)


@pytest.fixture(scope="module")
def http(address: str, portal: BlockingPortal) -> Iterator[Assistant]:
    """Over HTTP, by the protocol that begins with a handshake, as most assistants speak it."""
    with ExitStack() as stack:
        yield connected(stack, portal, address, mode="legacy")


@pytest.fixture(params=["stdio", "http"])
def assistant(request: pytest.FixtureRequest) -> Assistant:
    found: Assistant = request.getfixturevalue(request.param)
    return found


def read_back(assistant: Assistant, rows: Sequence[dict[str, Any]], words: str) -> None:
    """What each row gives of an article stands there between its offsets."""
    for row in rows:
        piece = assistant.call(
            "read_article", article_id=row["article_id"], start=row["start"], end=row["end"]
        )
        assert piece["text"] == row[words]
        assert {name: piece[name] for name in ("title", "source", "published")} == {
            name: row[name] for name in ("title", "source", "published")
        }


class TestWithRealModels:
    """Everything that an assistant can do."""

    pytestmark = needs_models

    def test_the_tools_say_what_they_take_and_return_and_that_they_only_read(
        self, assistant: Assistant
    ) -> None:
        tools = assistant.portal.call(assistant.client.list_tools).tools
        assert [tool.name for tool in tools][:4] == READ_ONLY
        for tool in tools:
            assert tool.description
            assert tool.annotations.read_only_hint == (tool.name in READ_ONLY)
            assert tool.annotations.destructive_hint is False
            assert tool.output_schema["type"] == "object"
            described = tool.input_schema["properties"].values()
            assert all(argument["description"] for argument in described)

    @pytest.mark.parametrize("question", ["why did Brundage leave?", "Brundage为什么离开OpenAI？"])
    def test_an_answer_holds_exact_quotes_of_articles(self, assistant: Assistant, question: str) -> None:
        answer = assistant.call("ask", question=question)
        assert answer["status"] == "answered"
        assert 0.5 < answer["confidence"] <= 1
        assert "brundage-three-reasons.md" in [citation["article_id"] for citation in answer["citations"]]
        assert all(f"[{citation['marker']}]" in answer["text"] for citation in answer["citations"])
        assert answer["nearest"] == []
        read_back(assistant, answer["citations"], "quote")
        for short in answer["short_answers"]:
            if short["start"] is not None:
                quote = answer["citations"][short["citation"] - 1]
                assert quote["start"] <= short["start"] < short["end"] <= quote["end"]

    def test_what_the_archive_does_not_hold_is_not_found(self, assistant: Assistant) -> None:
        answer = assistant.call("ask", question=NOWHERE)
        assert (answer["status"], answer["citations"]) == ("not_found", [])
        assert answer["note"] in answer["text"]
        read_back(assistant, answer["nearest"][:1], "text")

    def test_a_follow_up_is_asked_after_a_question(self, stdio: Assistant) -> None:
        answer = stdio.call("ask", question="and what about Schulman?", after="why did Brundage leave?")
        assert "Schulman" in answer["question"]
        assert answer["question"] != "and what about Schulman?"

    def test_filters_bound_what_is_found(self, assistant: Assistant) -> None:
        assert assistant.call("list_articles", since="2024-05-02", until="2024-05-02")["total"] == 1
        found = assistant.call("search", query="离职的原因", k=9, since="2024-06", until="")
        dates = [passage["published"] for passage in found["passages"]]
        assert dates
        assert min(dates) >= "2024-06"
        read_back(assistant, found["passages"][:1], "text")
        assert assistant.call("search", query="离职的原因", written_in="ja")["passages"] == []

    def test_an_article_is_read_a_piece_at_a_time(self, assistant: Assistant) -> None:
        text, at = "", 0
        while at is not None:
            piece = assistant.call("read_article", article_id=ARTICLES[0], start=at, end=at + 200)
            assert piece["start"] == at
            text, at = text + piece["text"], piece["next"]
        assert len(text) == piece["characters"] > 400
        uri = piece["uri"]
        (whole,) = assistant.portal.call(assistant.client.read_resource, uri).contents
        assert whole.text == text

    def test_the_list_comes_newest_first_a_page_at_a_time(self, stdio: Assistant) -> None:
        rows, at = [], 0
        while at is not None:
            page = stdio.call("list_articles", offset=at, limit=2)
            rows += page["articles"]
            at = page["next"]
        assert page["total"] == len({row["article_id"] for row in rows}) == len(rows) >= 4
        dates = [row["published"] or "" for row in rows]
        assert dates == sorted(dates, reverse=True)

    @pytest.mark.parametrize(
        ("tool", "arguments", "sentence"),
        [
            ("read_article", {"article_id": "gone.md"}, "no article has this id; take an article_id from search"),
            ("read_article", {"article_id": ARTICLES[0], "start": 10**6}, "start 1000000 lies outside"),
            ("read_article", {"article_id": ARTICLES[0], "start": 9, "end": 9}, "end 9 is not after start 9"),
            ("ask", {"question": " \0 "}, "the argument question cannot be used; give one question"),
            ("ask", {}, "the argument question is missing; give one question"),
            ("ask", {"question": "-lamp"}, "holds operators only; add the words"),
            ("ask", {"question": "x", "since": "May"}, "since cannot be used; give only articles dated"),
            ("search", {"query": "x", "k": 1_000}, "k cannot be used; give how many passages, 1 to 100"),
            ("search", {"query": "x", "sort": "date"}, "search takes no argument 'sort'; it takes since, until"),
            ("list_articles", {"written_in": "Chinese"}, "written_in cannot be used; give only articles written"),
            ("forget", {}, "there is no tool 'forget'; there are ask, search"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_done_is_one_sentence_with_the_remedy(
        self, stdio: Assistant, tool: str, arguments: dict[str, Any], sentence: str
    ) -> None:
        assert sentence in stdio.refused(tool, **arguments)

    def test_articles_are_resources(self, assistant: Assistant) -> None:
        portal, client = assistant.portal, assistant.client
        (template,) = portal.call(client.list_resource_templates).resource_templates
        assert template.uri_template == "article://{id}"
        resources = {resource.name: resource for resource in portal.call(client.list_resources).resources}
        assert {BELOW, *ARTICLES} <= set(resources)
        (text,) = portal.call(client.read_resource, resources[BELOW].uri).contents
        assert text.text.startswith("港务局长陈立说")
        assert len(text.text.encode()) == resources[BELOW].size
        assert text.meta["published"] == "2024-05-02"

    def test_an_unknown_resource_is_an_error_of_the_protocol(self, assistant: Assistant) -> None:
        for uri in ("article://gone.md", "file:///etc/passwd"):
            with pytest.raises(MCPError, match="no article has this id"):
                assistant.portal.call(assistant.client.read_resource, uri)

    def test_a_running_question_holds_nothing_up(self, assistant: Assistant) -> None:
        portal, client = assistant.portal, assistant.client
        questions = [f"What did Schulman say about {subject}?" for subject in ("Anthropic", "alignment")]
        asked = [portal.start_task_soon(client.call_tool, "ask", {"question": q}) for q in questions]
        portal.call(sleep, 0.05)
        assert portal.call(client.list_tools).tools
        assert not asked[-1].done()
        assert [future.result().structured_content["question"] for future in asked] == questions

    def test_nothing_is_added_unless_that_is_allowed(self, stdio: Assistant, project: Path) -> None:
        assert "add_article" not in [tool.name for tool in stdio.portal.call(stdio.client.list_tools).tools]
        said = stdio.refused("add_article", name="new.md", text="New.")
        assert (
            said
            == "add_article is off, since this archive is read-only; it is on after: ragqa mcp --allow-add"
        )
        assert not (project / "corpus" / "new.md").exists()

    def test_an_article_that_is_added_is_found_by_every_server_on_the_index(
        self, http: Assistant, stdio: Assistant, project: Path
    ) -> None:
        before = stdio.call("list_articles")
        text = "---\ntitle: The lamp of Amberley\ndate: 2025-01-02\n---\nMarta Lindqvist bought the lamp of Amberley."
        added = http.call("add_article", name="amberley.md", text=text)
        assert (added["article_id"], added["change"]) == ("amberley.md", "added")
        for assistant in (http, stdio):
            answer = assistant.call("ask", question="Who bought the lamp of Amberley?")
            assert answer["index"] == added["index"] != before["index"]
            assert answer["citations"][0]["quote"] == "Marta Lindqvist bought the lamp of Amberley."
        assert http.call("add_article", name="amberley.md", text=text)["change"] == "unchanged"
        self.keeps_what_is_there(http, project, text)

    @staticmethod
    def keeps_what_is_there(http: Assistant, project: Path, text: str) -> None:
        there = sorted(path.name for path in (project / "corpus").iterdir())
        for name, words, sentence in (
            ("amberley.md", "Other.", "amberley.md is in the archive already, with other contents"),
            ("../out.md", "Other.", "../out.md cannot be a file name here"),
            ("a.exe", "Other.", "a.exe is not of a kind that is read"),
            ("a.jsonl", "{}", "a.jsonl is not a text; give a name that ends in"),
            ("copy.md", text, "copy.md was not added: same text as amberley.md"),
        ):
            assert sentence in http.refused("add_article", name=name, text=words)
        assert sorted(path.name for path in (project / "corpus").iterdir()) == there

    @pytest.mark.parametrize(
        ("headers", "status"),
        [({"Host": "evil.example"}, 421), ({"Origin": "http://evil.example"}, 403), ({}, 200)],
    )
    def test_a_foreign_name_or_page_is_turned_away(
        self, address: str, headers: dict[str, str], status: int
    ) -> None:
        hello = {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"},
        }
        reply = httpx.post(
            address,
            json={"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
            headers={"Accept": "application/json, text/event-stream", **headers},
        )
        assert reply.status_code == status


# --- parts of it, without models -------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["a.md", BELOW, "feed.xml#http://x/y?z=1&w=%20", "Ünïcode:7.jsonl:12", "a+b@c.md", "..", "100%.md"],
)
def test_an_address_leads_back_to_its_article(name: str) -> None:
    uri = uri_of(name)
    assert uri.isascii()
    assert uri.count("/") == 2
    assert id_of(uri) == name
    # As clients that normalize addresses send them.
    assert id_of(str(AnyUrl(uri))) == name


def test_only_addresses_of_articles_are_taken() -> None:
    with pytest.raises(ArticleNotFoundError, match="one is like article://"):
        id_of("file:///etc/passwd")


def test_a_large_archive_lists_its_newest_articles_as_resources() -> None:
    articles = [
        Article(f"{n}.md", "t", f"text {n}", published=None if n % 50 == 0 else f"{1000 + n}")
        for n in range(MOST_LISTED + 150)
    ]
    index = small_index(articles)
    pipeline: Any = SimpleNamespace(index=index)
    names, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page, cursor = listed(pipeline, cursor)
        assert len(page) <= LISTED
        names += [article.id for article in page]
        pages += 1
    assert len(names) == MOST_LISTED
    dated = [n for n in range(MOST_LISTED + 150) if n % 50]
    assert names == [f"{n}.md" for n in dated[::-1][:MOST_LISTED]]
    for cursor in ("v-0 100", f"{index.manifest.version} x", "nonsense"):
        with pytest.raises(RagqaError, match="list again without a cursor"):
            listed(pipeline, cursor)


def test_what_is_unexpected_is_told_by_a_number_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise OSError("/secret/place")
    except OSError as error:
        sentence = said(error)
    number = sentence.split()[-1]
    assert sentence == f"something went wrong here; the log of ragqa mcp says more about request {number}"
    assert number in caplog.text
    assert "/secret/place" in caplog.text


def test_a_complaint_does_not_repeat_what_was_given() -> None:
    with pytest.raises(ValidationError) as raised:
        AskArguments.model_validate({"question": "x" * 2_001})
    assert "xx" not in complaint(READING[0], raised.value)


def test_where_too_many_wait_a_request_is_refused(portal: BlockingPortal) -> None:
    gate = threading.Event()
    pipeline: Any = SimpleNamespace(
        settings=SimpleNamespace(waiting=1), search=lambda *_, **__: [] if gate.wait(60) else None
    )

    async def searched() -> list[str]:
        async with Client(build_server(pipeline, allow_add=False)) as client, create_task_group() as tasks:
            # Two at one time, one that waits.
            for _ in range(3):
                tasks.start_soon(client.call_tool, "search", {"query": "x"})
            await sleep(0.2)
            refused = await client.call_tool("search", {"query": "x"})
            gate.set()
            return [content.text for content in refused.content]

    assert portal.call(searched) == ["1 requests are waiting already; ask again in a moment"]


def test_a_cancelled_question_ends_at_its_next_snapshot(portal: BlockingPortal) -> None:
    seen, closed = threading.Event(), threading.Event()

    def stream(*_: Any, **__: Any) -> Iterator[Answer]:
        try:
            while True:
                yield Answer("x", "en", "not_found")
                seen.set()
        finally:
            closed.set()

    pipeline: Any = SimpleNamespace(settings=SimpleNamespace(waiting=1), stream=stream)

    async def asked() -> None:
        async with Client(build_server(pipeline, allow_add=False)) as client:
            with move_on_after(0.2):
                await client.call_tool("ask", {"question": "x"})

    portal.call(asked)
    assert seen.is_set()
    assert closed.wait(10)


@pytest.mark.parametrize("beyond", [{"host": "0.0.0.0"}, {"hosts": "archive.example"}])
def test_beyond_this_machine_a_password_is_needed(beyond: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="set RAGQA_PASSWORD"):
        guarded(Settings.load(**beyond))
    security = guarded(Settings.load(**beyond, password="a long password"))
    assert security.enable_dns_rebinding_protection
    assert ("archive.example:*" in security.allowed_hosts) == ("hosts" in beyond)


def test_the_password_comes_as_a_bearer_token(portal: BlockingPortal) -> None:
    async def inside(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def status(token: str) -> int:
        transport = httpx.ASGITransport(Password(inside, "a long password"))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return (await client.get("/mcp", headers={"Authorization": token})).status_code

    given = ("Bearer a long password", "Bearer wrong", "a long password", "")
    assert [portal.call(status, token) for token in given] == [204, 401, 401, 401]
