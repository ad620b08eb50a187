"""What docs/deploy.md deploys: the image's steps, the compose file, the unit; there is no container engine here."""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.distribution import ANSWER, LAMP, QUESTION, clean, files_of_git, tool
from support.real import ROOT, needs_models
from support.tally import Tally

from ragqa.errors import SettingsError
from ragqa.server.access import Access
from ragqa.settings import Settings

pytest.importorskip("dockerfile_parse", reason="needs dockerfile-parse: pip install --editable '.[dev]'")
from support import image

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
UNIT = ROOT / "deploy" / "ragqa.service"
PASSWORD = "correct-horse-battery"
SLOW = [*needs_models, pytest.mark.reliability, image.needs_mounts]


def steps(*names: str) -> list[str]:
    return [step["value"] for step in image.instructions() if step["instruction"] in names]


def last_env() -> dict[str, str]:
    """Variables of the last stage."""
    return dict(pair.split("=", 1) for pair in shlex.split(steps("ENV")[-1]))


# --- the Dockerfile --------------------------------------------------------------------------


def hadolint(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tool("hadolint"), str(path)], capture_output=True, text=True, check=False)


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    done = hadolint(ROOT / "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


def test_hadolint_would_find_something(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE.replace(":3.11-slim-bookworm", ":latest"), "utf-8")
    assert "DL3007" in hadolint(tmp_path / "Dockerfile").stdout


def test_a_rule_that_is_ignored_is_explained_in_the_line_before() -> None:
    lines = DOCKERFILE.splitlines()
    ignored = [at for at, line in enumerate(lines) if "hadolint ignore" in line]
    assert [lines[at] for at in ignored if not re.match(r"# The rule \w+ ", lines[at - 1])] == []
    assert not (ROOT / ".hadolint.yaml").exists()


def test_every_stage_starts_from_one_base_with_a_version() -> None:
    bases = {value.split()[0] for value in steps("FROM")}
    assert bases - {"environment"} == {"python:3.11-slim-bookworm"}


def test_the_last_stage_runs_as_a_numbered_user_that_is_not_root() -> None:
    *_, last = image.instructions()
    assert last["instruction"] == "CMD"
    assert steps("USER") == ["10001:10001"]


def test_the_health_check_needs_nothing_but_python() -> None:
    (value,) = steps("HEALTHCHECK")
    command = json.loads(value.partition("CMD")[2])
    assert command == ["/opt/ragqa/bin/python", "/opt/ragqa/bin/health.py"]
    assert "curl" not in DOCKERFILE


def test_no_password_and_no_key_is_in_the_image() -> None:
    assert not re.search(r"PASSWORD=|_KEY=", " ".join(steps("ENV", "ARG")))


def test_the_image_does_not_listen_to_others_without_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("RAGQA_")]:
        monkeypatch.delenv(name)
    for name, value in last_env().items():
        if name.startswith("RAGQA_") and name != "RAGQA_SECRETS":
            monkeypatch.setenv(name, value)
    settings = Settings.load()
    assert settings.host == "0.0.0.0"
    with pytest.raises(SettingsError, match="set RAGQA_PASSWORD"):
        Access.of(host=settings.host, hosts="", password=settings.password.get_secret_value(), rate=200)


# --- what is sent to a build -----------------------------------------------------------------


def test_a_build_is_sent_what_it_copies_and_no_article() -> None:
    sent = {name for name in files_of_git() if image.admitted(name)}
    copied = [one for value in steps("COPY") if "--from" not in value for one in value.split()[:-1]]
    assert [
        one for one in copied if not any(name == one or name.startswith(f"{one}/") for name in sent)
    ] == []
    tops = {name.split("/")[0] for name in sent}
    assert tops == {"pyproject.toml", "requirements.txt", "README.md", "LICENSE", "src", "deploy"}
    assert not image.admitted("src/ragqa/__pycache__/types.pyc")


# --- compose ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    composed = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    assert set(composed["services"]) == {"ragqa"}
    return dict(composed["services"]["ragqa"])


