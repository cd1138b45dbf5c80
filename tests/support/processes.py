"""Starting another program and waiting until it answers."""

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str], *, port: int, log: Path, environment: Mapping[str, str], within: float = 30
) -> Iterator[subprocess.Popen[bytes]]:
    """The program, once it listens on `port`; ended afterwards. `within` is in seconds."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=dict(environment)
        )
    try:
        wait_until_listening(process, port=port, log=log, within=within)
        yield process
    finally:
        end(process)


def wait_until_listening(process: subprocess.Popen[bytes], *, port: int, log: Path, within: float) -> None:
    until = time.monotonic() + within
    while not _listens(port):
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{process.args!r} did not start:\n{log.read_text(errors='replace')[-4000:]}")
        time.sleep(0.05)


def end(process: subprocess.Popen[bytes], *, within: float = 10) -> None:
    """Ask politely, then insist."""
    process.terminate()
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
