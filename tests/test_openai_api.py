"""OpenAI's own client, unmodified, against a server with the real models, and against scripts for what goes wrong."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from support.browsing import page_url
from support.fakes import ScriptedGenerator
from support.house import BUYER, WHO, House
from support.real import ROOT, needs_models
from support.scripted import Script, ScriptedPipeline

from ragqa.errors import BusyError
from ragqa.pipeline import Pipeline
from ragqa.server import keys, listening, runtime
from ragqa.server.access import Access
from ragqa.server.app import application
from ragqa.settings import Settings
from ragqa.text import language_of

openai = pytest.importorskip("openai", reason="openai is not installed; run: pip install '.[dev]'")

PASSWORD = "correct horse battery"
TRANSLATING = [*needs_models, pytest.mark.reliability]
WHY = "why did Brundage leave?"
ARTICLES = ("brundage-three-reasons.md", "schulman-joins-anthropic.md", "data-wall.md")


def client_of(url: str, key: str = "none") -> Any:
    return openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=120)


def chat(client: Any, *said: str, model: str = "ragqa-quotes", **more: Any) -> Any:
    """The completion of a conversation whose answers were of no importance."""
    messages = [{"role": "user", "content": said[0]}]
    for text in said[1:]:
        messages += [{"role": "assistant", "content": "…"}, {"role": "user", "content": text}]
    return client.chat.completions.create(model=model, messages=messages, **more)


def wait_for(come: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not come() and time.monotonic() < until:
        time.sleep(0.02)
    assert come()


def told(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@contextmanager
def served(folder: Path, **chosen: Any) -> Iterator[str]:
    """The address of a server over three of the project's articles."""
    from ragqa.index import update

    (folder / "corpus").mkdir()
    for name in ARTICLES:
        (folder / "corpus" / name).write_bytes((ROOT / "corpus" / name).read_bytes())
    places = {"corpus": folder / "corpus", "index": folder / "index", "keys": folder / "keys.json"}
    settings = Settings.load(**places, **chosen)
    update(settings)
    with page_url(Pipeline.open(settings)) as url:
        yield url


