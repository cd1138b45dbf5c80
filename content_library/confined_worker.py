"""The process a confined function runs in: takes jobs from a socket, limits itself for each, answers.

It gets nothing of its parent but that socket: no environment, no open files. Both sides speak frames of a JSON
head and a blob of bytes, so that nothing a taken-over worker says is executed by its parent.
"""

import contextlib
import gc
import importlib
import json
import math
import resource
import socket
import struct
import sys
from pathlib import Path
from typing import Any

FRAME = struct.Struct(">IQ")
MAX_HEAD = 32 * 2**20
MAX_BLOB = 64 * 2**20
JOBS_UNTIL_WORN = 1000
GROWTH_UNTIL_WORN = 128 * 2**20


def serve(connection: socket.socket) -> None:
    """Do jobs until the parent hangs up."""
    _limit_for_good()
    baseline: int | None = None
    for count in range(1, JOBS_UNTIL_WORN + 1):
        request = _receive(connection)
        if request is None:
            return
        job, payload = request
        module, _, name = job["function"].partition(":")
        function = getattr(importlib.import_module(module), name)
        baseline = baseline or address_space()
        _limit_job(job["cpu_seconds"], baseline + job["memory_bytes"])
        head, blob = _answer(function, payload, job["options"])
        head["worn"] = (
            head["worn"] or count == JOBS_UNTIL_WORN or address_space() > baseline + GROWTH_UNTIL_WORN
        )
        connection.sendall(pack(head, blob))


def pack(head: dict[str, Any], blob: bytes) -> bytes:
    text = json.dumps(head, ensure_ascii=True).encode()
    return FRAME.pack(len(text), len(blob)) + text + blob


def address_space() -> int:
    """Bytes of address space in use; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def _receive(connection: socket.socket) -> tuple[dict[str, Any], bytes] | None:
    sizes = _exactly(connection, FRAME.size)
    if not sizes:
        return None
    head_size, blob_size = FRAME.unpack(sizes)
    return json.loads(_exactly(connection, head_size)), _exactly(connection, blob_size)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = connection.recv(min(size - len(data), 1 << 20))
        if not part:
            return b""
        data += part
    return bytes(data)


def _answer(function: Any, payload: bytes, options: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        result, blob = function(payload, **options)
    except MemoryError:
        gc.collect()
        return {"error": "MemoryError", "message": "", "worn": True}, b""
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)[:500], "worn": False}, b""
    return {"result": result, "worn": False}, blob


def _limit_for_good() -> None:
    """No core dumps, no files written, few open at once."""
    for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NOFILE, 64)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def _limit_job(cpu_seconds: int, address_bytes: int) -> None:
    """The soft limits count from here; where a system refuses one, the parent's clock still ends the job."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    until = math.ceil(usage.ru_utime + usage.ru_stime) + cpu_seconds
    for kind, most in ((resource.RLIMIT_CPU, until), (resource.RLIMIT_AS, address_bytes)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as parent:
        serve(parent)
