"""Threads share the C library's heaps. In a process of its own: what it sets holds until the process ends."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
THREADS = """
import ctypes, sys, threading
from scheduler import heaps

if sys.argv[1] == "shared":
    heaps.share()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fdopen.restype = ctypes.c_void_p
together = threading.Barrier(12)

def take():
    together.wait()
    libc.malloc(1000)
    together.wait()

threads = [threading.Thread(target=take) for _ in range(12)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
said = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, said)
libc.fflush(said)
"""


def heaps_of(how: str) -> int:
    command = [sys.executable, "-c", THREADS, how]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return said.count("<heap nr=")


def test_twelve_threads_share_two_heaps() -> None:
    assert heaps_of("its own") > 2
    assert heaps_of("shared") <= 2