class TestRealModels:
    """Three articles of the project's own, quoted without a language model."""

    pytestmark = needs_models

    @pytest.fixture(scope="class")
    def url(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        with served(tmp_path_factory.mktemp("served"), generator="none") as url:
            yield url

    @pytest.fixture(scope="class")
    def client(self, url: str) -> Any:
        return client_of(url)

    def test_an_answer_cites_exact_words(self, client: Any, url: str) -> None:
        answer = chat(client, WHY)
        found = answer.model_extra["ragqa"]
        assert found["status"] in ("answered", "possible")
        assert 0 < found["confidence"] <= 1
        content = answer.choices[0].message.content
        assert content.endswith(found["text"])
        assert answer.choices[0].finish_reason == "stop"
        assert found["citations"]
        for citation in found["citations"]:
            assert f"[{citation['marker']}]" in content
            article = httpx.get(f"{url}/api/v1/article", params={"id": citation["article_id"]}).json()
            assert article["text"][citation["start"] : citation["end"]] == citation["quote"]
            assert (citation["title"], citation["published"]) == (article["title"], article["published"])
            assert citation["source"] == article["source"]
        assert answer.usage.total_tokens == 0

    def test_a_stream_says_the_same_and_cites_at_its_end(self, client: Any) -> None:
        for model in ("ragqa", "ragqa-quotes"):
            whole = chat(client, WHY, model=model)
            chunks = list(chat(client, WHY, model=model, stream=True, stream_options={"include_usage": True}))
            assert told(chunks) == whole.choices[0].message.content
            *_, last, usage = chunks
            assert last.choices[0].finish_reason == "stop"
            assert last.model_extra["ragqa"]["citations"] == whole.model_extra["ragqa"]["citations"]
            assert (usage.choices, usage.usage.total_tokens) == ([], 0)
            assert len({chunk.id for chunk in chunks}) == 1

    def test_a_follow_up_is_understood_by_the_messages_before_it(self, client: Any) -> None:
        second = chat(client, WHY, "and what about Schulman?").model_extra["ragqa"]
        assert second["asked"] == "and what about Schulman?"
        assert second["question"] == "why did Schulman leave?"
        third = chat(client, WHY, "and what about Schulman?", "and what about Kilpatrick?")
        assert third.model_extra["ragqa"]["question"] == "why did Kilpatrick leave?"
        assert chat(client, "and what about Schulman?").model_extra["ragqa"]["question"] != second["question"]

    def test_what_no_article_answers_is_refused(self, client: Any) -> None:
        answer = chat(client, "Who won the chess world cup in 1998?")
        found = answer.model_extra["ragqa"]
        assert found["status"] == "not_found"
        assert answer.choices[0].message.content == found["note"] != ""
        assert found["citations"] == []

    def test_a_filter_leaves_articles_out(self, client: Any) -> None:
        found = chat(client, WHY, extra_body={"ragqa": {"since": "2030"}}).model_extra["ragqa"]
        assert (found["status"], found["passages"]) == ("not_found", [])

    def test_embeddings_are_the_encoder_s_own(self, client: Any) -> None:
        name = Settings.load().encoder
        texts = ["港口为什么停航？", "The lamp was sold."]
        given = client.embeddings.create(model=name, input=texts)  # the client asks for base64
        plain = client.embeddings.create(model=name, input=texts, encoding_format="float")
        vectors = np.array([row.embedding for row in given.data], dtype=np.float32)
        assert np.array_equal(vectors, np.array([row.embedding for row in plain.data], dtype=np.float32))
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert given.usage.prompt_tokens > len(texts)
        asked = client.embeddings.create(model=name, input=texts[1], extra_body={"input_type": "query"})
        assert len(asked.data) == 1
        assert 0.5 < float(np.dot(asked.data[0].embedding, vectors[1])) < 0.999
        with pytest.raises(openai.BadRequestError) as refused:
            client.embeddings.create(model=name, input="x", dimensions=7)
        assert refused.value.param == "dimensions"

    def test_models_are_listed_and_none_writes_without_a_language_model(self, client: Any) -> None:
        names = [model.id for model in client.models.list()]
        assert names == ["ragqa", "ragqa-quotes", Settings.load().encoder]
        assert client.models.retrieve("ragqa").owned_by == "ragqa"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("gpt-4o")

    def test_the_example_of_the_page_in_docs_runs(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "api.md").read_text("utf-8"), re.S)
        assert "http://127.0.0.1:7860/v1" in program
        exec(compile(program.replace("http://127.0.0.1:7860", url), "docs/api.md", "exec"), {})
        shown = capsys.readouterr().out
        assert re.search(r"^(answered|possible) 0\.\d+$", shown, re.M)
        assert re.search(r"^\[1\] [\w-]+\.md \d+ \d+ .", shown, re.M)


