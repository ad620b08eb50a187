"""An index in PostgreSQL: what is published, and how a generation is written beside it.

A writer holds an advisory lock as long as its session lives, so none is left behind by one that was killed. It commits
batch by batch into tables of a generation that nobody reads; what a killed one left is dropped by the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ragqa.errors import IndexBusyError, IndexMismatchError, IndexMissingError, RagqaError, StoreError
from ragqa.index.prepared import Prepared
from ragqa.index.store import Manifest
from ragqa.index.stores.generation import (
    batches,
    damage,
    manifest_read,
    manifest_written,
    require_whole,
)
from ragqa.index.stores.postgres import (
    Connections,
    composed,
    connect,
    lock_of,
    refusals,
)
from ragqa.index.stores.postgres_generation import PostgresGeneration
from ragqa.index.stores.postgres_tables import COLUMNS, GENERATION, TABLES, TYPES, rows_of
from ragqa.index.stores.stored import StoredIndex
from ragqa.index.vectors import exact
from ragqa.settings import StoreAddress

# Rows that are committed together.
_BATCH = 1000
# Dimensions of a vector that fits into the page of its row.
_IN_ROW = 1800
_MEMORY = "1GB"


class PostgresStore:
    """The generations of one schema."""

    def __init__(self, address: StoreAddress) -> None:
        self.address = address
        self._connections = Connections(address)

    def current(self) -> str | None:
        """The generation that answers. Raises StoreError."""
        with refusals(self.address), suppress(_absent()):
            found = self._connections.run("SELECT name FROM {current}")
            return str(found[0][0]) if found else None
        return None

    def manifest(self, name: str | None = None) -> Manifest:
        """The manifest of a generation, by default the current one. Raises IndexMissingError."""
        with refusals(self.address), suppress(_absent()):
            wanted = name or self.current()
            found = self._connections.run("SELECT manifest FROM {generations} WHERE name = %s", [wanted])
            if found:
                return manifest_read(found[0][0])
        raise IndexMissingError(f"there is no index at {self.address}; run: ragqa index")

    def open(self, name: str) -> StoredIndex:
        """A sealed generation. Raises IndexMismatchError."""
        with refusals(self.address):
            return StoredIndex(PostgresGeneration(self.address, name))

    def generations(self) -> dict[str, str]:
        """The state of each generation by its name: writing or sealed."""
        with refusals(self.address), suppress(_absent()):
            return dict(self._connections.run("SELECT name, state FROM {generations} ORDER BY name"))  # type: ignore[arg-type]
        return {}

    def damage(self) -> list[str]:
        """What is wrong with the current generation, in words."""
        with refusals(self.address):
            return damage(PostgresGeneration(self.address, self.manifest().version))

    @contextmanager
    def writing(self) -> Iterator[PostgresWriter]:
        """Hold the writer's lock. Raises IndexBusyError when another process has it."""
        with refusals(self.address):
            session = connect(self.address)
        try:
            with refusals(self.address):
                session.execute("SET statement_timeout = 0")
                if not session.execute(
                    "SELECT pg_try_advisory_lock(%s)", [lock_of(self.address, "")]
                ).fetchone()[0]:
                    raise IndexBusyError(
                        f"another process is writing {self.address}; wait for it, then run again"
                    )
                yield PostgresWriter(self, session)
        finally:
            session.close()


