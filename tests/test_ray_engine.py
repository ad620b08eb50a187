"""Ray as an engine: the same bytes as one process, whichever node or driver is killed.

The real encoder on a small corpus, a shard a chunk; two nodes on this machine. Each build is a process of its own.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.faults import files
from support.real import needs_models

from ragqa.errors import SettingsError
from ragqa.index.calibration import FILE
from ragqa.index.checkpoint import FOLDER
from ragqa.index.index import Index
from ragqa.index.ray_engine import _AHEAD, _connected, address_of
from ragqa.settings import Settings

has_ray = importlib.util.find_spec("ray") is not None
on_ray = [
    *needs_models,
    pytest.mark.reliability,
    pytest.mark.skipif(not has_ray, reason="the extra ray is not installed: pip install 'ragqa[ray]'"),
]
ARTICLES = 24


def with_marks(marks: list[Any]) -> Any:
    def mark(test: Any) -> Any:
        for one in marks:
            test = one(test)
        return test

    return mark


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ray") / "corpus"
    folder.mkdir()
    for n in range(ARTICLES):
        text = f"# Ferry {n} is late\n\nThe ferry {n} left the harbour {n + 3} minutes late. Captain {n} gave no reason."
        chinese = f"渡轮{n}号晚点\n\n渡轮{n}号离港晚了{n + 3}分钟。船长没有说明原因。"
        (folder / f"{n:03}.md").write_text(chinese if n % 2 else text, encoding="utf-8")
    return folder


class Nodes:
    """A cluster of nodes on this machine."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self._cluster = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
        )
        self._more: list[Any] = []
        self.engine = f"ray://{self._cluster.address}"

    def add(self) -> None:
        self._more.append(self._cluster.add_node(num_cpus=1))

    def kill(self) -> None:
        self._cluster.remove_node(self._more.pop(), allow_graceful=False)

    def close(self) -> None:
        self._cluster.shutdown()


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """What the nodes and the builds are told: loopback, no statistics, a token."""
    told = {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_worker_niceness": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": "5" * 64,
    }
    before = dict(os.environ)
    os.environ.update(told)
    yield told
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def nodes(environment: dict[str, str]) -> Iterator[Nodes]:
    nodes = Nodes()
    yield nodes
    nodes.close()


class Driver:
    """A build in a process of its own."""

    def __init__(self, corpus: Path, index: Path, engine: str) -> None:
        path = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.ray_driver", corpus, index, engine],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        self.total = self.lost = 0

    def run_until(self, chunks: float = float("inf")) -> int:
        """Read on until so many chunks are done, or to the end; how many are."""
        done = 0
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith("lost"):
                self.lost = int(line.split()[1])
                continue
            done, self.total = map(int, line.split())
            if done >= chunks:
                return done
        assert self._process.wait() == 0
        return done

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def serial(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the index that one process builds."""
    index = tmp_path_factory.mktemp("serial") / "index"
    Driver(corpus, index, "serial").run_until()
    return files(index)


def shards(index: Path) -> int:
    return sum(path.name != FILE and not path.name.startswith(".") for path in (index / FOLDER).glob("*/*"))


@with_marks(on_ray)
def test_a_cluster_of_its_own_gives_the_bytes_of_one_process(
    corpus: Path, tmp_path: Path, serial: dict[str, bytes]
) -> None:
    driver = Driver(corpus, tmp_path / "index", "ray")
    driver.run_until()
    assert files(tmp_path / "index") == serial
    assert driver.lost == 0


@with_marks(on_ray)
def test_a_node_that_is_killed_costs_what_it_had_in_hand(
    corpus: Path, tmp_path: Path, serial: dict[str, bytes], nodes: Nodes
) -> None:
    nodes.add()
    driver = Driver(corpus, tmp_path / "index", nodes.engine)
    driver.run_until(10)
    nodes.kill()
    assert driver.run_until() == driver.total
    assert files(tmp_path / "index") == serial
    assert driver.lost <= _AHEAD
    index = Index.open(tmp_path / "index")
    keys = [index.place(row).key for row in range(index.manifest.chunks)]
    assert len(keys) == len(set(keys)) == driver.total


@with_marks(on_ray)
def test_a_node_that_joins_takes_its_part_when_the_first_one_is_killed(
    corpus: Path, tmp_path: Path, serial: dict[str, bytes], nodes: Nodes
) -> None:
    nodes.add()
    driver = Driver(corpus, tmp_path / "index", nodes.engine)
    driver.run_until(5)
    nodes.add()
    driver.run_until(10)
    nodes.kill()
    nodes.kill()
    driver.run_until()
    assert files(tmp_path / "index") == serial


@with_marks(on_ray)
def test_after_a_killed_driver_no_finished_shard_is_encoded_again(
    corpus: Path, tmp_path: Path, serial: dict[str, bytes], nodes: Nodes
) -> None:
    nodes.add()
    index = tmp_path / "index"
    first = Driver(corpus, index, nodes.engine)
    first.run_until(12)
    first.kill()
    finished = shards(index)
    second = Driver(corpus, index, nodes.engine)
    second.run_until()
    assert 12 <= finished < first.total
    assert second.total == first.total - finished
    assert files(index) == serial
    assert not (index / FOLDER).exists()


@with_marks(on_ray)
def test_one_process_goes_on_where_a_cluster_was_stopped(
    corpus: Path, tmp_path: Path, serial: dict[str, bytes], nodes: Nodes
) -> None:
    index = tmp_path / "index"
    first = Driver(corpus, index, nodes.engine)
    first.run_until(8)
    first.kill()
    Driver(corpus, index, "serial").run_until()
    assert files(index) == serial


@with_marks(on_ray)
@pytest.mark.skipif(not Path("/proc/net/tcp6").exists(), reason="needs Linux's list of sockets")
def test_a_cluster_of_its_own_listens_on_loopback_only() -> None:
    path = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "support.ray_listening"], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    found = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("LISTENS")]
    assert len(found) >= 4
    # 127.0.0.1 as Linux writes it, by itself and as an IPv6 address.
    assert set(found) <= {"0100007F", "0000000000000000FFFF00000100007F"}


# --- without Ray ------------------------------------------------------------------------------


def test_an_engine_is_one_process_a_cluster_here_or_an_address() -> None:
    assert [address_of(engine) for engine in ("serial", "ray", "ray://10.0.0.2:6379")] == [
        None, "", "10.0.0.2:6379",
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ["spark", "ray:", "ray://", "ray://a b", "ray://a/b", ""])
def test_no_other_engine_is_taken(engine: str) -> None:
    with pytest.raises(SettingsError, match="engine"):
        Settings.load(engine=engine)


def test_without_the_extra_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        monkeypatch.setenv(name, "")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SettingsError, match=r"Ray, which is missing; run: pip install 'ragqa\[ray\]'$"):
        _connected("")
