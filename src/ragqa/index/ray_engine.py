"""Encode shards on the nodes of a Ray cluster, or on one that is started for it on this machine.

Ray only hands out shards and notices which node is gone: each node has one worker that holds the encoder, and
what it had in hand when it died goes to another. Results come back to this process, which writes their files
(``checkpoint``): a node needs the package and the encoder, no common disk.
"""

from __future__ import annotations

import logging
import os
import platform
import secrets
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ragqa
from ragqa.errors import IndexMismatchError, RagqaError, SettingsError
from ragqa.index.calibration import Calibration
from ragqa.index.shards import Engine, Result, Shard, encode_shard, identity
from ragqa.models import TextEncoder
from ragqa.settings import Settings

if TYPE_CHECKING:
    from types import ModuleType

_log = logging.getLogger(__name__)
NAME, _SCHEME = "ray", "ray://"
# Shards that a worker has in hand: one that it encodes, one that waits for it.
_AHEAD = 2
# Nodes that may die over the same shard before it is held to be the reason.
_DEATHS = 5
# Seconds without any node before the build gives up, and between looks at who is there.
_PATIENCE, _LOOK = 60.0, 1.0
# Seconds without a new worker on a node whose worker died: so long a dead node may count as alive.
_REST = 30.0
# Bytes of the object store of a cluster of our own: results are a megabyte at most.
_STORE = 200 * 2**20


def address_of(engine: str) -> str | None:
    """The address in ``ray://host:port``; "" for ``ray``, a cluster of our own; None for another engine."""
    if engine == NAME:
        return ""
    return engine.removeprefix(_SCHEME) if engine.startswith(_SCHEME) else None


def on_ray(encoder: TextEncoder, settings: Settings, address: str) -> Engine:
    """The engine of a cluster: "" starts one on this machine. Raises SettingsError without Ray or cluster."""
    # A cluster of our own has the models of this process; other nodes have theirs, in their own RAGQA_HOME.
    facts = settings.encoder, None if address else settings.home, identity(encoder)

    def run(
        shards: Sequence[Shard], score_offsets: Calibration, _: Callable[[int], None]
    ) -> Iterator[Result]:
        if not shards:
            return
        # Ray prints of nodes that died to stdout, which is for data; some of it when it is shut down.
        with redirect_stdout(sys.stderr):
            ray = _connected(address)
            try:
                yield from _Dispatch(ray, facts, score_offsets).run(shards)
            finally:
                ray.shutdown()

    return run


class Worker:
    """What runs on a node: the encoder, loaded once."""

    def __init__(self) -> None:
        self._encoder: TextEncoder | None = None

    def encode(
        self, shard: Shard, score_offsets: Calibration, facts: tuple[str, Path | None, str], version: str
    ) -> Result:
        """Encode one shard. Raises RagqaError where this node has not what the others have."""
        if self._encoder is None:
            self._encoder = self._loaded(*facts, version)
        return encode_shard(shard, self._encoder, score_offsets)

    def _loaded(self, encoder: str, home: Path | None, expected: str, version: str) -> TextEncoder:
        from ragqa.models import loading

        node = platform.node()
        if ragqa.__version__ != version:
            raise SettingsError(
                f"the node {node} has ragqa {ragqa.__version__}, this machine {version}; install the same on both"
            )
        loaded = loading.load_encoder(Settings.load(encoder=encoder, home=home))
        if identity(loaded) != expected:
            raise IndexMismatchError(
                f"the node {node} has other weights under the name {encoder}; copy the models folder to it"
            )
        return loaded