class TestRealLanguageModel:
    """The same articles, asked in English about a Chinese one: the language model translates, or writes."""

    pytestmark = TRANSLATING
    ASKED = "How many tokens was GPT-4 trained on?"
    QUOTED = "GPT-4 用了13万亿个标记"

    @pytest.fixture(scope="class")
    def client(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
        with served(tmp_path_factory.mktemp("written")) as url:
            yield client_of(url)

    @pytest.mark.parametrize("model", ["ragqa", "ragqa-write"])
    def test_english_stands_above_the_chinese_words_that_are_cited(self, client: Any, model: str) -> None:
        whole = chat(client, self.ASKED, model=model)
        content, found = whole.choices[0].message.content, whole.model_extra["ragqa"]
        assert self.QUOTED in found["citations"][0]["quote"]
        assert language_of(content) == "en"
        assert "13 trillion" in content
        assert "[1]" in content
        assert whole.usage.completion_tokens == 0

    def test_a_stream_says_the_same_as_it_comes(self, client: Any) -> None:
        whole = chat(client, self.ASKED, model="ragqa")
        chunks = list(chat(client, self.ASKED, model="ragqa", stream=True))
        assert told(chunks) == whole.choices[0].message.content
        assert chunks[-1].model_extra["ragqa"]["citations"] == whole.model_extra["ragqa"]["citations"]


def test_the_commands_in_docs_are_there(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    from ragqa.__main__ import main

    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    lines = re.search(r"```sh\n(.*?)```", page, re.S)[1].splitlines()  # type: ignore[index]
    config = house.folder / "ragqa.toml"
    config.write_text(f'keys = "{house.settings.keys}"\n')
    assert [main([*line.split()[1:], "--config", str(config)]) for line in lines] == [0, 0, 0]
    capsys.readouterr()


# --- scripts: what is refused, what fails, what is still being made -----------------------------


@pytest.fixture
def url(house: House) -> Iterator[str]:
    house.script(ScriptedGenerator(BUYER))
    with page_url(Pipeline.open(house.settings)) as served:
        yield served


def test_a_written_answer_comes_from_the_model_that_writes(url: str) -> None:
    client = client_of(url)
    assert "ragqa-write" in [model.id for model in client.models.list()]
    whole = chat(client, WHO, model="ragqa-write")
    assert whole.choices[0].message.content.startswith("Marta Lindqvist is the buyer [2].\n")
    assert told(list(chat(client, WHO, model="ragqa-write", stream=True))) == whole.choices[0].message.content
    assert "is the buyer" not in chat(client, WHO, model="ragqa").choices[0].message.content


QUOTES = (
    ("data-wall.md", "再找同等质量的数据既贵又难。"),
    ("devday-and-crawlers.md", "OpenAI is turning down the volume."),
    ("data-wall.md", "轮到 Orion，研究人员认为这些还不够。"),
)


@pytest.mark.parametrize("short", [(), ((1, "既贵又难"),)])
def test_a_stream_takes_nothing_back_while_quotes_are_translated(short: Any) -> None:
    script = Script(
        quotes=QUOTES,
        short=short,
        translations=((1, "More is dear and hard."), (3, "Not enough.")),
    )
    with page_url(ScriptedPipeline({"why?": script}, home=Path("nowhere"))) as url:
        whole = chat(client_of(url), "why?", model="ragqa").choices[0].message.content
        chunks = list(chat(client_of(url), "why?", model="ragqa", stream=True))
    assert "More is dear and hard [1]." in whole
    assert whole.startswith("These passages may answer") == (not short)
    assert told(chunks) == whole
    assert sum(bool(chunk.choices[0].delta.content) for chunk in chunks) > 1


def test_a_stream_that_would_have_to_take_something_back_fails_instead() -> None:
    script = Script(quotes=QUOTES, translations=((1, "More is dear."), (1, "More is cheap.")))
    with page_url(ScriptedPipeline({"why?": script})) as url, pytest.raises(openai.APIError):
        list(chat(client_of(url), "why?", model="ragqa", stream=True))


@pytest.mark.parametrize(
    ("body", "param", "said"),
    [
        ({"messages": []}, "messages", "at least 1 item"),
        ({"messages": [{"role": "system", "content": "Be brief."}]}, "messages", "role user is needed"),
        ({"messages": [{"role": "user", "content": "x" * 2001}]}, "messages", "1 to 2000 characters"),
        ({"messages": [{"role": "user", "content": "  "}]}, "messages", "1 to 2000 characters"),
        ({"messages": [{"role": "user", "content": "a after:2024-13"}]}, "messages", "2024"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}, "messages", "text"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages", "text"),
        ({"messages": [{"role": "narrator", "content": "x"}]}, "messages.role", "user"),
        ({"messages": "x"}, "messages", "list"),
        ({"n": 2}, "n", "one answer"),
        ({"response_format": {"type": "json_object"}}, "response_format", "answers are text"),
        ({"tool_choice": "required"}, "tool_choice", "no tools"),
        ({"logprobs": True}, "logprobs", "log prob"),
        ({"ragqa": {"since": "soon"}}, "ragqa.since", "since: 2024"),
        ({"ragqa": {"secret": 1}}, "ragqa.secret", "not known"),
        ({"model": None}, "model", "string"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_a_400_that_names_the_parameter(
    served_once: str, body: dict[str, Any], param: str, said: str
) -> None:
    sent = {"model": "ragqa", "messages": [{"role": "user", "content": WHO}], **body}
    with pytest.raises(openai.BadRequestError) as refused:
        client_of(served_once).post("/chat/completions", cast_to=object, body=sent)
    assert (refused.value.status_code, refused.value.param) == (400, param)
    assert refused.value.type == "invalid_request_error"
    assert said in refused.value.body["message"]
    assert "secret" not in refused.value.body["message"]


@pytest.fixture(scope="module")
def served_once() -> Iterator[str]:
    with page_url(ScriptedPipeline({WHO: Script()})) as served:
        yield served


def test_parts_of_text_are_one_question_and_unused_parameters_change_nothing(served_once: str) -> None:
    parts = [{"type": "text", "text": "Who bought"}, {"type": "text", "text": "the lamp?"}]
    with page_url(pipeline := ScriptedPipeline({"Who bought\nthe lamp?": Script(note="Nothing.")})) as url:
        messages = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": parts}]
        answer = client_of(url).chat.completions.create(
            model="ragqa", messages=messages, temperature=0.7, max_tokens=5, n=1, seed=1, stop=["."], user="u"
        )
    assert answer.choices[0].message.content == "Nothing."
    assert pipeline.asked == ["Who bought\nthe lamp?"]


@pytest.mark.parametrize(
    "input", [[], [""], [1, 2, 3], [[1, 2]], "x" * 20_001, ["x"] * 257, 7, None], ids=lambda given: str(given)[:12]
)  # fmt: skip
def test_what_cannot_be_encoded_is_a_400(served_once: str, input: Any) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client_of(served_once).post("/embeddings", cast_to=object, body={"model": "words", "input": input})
    assert refused.value.param == "input"


def test_an_unknown_model_or_address_is_a_404_in_openai_s_shape(served_once: str) -> None:
    client = client_of(served_once)
    for call in (
        lambda: chat(client, WHO, model="gpt-4o"),
        lambda: chat(client, WHO, model="words"),
        lambda: client.embeddings.create(model="ragqa", input="x"),
    ):
        with pytest.raises(openai.NotFoundError) as refused:
            call()
        assert (refused.value.code, refused.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.NotFoundError) as refused:
        client.responses.create(model="ragqa", input="x")
    assert "/v1/chat/completions" in refused.value.body["message"]


def test_without_an_index_it_is_said_before_anything_is_streamed() -> None:
    pipeline = ScriptedPipeline({WHO: Script()})
    pipeline.index = None
    with page_url(pipeline) as url, pytest.raises(openai.InternalServerError) as refused:
        chat(client_of(url), WHO, model="ragqa", stream=True)
    assert refused.value.status_code == 503
    assert "ragqa doctor" in refused.value.body["message"]
    assert refused.value.response.headers["retry-after"] == "5"


@pytest.mark.parametrize("error", [BusyError("too busy"), ZeroDivisionError("secret")])
def test_a_failure_in_the_middle_of_a_stream_reaches_the_client(error: Exception) -> None:
    def pause(label: str) -> None:
        if label == "read":
            raise error

    with page_url(ScriptedPipeline({WHO: Script()}, pause=pause)) as url:
        with pytest.raises(openai.APIError) as failed:
            list(chat(client_of(url), WHO, model="ragqa", stream=True))
        assert failed.value.body["type"] == "server_error"
        assert "secret" not in failed.value.message


def test_a_client_that_goes_away_leaves_the_line() -> None:
    go = threading.Event()

    def pause(label: str) -> None:
        if label == "read":
            go.wait(10)

    with page_url(pipeline := ScriptedPipeline({WHO: Script(quotes=QUOTES)}, pause=pause)) as url:
        stream = chat(client_of(url), WHO, model="ragqa", stream=True)
        next(iter(stream))
        wait_for(lambda: pipeline.asked == [WHO])
        stream.close()
        time.sleep(1)
        go.set()
        assert told(list(chat(client_of(url), WHO, model="ragqa", stream=True)))
    assert (len(pipeline.asked), len(pipeline.closed), len(pipeline.finished)) == (2, 2, 1)


# --- keys --------------------------------------------------------------------------------------


class Locked:
    """A server whose file of keys is empty yet, with a password or without."""

    def __init__(self, home: Path, password: str = "") -> None:
        pipeline: Any = ScriptedPipeline({WHO: Script(note="Nothing.")}, home=home)
        self.path = home / "keys.json"
        pipeline.settings = pipeline.settings.model_copy(update={"keys": self.path})
        access = Access.of(host="127.0.0.1", hosts="", password=password, rate=200)
        taken = listening.bind("127.0.0.1", 0)
        self.stop = runtime.run_in_thread(application(pipeline, access), taken)
        self.url = listening.address(taken)

    def add(self, name: str, per_minute: int = 1000) -> str:
        return keys.add(self.path, name, per_minute=per_minute)


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Locked]:
    server = Locked(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def with_password(tmp_path: Path) -> Iterator[Locked]:
    server = Locked(tmp_path, PASSWORD)
    yield server
    server.stop()


def test_a_key_is_needed_from_the_first_one_on_and_ends_when_it_is_revoked(locked: Locked) -> None:
    assert chat(client_of(locked.url), WHO).choices[0].message.content == "Nothing."
    secret = locked.add("newsroom")
    assert chat(client_of(locked.url, secret), WHO).choices[0].message.content == "Nothing."
    for wrong in ("none", "ragqa-" + "x" * 43, secret + "x", ""):
        with pytest.raises((openai.AuthenticationError, openai.OpenAIError)):
            chat(client_of(locked.url, wrong), WHO)
        assert (
            httpx.get(f"{locked.url}/v1/models", headers={"Authorization": f"Bearer {wrong}x"}).status_code
            == 401
        )
    assert httpx.get(f"{locked.url}/v1/models").json()["error"]["code"] == "invalid_api_key"
    assert httpx.get(f"{locked.url}/api/search?q=x").json()["error"].startswith("A key is needed")
    # The page is as it was.
    assert httpx.get(locked.url).status_code == 200
    keys.revoke(locked.path, "newsroom")
    with pytest.raises(openai.AuthenticationError, match="unknown or revoked"):
        chat(client_of(locked.url, secret), WHO)


def test_a_key_opens_what_is_for_programs_and_not_the_page(with_password: Locked) -> None:
    secret = with_password.add("newsroom")
    headers = {"Authorization": f"Bearer {secret}"}
    codes = {
        path: httpx.get(with_password.url + path, headers=headers).status_code
        for path in ("/v1/models", "/api/v1/article?id=data-wall.md", "/api/article?id=data-wall.md",
                     "/openapi.json", "/docs", "/", "/config", "/ragqa/page.js", "/v1/../config")
    }  # fmt: skip
    assert list(codes.values())[:5] == [200] * 5
    assert set(list(codes.values())[5:]) <= {401}
    assert chat(client_of(with_password.url, PASSWORD), WHO).choices[0].message.content == "Nothing."


def test_wrong_keys_do_not_lock_out_who_has_the_password(with_password: Locked) -> None:
    with_password.add("newsroom")
    for _ in range(15):
        with pytest.raises(openai.AuthenticationError):
            chat(client_of(with_password.url, "ragqa-" + "x" * 43), WHO)
    assert httpx.get(with_password.url, auth=("", PASSWORD)).status_code == 200


def test_a_key_that_asks_too_often_is_told_when_to_come_back(locked: Locked) -> None:
    slow, fast = locked.add("slow", per_minute=2), locked.add("fast")
    for _ in range(2):
        client_of(locked.url, slow).models.list()
    with pytest.raises(openai.RateLimitError) as refused:
        client_of(locked.url, slow).models.list()
    assert (refused.value.code, refused.value.type) == ("rate_limit_exceeded", "rate_limit_error")
    assert 20 <= int(refused.value.response.headers["retry-after"]) <= 30
    ours = httpx.get(f"{locked.url}/api/search?q=x", headers={"Authorization": f"Bearer {slow}"})
    assert (ours.status_code, "2 requests a minute" in ours.json()["error"]) == (429, True)
    client_of(locked.url, fast).models.list()
