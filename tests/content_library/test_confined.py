"""A function in a process that can be killed."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from content_library.confined import ConfinedPool, Killed, WorkFailed

HERE = "tests.content_library.test_confined"


def turn_around(payload: bytes, *, times: int = 1) -> tuple[Any, bytes]:
    return {"pid": os.getpid(), "words": ["ä", times]}, payload[::-1] * times


def spin(payload: bytes) -> tuple[Any, bytes]:
    while True:
        pass


def sleep(payload: bytes) -> tuple[Any, bytes]:
    time.sleep(60)
    return None, b""


def hoard(payload: bytes, *, size: int) -> tuple[Any, bytes]:
    return len(bytearray(size)), b""


def die(payload: bytes) -> tuple[Any, bytes]:
    os._exit(3)


def fail(payload: bytes) -> tuple[Any, bytes]:
    raise ValueError("no such thing")


def look_around(payload: bytes) -> tuple[Any, bytes]:
    try:
        with open(os.path.join(payload.decode(), "left-behind"), "w") as file:
            file.write("words")
            wrote = True
    except OSError:
        wrote = False
    return {"environment": sorted(os.environ), "open": len(os.listdir("/proc/self/fd")), "wrote": wrote}, b""


@pytest.fixture
def pool() -> Iterator[ConfinedPool]:
    pool = ConfinedPool(size=2, cpu_seconds=1, wall_seconds=2.5, memory_bytes=128 * 2**20)
    yield pool
    pool.close()


def test_a_result_and_bytes_come_back_and_the_worker_is_used_again(pool: ConfinedPool) -> None:
    first, blob = pool.run(f"{HERE}:turn_around", b"abc", times=2)
    again, _ = pool.run(f"{HERE}:turn_around", b"")
    assert blob == b"cbacba"
    assert first["words"] == ["ä", 2]
    assert first["pid"] == again["pid"] != os.getpid()


def test_large_bytes_pass_both_ways(pool: ConfinedPool) -> None:
    payload = os.urandom(5_000_000)
    assert pool.run(f"{HERE}:turn_around", payload)[1] == payload[::-1]


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("spin", {}, "time"),
        ("sleep", {}, "time"),
        ("hoard", {"size": 400 * 2**20}, "memory"),
        ("die", {}, "crash"),
    ],
)
def test_a_job_beyond_its_limits_is_ended_and_the_next_one_runs(
    pool: ConfinedPool, name: str, options: dict[str, int], reason: str
) -> None:
    pool.run(f"{HERE}:turn_around", b"")
    with pytest.raises(Killed) as killed:
        pool.run(f"{HERE}:{name}", b"", **options)
    assert killed.value.reason == reason
    assert pool.run(f"{HERE}:turn_around", b"ab")[1] == b"ba"


def test_memory_within_the_limit_is_given(pool: ConfinedPool) -> None:
    assert pool.run(f"{HERE}:hoard", b"", size=90 * 2**20)[0] == 90 * 2**20


def test_an_exception_is_told_and_the_worker_lives_on(pool: ConfinedPool) -> None:
    before, _ = pool.run(f"{HERE}:turn_around", b"")
    with pytest.raises(WorkFailed, match="ValueError: no such thing"):
        pool.run(f"{HERE}:fail", b"")
    assert pool.run(f"{HERE}:turn_around", b"")[0]["pid"] == before["pid"]


def test_one_stuck_job_does_not_hold_up_the_others(pool: ConfinedPool) -> None:
    with ThreadPoolExecutor(6) as threads:
        stuck = threads.submit(pool.run, f"{HERE}:sleep", b"")
        time.sleep(0.3)
        started = time.monotonic()
        for _ in range(5):
            pool.run(f"{HERE}:turn_around", b"")
        assert time.monotonic() - started < 2
        assert not stuck.done()
        assert isinstance(stuck.exception(), Killed)


def test_a_worker_that_died_between_jobs_is_replaced(pool: ConfinedPool) -> None:
    pid = pool.run(f"{HERE}:turn_around", b"")[0]["pid"]
    os.kill(pid, 9)
    time.sleep(0.2)
    assert pool.run(f"{HERE}:turn_around", b"")[0]["pid"] != pid


def test_a_worker_sees_no_secrets_and_writes_no_files(
    pool: ConfinedPool, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("SECRET_KEY", "hidden")
    seen, _ = pool.run(f"{HERE}:look_around", str(tmp_path).encode())
    assert "SECRET_KEY" not in seen["environment"]
    assert seen["open"] <= 6
    assert not seen["wrote"]


def test_workers_end_with_their_parent() -> None:
    script = (
        "from content_library.confined import shared_pool\n"
        f"print(shared_pool().run('{HERE}:turn_around', b'')[0]['pid'], flush=True)\n"
        "import os; os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    pid = int(ended.stdout)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and _runs(pid):
        time.sleep(0.05)
    assert not _runs(pid)


def test_a_forked_child_gets_workers_of_its_own(pool: ConfinedPool) -> None:
    pid = pool.run(f"{HERE}:turn_around", b"")[0]["pid"]
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(pool.run(f"{HERE}:turn_around", b"")[0]["pid"]).encode())
        pool.close()
        os._exit(0)
    os.waitpid(child, 0)
    theirs = int(os.read(reading, 20))
    os.close(reading)
    os.close(writing)
    assert theirs != pid
    assert pool.run(f"{HERE}:turn_around", b"")[0]["pid"] == pid


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