class _Dispatch:
    """Gives the workers of all nodes something to do until every shard is encoded, each once."""

    def __init__(self, ray: ModuleType, facts: tuple[str, Path | None, str], offsets: Calibration) -> None:
        self._ray: Any = ray
        self._given = ray.put(offsets), facts, ragqa.__version__
        self._workers: dict[str, Any] = {}
        self._flying: dict[Any, tuple[str, Any, Shard]] = {}
        self._waiting: deque[Shard] = deque()
        self._deaths: Counter[str] = Counter()
        self._resting: dict[str, float] = {}
        self._seen = time.monotonic()

    def run(self, shards: Sequence[Shard]) -> Iterator[Result]:
        """Results in the order in which they come."""
        self._waiting.extend(shards)
        while self._waiting or self._flying:
            self._hire()
            self._hand_out()
            done, _ = self._ray.wait([*self._flying], timeout=_LOOK) if self._flying else ([], [])
            if not self._flying:
                time.sleep(_LOOK)
            for reference in done:
                if result := self._result(reference):
                    yield result

    def _hire(self) -> None:
        """A worker for each node that is there, with all its processors; none for a node that is gone."""
        affinity = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        nodes = {
            node["NodeID"]: node["Resources"].get("CPU", 0) for node in self._ray.nodes() if node["Alive"]
        }
        able = {name: cores for name, cores in nodes.items() if cores >= 1}
        now = time.monotonic()
        rested = {name for name in able if now >= self._resting.get(name, now)}
        for name in rested - self._workers.keys():
            options = {"num_cpus": able[name], "scheduling_strategy": affinity(name, soft=False)}
            self._workers[name] = self._ray.remote(Worker).options(max_restarts=0, **options).remote()
        for name in self._workers.keys() - able.keys():
            del self._workers[name]
        if able:
            self._seen = now
        elif now - self._seen > _PATIENCE:
            raise RagqaError(
                "no node of the Ray cluster is left that could encode; what was encoded is kept: "
                "start a node, then run the same command again"
            )

    def _hand_out(self) -> None:
        busy = Counter(node for node, _, _ in self._flying.values())
        for _ in range(_AHEAD):
            for node, worker in self._workers.items():
                if self._waiting and busy[node] < _AHEAD:
                    busy[node] += 1
                    shard = self._waiting.popleft()
                    self._flying[worker.encode.remote(shard, *self._given)] = node, worker, shard

    def _result(self, reference: Any) -> Result | None:
        """What came of a shard; None where its node died over it, and another one is to encode it."""
        node, worker, shard = self._flying.pop(reference)
        errors = self._ray.exceptions
        try:
            result: Result = self._ray.get(reference)
            return result
        except errors.RayTaskError as error:
            if isinstance(error.cause, RagqaError):
                raise error.cause from None
            raise
        except errors.RayError as error:
            if self._workers.get(node) is worker:
                del self._workers[node]
                self._resting[node] = time.monotonic() + _REST
            self._deaths[shard.name] += 1
            if self._deaths[shard.name] >= _DEATHS:
                reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
                raise RagqaError(
                    f"{_DEATHS} workers died over the same {len(shard.pieces)} chunks ({reason}); "
                    "look at the memory of the nodes, then run the same command again"
                ) from error
            _log.warning(
                "the worker of node %s is gone; another one encodes its shard %s", node[:8], shard.name[:8]
            )
            self._waiting.appendleft(shard)
            return None


def _connected(address: str) -> ModuleType:
    """Ray, connected. A cluster of our own listens on loopback only, and to who has its token."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns of a change to come
    if not address:
        # Read when Ray is imported; "0" makes it keep to loopback.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        # Its own 15 on top of what this process gives way by would be the end of the scale.
        os.environ.setdefault("RAY_worker_niceness", "0")
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError as error:
        raise SettingsError(
            "the engine ray needs Ray, which is missing; run: pip install 'ragqa[ray]'"
        ) from error
    start: Any = ray.init
    local = {"include_dashboard": False, "object_store_memory": _STORE, "_node_ip_address": "127.0.0.1"}
    try:
        start(address or "local", log_to_driver=False, logging_level="error", **({} if address else local))
    except Exception as error:  # its own errors, those of gRPC and of the system
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise SettingsError(
            f"there is no Ray cluster at {address or 'loopback'} ({reason}); "
            "give the address that ray start printed, on a machine that belongs to the cluster"
        ) from error
    started: ModuleType = ray
    return started
