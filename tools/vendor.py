"""Fetches the style, script, font and icon files that pages use, at the versions in vendor.json.

`python tools/vendor.py` writes app/static/vendor anew; `--check` says which files differ and writes
nothing. Needs `npm` and a registry that npm is set up for; the product itself needs neither.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "app" / "static" / "vendor"
LIST = Path(__file__).with_name("vendor.json")

SOURCE_MAP = re.compile(rb"\n?(?://[#@]|/\*[#@]) sourceMappingURL=[^\n]*\n?")
PLAIN_SHAPE = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>')
INNER = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)

MIT = """MIT License

{copyright}

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


def main() -> int:
    arguments = argparse.ArgumentParser(description="Fetch the vendored files of vendor.json.")
    arguments.add_argument("--check", action="store_true", help="compare only, write nothing")
    check_only = arguments.parse_args().check
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / "vendor"
        build(fresh, Path(scratch))
        if check_only:
            return report_differences(fresh)
        shutil.rmtree(TARGET, ignore_errors=True)
        shutil.copytree(fresh, TARGET)
    print(f"{sum(f.stat().st_size for f in TARGET.rglob('*') if f.is_file()) // 1024} KiB written")
    return 0


def build(fresh: Path, scratch: Path) -> None:
    wanted = json.loads(LIST.read_text())
    licences = []
    for package in [*wanted["packages"], wanted["sprite"]]:
        source = unpacked(package, scratch)
        folder = fresh / package["folder"]
        folder.mkdir(parents=True, exist_ok=True)
        written = (
            write_sprite(source, folder, package) if "icons" in package else copy(source, folder, package)
        )
        licences.append((package, written, licence_text(source, package)))
    (fresh / "LICENSES.md").write_text(licence_page(licences))


def unpacked(package: dict[str, Any], scratch: Path) -> Path:
    """npm checks the integrity of what it fetches."""
    name = f"{package['name']}@{package['version']}"
    done = subprocess.run(
        ["npm", "pack", name, "--silent"], cwd=scratch, check=True, capture_output=True, text=True
    )
    archive = scratch / done.stdout.strip().splitlines()[-1]
    folder = archive.with_suffix("")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / "package"


def copy(source: Path, folder: Path, package: dict[str, Any]) -> list[str]:
    for origin, name in package["files"].items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        content = (source / origin).read_bytes()
        place.write_bytes(SOURCE_MAP.sub(b"\n", content) if name.endswith((".js", ".css")) else content)
    return list(package["files"].values())


def write_sprite(source: Path, folder: Path, package: dict[str, Any]) -> list[str]:
    symbols = "\n".join(
        symbol(source / "icons" / "outline" / f"{name}.svg", name) for name in package["icons"]
    )
    (folder / "sprite.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n')
    return ["sprite.svg"]


def symbol(path: Path, name: str) -> str:
    inner = INNER.search(PLAIN_SHAPE.sub("", path.read_text()))
    if inner is None:
        raise SystemExit(f"{path} holds no drawing.")
    return f'<symbol id="{name}" viewBox="0 0 24 24">{" ".join(inner.group(1).split())}</symbol>'


def licence_text(source: Path, package: dict[str, Any]) -> str:
    """Some packages name their licence and leave its text out."""
    if "licence" in package:
        return (source / package["licence"]).read_text()
    return MIT.format(copyright=package["copyright"])


def licence_page(licences: list[tuple[dict[str, Any], list[str], str]]) -> str:
    rows, texts = [], []
    for package, written, text in licences:
        files = (
            ", ".join(f"`{package['folder']}/{name}`" for name in written) or f"inside `{package['inside']}`"
        )
        rows.append(f"| {package['name']} | {package['version']} | {package['licence_name']} | {files} |")
        texts.append(f"## {package['name']} {package['version']}\n\n```text\n{text.strip()}\n```\n")
    head = "# Files from others\n\nWritten by `tools/vendor.py` from `tools/vendor.json`.\n\n"
    table = "| package | version | licence | files |\n|---|---|---|---|\n" + "\n".join(rows)
    return f"{head}{table}\n\n" + "\n".join(texts)


def report_differences(fresh: Path) -> int:
    names = {f.relative_to(base) for base in (fresh, TARGET) for f in base.rglob("*") if f.is_file()}
    different = [name for name in sorted(names) if content(fresh / name) != content(TARGET / name)]
    for name in different:
        print(f"differs: {name}")
    return 1 if different else 0


def content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