def test_the_compose_file_follows_its_specification(tmp_path: Path) -> None:
    def checked(path: Path) -> int:
        command = [tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(path)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert checked(ROOT / "compose.yaml") == 0
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(
        (ROOT / "compose.yaml").read_text("utf-8").replace("read_only: true", "readonly: true"), "utf-8"
    )
    assert checked(wrong) != 0


def test_the_composed_container_may_do_little(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [each.split(":")[0] for each in service["tmpfs"]] == ["/tmp"]
    assert service["mem_limit"] == "4g"
    assert not {"privileged", "network_mode", "cap_add", "user"} & set(service)


def test_it_is_published_on_this_machine_only(service: dict[str, Any]) -> None:
    assert service["ports"] == ["${RAGQA_PUBLISH:-127.0.0.1:7860}:7860"]


def test_its_volumes_are_where_the_image_writes(service: dict[str, Any]) -> None:
    composed = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    assert {each.split(":")[1] for each in service["volumes"]} == {
        steps("WORKDIR")[-1],
        last_env()["RAGQA_HOME"],
    }
    assert {each.split(":")[0] for each in service["volumes"]} == set(composed["volumes"])


def test_its_password_comes_from_a_file_of_the_name_that_is_read(service: dict[str, Any]) -> None:
    assert service["secrets"] == ["ragqa_password"]
    assert "RAGQA_PASSWORD" not in service["environment"]
    assert last_env()["RAGQA_SECRETS"] == "/run/secrets"


def test_the_default_that_it_repeats_is_that_of_the_settings(service: dict[str, Any]) -> None:
    default = Settings.model_fields["generator"].default
    assert service["environment"]["RAGQA_GENERATOR"] == f"${{RAGQA_GENERATOR:-{default}}}"


# --- systemd ---------------------------------------------------------------------------------


def analyzed(tmp_path: Path, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """What systemd-analyze says of the unit, with a program in place of one that is not installed."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze")
    unit = tmp_path / "ragqa.service"
    unit.write_text((text or UNIT.read_text("utf-8")).replace("/opt/ragqa/bin/ragqa", "/bin/true"), "utf-8")
    return subprocess.run(["systemd-analyze", *words, str(unit)], capture_output=True, text=True, check=False)


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    done = analyzed(tmp_path, "verify")
    assert (done.returncode, done.stderr) == (0, "")
    wrong = UNIT.read_text("utf-8").replace("DynamicUser", "DynamicalUser")
    assert "DynamicalUser" in analyzed(tmp_path, "verify", text=wrong).stderr


def test_the_unit_exposes_little(tmp_path: Path) -> None:
    done = analyzed(tmp_path, "security", "--offline=true", "--threshold=20")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "setting",
    ["DynamicUser=yes", "ProtectSystem=strict", "StateDirectory=ragqa", "MemoryMax=4G", "Restart=on-failure"],
)
def test_the_unit_sets(setting: str) -> None:
    assert setting in UNIT.read_text("utf-8").splitlines()


# --- start and health ------------------------------------------------------------------------


def test_the_start_is_a_script_that_a_shell_can_read() -> None:
    subprocess.run(["sh", "-n", str(ROOT / "deploy" / "start.sh")], check=True)


def started(tmp_path: Path, failing: str, password: str = "a password of ours") -> tuple[int, list[str]]:
    """The exit code of the start, and what it called, where one command fails."""
    script = f'#!/bin/sh\necho "$1" >> {tmp_path}/called\ntest "$1" != {failing}\n'
    (tmp_path / "ragqa").write_text(script, "utf-8")
    (tmp_path / "ragqa").chmod(0o755)
    (tmp_path / "called").touch()
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "RAGQA_PASSWORD": password}
    done = subprocess.run(
        ["sh", str(ROOT / "deploy" / "start.sh")], env=environment, capture_output=True, check=False
    )
    return done.returncode, (tmp_path / "called").read_text("utf-8").split()


@pytest.mark.parametrize(
    ("failing", "code", "called"),
    [
        ("nothing", 0, ["models", "index", "serve"]),
        ("models", 1, ["models"]),
        ("index", 0, ["models", "index", "serve"]),
        ("serve", 1, ["models", "index", "serve"]),
    ],
)
def test_the_start_serves_also_without_articles_but_not_without_models(
    tmp_path: Path, failing: str, code: int, called: list[str]
) -> None:
    assert started(tmp_path, failing) == (code, called)


def test_without_a_password_nothing_is_fetched(tmp_path: Path) -> None:
    assert started(tmp_path, "nothing", password="") == (2, [])


@pytest.fixture
def answering() -> Iterator[HTTPServer]:
    """A server that answers any request with its ``status``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(self.server.status if self.path == "/healthz" else 404)  # type: ignore[attr-defined]
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def health(port: int) -> int:
    command = [sys.executable, str(ROOT / "deploy" / "health.py")]
    # A proxy in the environment is not for what runs in the same container.
    environment = clean(RAGQA_PORT=str(port), http_proxy="http://192.0.2.1:9")
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1)])
def test_health_is_what_the_server_answers(answering: HTTPServer, status: int, code: int) -> None:
    answering.status = status  # type: ignore[attr-defined]
    assert health(answering.server_port) == code


def test_where_nothing_listens_there_is_no_health() -> None:
    assert health(free_port()) == 1


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


