"""Feeds on loopback in a process of their own: a thousand good ones on many hosts, and a few that mean harm.

`python -m bench.feed_server --hosts 100` prints the ports it listens on as JSON and serves until its input ends.
Each address of 127.0.0.0/8 is a host of its own, so that politeness towards one host is measured as it works.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ENTRIES = 20
FIRST_HOST = 2  # 127.0.0.2
ETAG = '"as-it-was"'
HARM = ("/entities", "/gzip", "/drip", "/depth")
DRIP_S = 1.0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--hosts", type=int, default=100)
    asyncio.run(_serve(options.parse_args().hosts))


@contextmanager
def feed_server(*, hosts: int) -> Iterator[list[str]]:
    """The beginnings of the addresses of a running server, one for each host."""
    command = [sys.executable, "-m", "bench.feed_server", "--hosts", str(hosts)]
    root = Path(__file__).resolve().parent.parent
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdin is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(10)


def feed_urls(bases: list[str], count: int) -> list[str]:
    """So many feeds, spread over the hosts."""
    return [f"{bases[n % len(bases)]}/feed/{n}" for n in range(count)]


async def _serve(hosts: int) -> None:
    servers = [await asyncio.start_server(_talk, f"127.0.0.{n + FIRST_HOST}", 0) for n in range(hosts)]
    names = [server.sockets[0].getsockname() for server in servers]
    print(json.dumps([f"http://{host}:{port}" for host, port in names]), flush=True)
    await asyncio.to_thread(sys.stdin.read)


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, kept open for many requests."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            await _answer(head.decode("latin-1"), writer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _answer(head: str, writer: asyncio.StreamWriter) -> None:
    path = head.split(" ", 2)[1]
    if ETAG in head:
        writer.write(f"HTTP/1.1 304 Not Modified\r\nETag: {ETAG}\r\n\r\n".encode())
    elif path == "/drip":
        await _drip(writer)
    elif path == "/gzip":
        _send(writer, _gzip_bomb(), "Content-Encoding: gzip\r\n")
    elif path in HARM:
        _send(writer, {"/entities": _entity_bomb, "/depth": _depth_bomb}[path]())
    else:
        _send(writer, _feed(path.rsplit("/", 1)[-1]), f"ETag: {ETAG}\r\n")


def _send(writer: asyncio.StreamWriter, body: bytes, headers: str = "") -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    writer.write(head.encode() + body)


async def _drip(writer: asyncio.StreamWriter) -> None:
    """A byte a second, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(DRIP_S)


def _feed(number: str) -> bytes:
    items = "".join(_item(number, n) for n in range(ENTRIES))
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
        f"<title>Kitchen news {number}</title><link>https://news-{number}.example/</link>{items}</channel></rss>"
    ).encode()


def _item(number: str, n: int) -> str:
    text = f"<p>What is new in kitchen {number}: <b>lids</b>, pans and <a href='/more/{n}'>more</a>.</p>" * 8
    return (
        f"<item><title>Story {n} of the kitchen number {number}</title>"
        f"<link>https://news-{number}.example/{n}</link><guid isPermaLink='false'>{number}-{n}</guid>"
        f"<pubDate>Mon, 02 Nov 2026 08:{n:02}:00 GMT</pubDate><description><![CDATA[{text}]]></description></item>"
    )


def _entity_bomb() -> bytes:
    """A few hundred bytes that mean three thousand million characters."""
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'<!DOCTYPE rss [<!ENTITY e0 "lol">{levels}]><rss version="2.0"><channel><title>&e9;</title>'
        "</channel></rss>"
    ).encode()


def _gzip_bomb() -> bytes:
    """A megabyte that unpacks to a thousand."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b" " * 2**20
    return b"".join([*(packer.compress(block) for _ in range(1024)), packer.flush()])


def _depth_bomb() -> bytes:
    """Four megabytes of elements inside one another."""
    return b"<rss version='2.0'><channel><title>" + b"<a>" * 1_300_000


if __name__ == "__main__":
    main()