class PostgresWriter:
    """Writes generations; nobody else does meanwhile."""

    def __init__(self, store: PostgresStore, session: Any) -> None:
        self._store = store
        self._session = session

    def begin(self, manifest: Manifest) -> None:
        """Make the tables of a generation."""
        self._prepare()
        with self._session.transaction():
            self._run(
                "INSERT INTO {generations} VALUES (%s, 'writing', %s)",
                [manifest.version, manifest_written(manifest)],
            )
            for statement in GENERATION:
                self._run(statement, name=manifest.version)
            self._run(
                f"ALTER TABLE {{chunks}} ALTER vector TYPE vector({manifest.dimension:d})",
                name=manifest.version,
            )
            if manifest.dimension <= _IN_ROW:
                # A vector beside its row would be fetched one by one by a search that compares all.
                self._run("ALTER TABLE {chunks} ALTER vector SET STORAGE PLAIN", name=manifest.version)

    def write(self, name: str, prepared: Prepared) -> None:
        """Write the rows of all tables of a generation."""
        for table, rows in rows_of(prepared):
            for batch in batches(rows, _BATCH):
                self.upsert(name, table, batch)

    def upsert(self, name: str, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows of a table of a generation; the same rows again change nothing."""
        columns = COLUMNS[table].split()
        parts = {
            "columns": ", ".join(columns),
            "key": columns[0],
            "news": ", ".join(f"{column} = excluded.{column}" for column in columns[1:]),
        }
        with self._session.transaction(), self._session.cursor() as cursor:
            self._run(f"CREATE TEMP TABLE batch (LIKE {{{table}}}) ON COMMIT DROP", name=name)
            copying = composed(
                "COPY batch ({columns}) FROM STDIN WITH (FORMAT BINARY)", self._store.address.name, **parts
            )
            with cursor.copy(copying) as copy:
                copy.set_types([TYPES.get(column, "text") for column in columns])
                for row in rows:
                    copy.write_row(row)
            statement = """INSERT INTO {TABLE} ({columns}) SELECT {columns} FROM batch
                           ON CONFLICT ({key}) DO UPDATE SET {news}"""
            self._run(statement.replace("TABLE", table), name=name, **parts)

    def seal(self, manifest: Manifest, prepared: Prepared) -> None:
        """Index a generation and compare it with what was to be written. Raises IndexMismatchError."""
        name = manifest.version
        self._run("CREATE INDEX ON {chunks} (article)", name=name)
        self._run("CREATE INDEX ON {chunks} (key)", name=name)
        if not exact(manifest.chunks):
            # With less memory than the graph takes it is built many times slower.
            self._session.execute(f"SET maintenance_work_mem = '{_MEMORY}'")
            self._run("CREATE INDEX ON {chunks} USING hnsw (vector vector_ip_ops)", name=name)
        for table in COLUMNS:
            self._run(f"ANALYZE {{{table}}}", name=name)
        self._run(
            "UPDATE {generations} SET state = 'sealed', manifest = %s WHERE name = %s",
            [manifest_written(manifest), name],
        )
        generation = PostgresGeneration(self._store.address, name)
        try:
            require_whole(generation, prepared)
        except IndexMismatchError:
            self._run("UPDATE {generations} SET state = 'writing' WHERE name = %s", [name])
            raise
        finally:
            generation.close()

    def publish(self, name: str) -> None:
        """Let a sealed generation answer from the next question on. Raises RagqaError for any other."""
        if self._store.generations().get(name) != "sealed":
            raise RagqaError(f"the generation {name} is not sealed; the current one stays")
        self._run(
            "INSERT INTO {current} (name) VALUES (%s) ON CONFLICT (one) DO UPDATE SET name = excluded.name",
            [name],
        )

    def drop(self, name: str) -> None:
        """Drop a generation that does not answer, unless it is open somewhere."""
        lock = lock_of(self._store.address, name)
        if not self._session.execute("SELECT pg_try_advisory_lock(%s)", [lock]).fetchone()[0]:
            return
        try:
            with self._session.transaction():
                # Refused by the foreign key where it is the current one.
                self._run("DELETE FROM {generations} WHERE name = %s", [name])
                self._run("DROP TABLE IF EXISTS {articles}, {chunks}, {postings}, {files}", name=name)
        finally:
            self._session.execute("SELECT pg_advisory_unlock(%s)", [lock])

    def _prepare(self) -> None:
        from pgvector.psycopg import register_vector
        from psycopg import Error

        try:
            self._session.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except Error as error:
            raise StoreError(
                f"PostgreSQL at {self._store.address} has no pgvector ({str(error).splitlines()[0]});"
                " install it, and let its owner run: CREATE EXTENSION vector"
            ) from error
        register_vector(self._session)
        with self._session.transaction():
            for statement in TABLES:
                self._run(statement)

    def _run(self, statement: str, parameters: Sequence[Any] = (), *, name: str = "", **parts: str) -> Any:
        return self._session.execute(composed(statement, self._store.address.name, name, **parts), parameters)


def _absent() -> Any:
    """What is raised where there is no index yet."""
    import psycopg

    return psycopg.errors.UndefinedTable