# --- the image -------------------------------------------------------------------------------


class TestImage:
    """Every step of the Dockerfile in folders, and the container's command in what they made (minutes, 4 GB)."""

    pytestmark = SLOW

    @pytest.fixture(scope="class")
    def built(self, tmp_path_factory: pytest.TempPathFactory) -> image.Builder:
        folder = tmp_path_factory.mktemp("image")
        folder.chmod(0o755)
        builder = image.Builder(folder / "stages", image.context(folder / "context"))
        builder.build()
        return builder

    @pytest.fixture
    def container(self, built: image.Builder, tmp_path: Path) -> Container:
        return Container(built.stage, tmp_path)

    def test_every_step_runs_in_a_clean_folder(self, built: image.Builder, tally: Tally) -> None:
        asked = [f"RUN {value}" for value in steps("RUN")]
        tally(
            "I2",
            "RUN steps of the Dockerfile that ran in a clean folder; the rest is apt-get",
            len(built.ran),
            len(asked),
        )
        assert sorted(built.ran + built.skipped) == sorted(asked)
        assert [step for step in built.skipped if "apt-get" not in step] == []
        assert len(built.skipped) == 1

    def test_without_a_password_the_container_ends_with_a_reason(
        self, container: Container, tally: Tally
    ) -> None:
        process = container.start(password=None)
        _, told = process.communicate(timeout=900)
        tally(
            "I2",
            "its command without a password: ends with code 2 and the remedy",
            int(process.returncode == 2),
            1,
        )
        assert process.returncode == 2, told
        assert "set RAGQA_PASSWORD" in told

    def test_the_container_answers_on_a_read_only_root(self, container: Container, tally: Tally) -> None:
        process = container.start(password=PASSWORD)
        try:
            container.wait(process)
            checks = {
                "health": container.health() == 0,
                "stranger": container.ask(None)[0] == 401,
                "answer": ANSWER in container.ask(PASSWORD)[1],
                "no root": container.user(process) == "10001",
            }
            process.send_signal(signal.SIGTERM)
            checks["stopped"] = process.wait(timeout=15) == 0
        finally:
            process.kill()
        assert all(checks.values()), (checks, process.communicate()[1])
        what = "read-only root, /tmp, no capabilities, user 10001: health, 401 without password, an answer, SIGTERM"
        tally("I2", what, sum(checks.values()), len(checks))


class Container:
    """The image's command in its last stage, with volumes, on a port of its own."""

    def __init__(self, stage: image.Stage, folder: Path) -> None:
        self._stage, self._port = stage, free_port()
        self._data, self._secret = folder / "data", folder / "secrets"
        (self._data / "corpus").mkdir(parents=True)
        (self._data / "corpus" / "lamp.md").write_text(LAMP, "utf-8")
        self._secret.mkdir()
        for path in (self._data, *self._data.rglob("*")):
            os.chown(path, 10001, 10001)

    def start(self, *, password: str | None) -> subprocess.Popen[str]:
        """Start what CMD says."""
        if password:
            (self._secret / "ragqa_password").write_text(f"{password}\n", "utf-8")
        return subprocess.Popen(
            self._command(self._stage.command), env=self._env(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def health(self) -> int:
        """The exit code of the HEALTHCHECK."""
        done = subprocess.run(
            self._command(self._stage.health), env=self._env(), capture_output=True, check=False
        )
        return done.returncode

    def wait(self, process: subprocess.Popen[str]) -> None:
        """Wait until the server is ready, or its process has ended."""
        until = time.monotonic() + 900
        while (
            process.poll() is None
            and time.monotonic() < until
            and self._request("GET", "/readyz", {}, None)[0] != 200
        ):
            time.sleep(0.5)

    def ask(self, password: str | None) -> tuple[int, str]:
        """The status and the answer to the question."""
        headers = {"content-type": "application/json"}
        if password:
            headers["authorization"] = f"Bearer {password}"
        return self._request("POST", "/api/ask", headers, json.dumps({"question": QUESTION, "no_llm": True}))

    def user(self, process: subprocess.Popen[str]) -> str:
        """The real user of the process."""
        status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
        return re.findall(r"^Uid:\s+(\d+)", status, re.MULTILINE)[0]

    def _request(self, method: str, path: str, headers: dict[str, str], body: str | None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.read().decode("utf-8")
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def _command(self, command: list[str]) -> list[str]:
        volumes = {"/data": self._data, "/models": Settings.load().home, "/run/secrets": self._secret}
        return image.chrooted(self._stage, command, user=self._stage.user, read_only=True, volumes=volumes)

    def _env(self) -> dict[str, str]:
        return self._stage.env | {"RAGQA_PORT": str(self._port)}
