"""Sessions with PostgreSQL, and the names of the tables there.

    current                  one row: the generation that answers
    generations              name, manifest and state: writing, then sealed
    articles_G, chunks_G, postings_G, files_G    the rows of generation G

Every value is a parameter; a statement is made of constants and of names that we made, as identifiers. Whoever has a
generation open holds a shared lock on it in each of its sessions, and a writer drops none that is locked.
"""

from __future__ import annotations

import hashlib
import weakref
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any

from ragqa.errors import IndexMismatchError, StoreError
from ragqa.index.stores.failures import not_installed, told
from ragqa.settings import StoreAddress

# Seconds to wait for a server, and for one statement.
_CONNECT, _STATEMENT = 5, 120
# What an approximate index looks at for its candidates.
_LOOKED_AT = 400


class Connections:
    """Sessions with one server, made as they are needed and used again; of a generation, each holds its lock.

    Statements are asked again once where the session is lost: only questions are asked here.
    """

    def __init__(self, address: StoreAddress, generation: str = "") -> None:
        self.address = address
        self._generation = generation
        self._idle: deque[Any] = deque()
        self._closing = weakref.finalize(self, _close, self._idle)

    def run(
        self, statement: str, parameters: Sequence[Any] = (), where: str = "true"
    ) -> list[tuple[Any, ...]]:
        """The rows of a query, as in ``composed``. Raises StoreError, IndexMismatchError."""
        import psycopg

        try:
            return self._run(statement, parameters, where)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            # A server that was started again knows none of the sessions.
            _close(self._idle)
        with refusals(self.address):
            return self._run(statement, parameters, where)

    def close(self) -> None:
        """End the sessions, without their locks: a server notices later that a session is gone."""
        for session in list(self._idle):
            with suppress(Exception):
                session.execute("SELECT pg_advisory_unlock_all()")
        self._closing()

    def _run(self, statement: str, parameters: Sequence[Any], where: str) -> list[tuple[Any, ...]]:
        import psycopg

        try:
            session = self._idle.pop()
        except IndexError:
            session = connect(self.address)
            self._pin(session)
        try:
            query = composed(statement, self.address.name, self._generation, where=where)
            rows: list[tuple[Any, ...]] = session.execute(query, parameters, binary=True).fetchall()
        except psycopg.errors.UndefinedTable as error:
            session.close()
            if not self._generation:
                raise
            raise IndexMismatchError(
                f"the generation {self._generation} is gone from {self.address}"
            ) from error
        except BaseException:
            session.close()
            raise
        self._idle.append(session)
        return rows

    def _pin(self, session: Any) -> None:
        if self._generation:
            session.execute("SELECT pg_advisory_lock_shared(%s)", [lock_of(self.address, self._generation)])


def refusals(address: StoreAddress) -> AbstractContextManager[None]:
    """Turn what PostgreSQL refuses into a StoreError that names the server and the reason, but no password."""
    return told("PostgreSQL", address, driver(address).Error)


def driver(address: StoreAddress) -> Any:
    """The package psycopg. Raises StoreError where it or pgvector is not installed."""
    try:
        import pgvector.psycopg
        import psycopg
    except ImportError as error:
        raise not_installed(error, address, "pgvector") from error
    assert pgvector.psycopg
    return psycopg


def connect(address: StoreAddress) -> Any:
    """A session with pgvector's types. Raises psycopg's errors, StoreError where a package is missing."""
    psycopg = driver(address)
    from pgvector.psycopg import register_vector

    options = f"-c statement_timeout={_STATEMENT}s -c hnsw.ef_search={_LOOKED_AT} -c hnsw.iterative_scan=strict_order"
    try:
        session = psycopg.connect(
            address.uri.get_secret_value(), autocommit=True, connect_timeout=_CONNECT, options=options
        )
    except psycopg.ProgrammingError:
        # What libpq says of an address that it cannot read may hold the password.
        raise StoreError(
            f"the address {address} cannot be read; signs like @ in a password are written as %40"
        ) from None
    # An empty database knows no vectors before the first build.
    with suppress(psycopg.ProgrammingError):
        register_vector(session)
    return session


def composed(statement: str, schema: str, generation: str = "", **parts: str) -> Any:
    """A statement with the names of tables in place of {current}, {chunks} and so on, and with other parts of ours."""
    from psycopg import sql

    suffix = f"_{generation[2:].lower().replace('-', '_')}" if generation else ""
    tables = {
        name: sql.Identifier(schema, name + suffix) for name in ("articles", "chunks", "postings", "files")
    }
    tables |= {name: sql.Identifier(schema, name) for name in ("current", "generations")}
    return sql.SQL(statement).format(
        schema=sql.Identifier(schema), **tables, **{name: sql.SQL(part) for name, part in parts.items()}
    )


def lock_of(address: StoreAddress, what: str) -> int:
    """The number of an advisory lock."""
    name = hashlib.blake2b(f"ragqa\0{address.name}\0{what}".encode(), digest_size=8)
    return int.from_bytes(name.digest(), "little", signed=True)


def _close(idle: deque[Any]) -> None:
    while idle:
        with suppress(Exception):
            idle.pop().close()
