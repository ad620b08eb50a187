"""Access to the server: hosts, password, rate limits.

On this machine everybody; beyond it whoever knows the password (HTTP Basic with any user name, or a
bearer token), since a page without one would answer the whole network.
"""

from __future__ import annotations

import base64
import hmac
import math
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from ragqa.errors import SettingsError

SHORTEST_PASSWORD = 12
_WRONG_A_MINUTE = 10
_CLIENTS = 10_000


@dataclass(frozen=True, slots=True)
class Access:
    """The access rules of a server.

    ``beyond`` says that it listens beyond this machine, ``hosts`` are names it may then be called by;
    ``password`` "" asks for none; ``rate`` requests a second are allowed to one client over ten seconds.
    """

    beyond: bool = False
    hosts: frozenset[str] = frozenset()
    password: str = ""
    rate: int = 200

    @classmethod
    def of(cls, *, host: str, hosts: str, password: str, rate: int) -> Access:
        """From settings; ``hosts`` with commas between. Raises SettingsError when anybody could use the server."""
        named = frozenset(name.strip().lower() for name in hosts.split(",") if name.strip())
        beyond = bool(named) or not is_loopback(host)
        if beyond and not password:
            raise SettingsError(
                f"host {', '.join(sorted(named)) or host}: beyond this machine the page asks for a password;"
                f" set RAGQA_PASSWORD ({SHORTEST_PASSWORD} characters or more), or use 127.0.0.1"
            )
        if password and len(password) < SHORTEST_PASSWORD:
            raise SettingsError(
                f"the password is too short: {SHORTEST_PASSWORD} characters or more are needed"
            )
        if not is_loopback(host):
            named |= {socket.gethostname().lower(), socket.getfqdn().lower()}
        return cls(beyond, named, password, rate)

    def is_ours(self, host: str) -> bool:
        """Whether a Host header's name is one of this server's.

        An address is no name that somebody else could point here, which is what this guards against.
        """
        return is_loopback(host) or host in self.hosts or (self.beyond and _address(host) is not None)

    def knows(self, authorization: str) -> bool:
        """Whether an Authorization header has the password, compared in constant time."""
        kind, _, value = authorization.partition(" ")
        given = value.strip().encode()
        if kind.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).partition(b":")[2]
            except ValueError:
                given = b""
        elif kind.lower() != "bearer":
            given = b""
        return hmac.compare_digest(given, self.password.encode())


class Buckets:
    """A token bucket for each client: ``most`` tokens, refilled at ``a_second``; long idle clients are dropped."""

    def __init__(self, *, most: float, a_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._a_second = a_second
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> int:
        """Whole seconds until a client has a token again; 0 when it has one."""
        left = self._level(client)
        return 0 if left >= 1 else max(1, math.ceil((1 - left) / self._a_second))

    def take(self, client: str) -> None:
        """Take a token, if there is one."""
        self._left[client] = (max(0.0, self._level(client) - 1), self._clock())
        self._left.move_to_end(client)
        if len(self._left) > _CLIENTS:
            self._left.popitem(last=False)

    def _level(self, client: str) -> float:
        left, at = self._left.get(client, (self._most, self._clock()))
        return min(self._most, left + (self._clock() - at) * self._a_second)


def wrong_passwords() -> Buckets:
    """The limit on wrong passwords: ten a minute."""
    return Buckets(most=_WRONG_A_MINUTE, a_second=_WRONG_A_MINUTE / 60)


def is_loopback(host: str) -> bool:
    """Whether ``host`` names this machine and nothing else."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def client_of(host: str) -> str:
    """The key of a client: its address, or for IPv6 the network that one customer is given."""
    address = _address(host)
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else host


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
