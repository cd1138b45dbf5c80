"""House rules that no linter knows: who may write a state, and how long a file may be."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("app", "scheduler", "service_channel", "content_library")
LONGEST_FILE = 400
LONGEST_PAGE = 100
LONGEST_PARTIAL = 40
MACRO = re.compile(r"\{%-? *macro (\w+)(.*?)endmacro", re.DOTALL)

MODULES = {
    str(file.relative_to(ROOT)): file.read_text()
    for package in PACKAGES
    for file in sorted((ROOT / package).rglob("*.py"))
}
TEMPLATES = {
    str(file.relative_to(ROOT / "app" / "templates")): file.read_text()
    for file in sorted((ROOT / "app" / "templates").rglob("*.html"))
}


def length(text: str) -> int:
    return len(text.splitlines())


def writes_a_state(source: str) -> bool:
    return any(
        isinstance(target, ast.Attribute) and target.attr == "state"
        for target in assigned_targets(ast.parse(source))
    )


def assigned_targets(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            yield from node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            yield node.target


def test_only_the_transitions_write_a_state():
    elsewhere = {name: source for name, source in MODULES.items() if not name.endswith("/transitions.py")}
    assert [name for name, source in elsewhere.items() if writes_a_state(source)] == []


def test_a_state_written_elsewhere_would_be_noticed():
    assert writes_a_state("def publish(post):\n    post.state = 'approved'\n")
    assert not writes_a_state("state = post.state\n")


def test_every_module_says_what_it_decides():
    assert [name for name, source in MODULES.items() if not ast.get_docstring(ast.parse(source))] == []


def test_no_file_is_longer_than_one_concept():
    assert {name: length(source) for name, source in MODULES.items() if length(source) > LONGEST_FILE} == {}


def test_no_page_is_longer_than_a_hundred_lines_and_no_partial_than_forty():
    def limit(name: str) -> int:
        return LONGEST_PARTIAL if name.startswith("partials/") or "/_" in name else LONGEST_PAGE

    pages = {name: text for name, text in TEMPLATES.items() if not name.startswith("macros/")}
    assert {name: length(text) for name, text in pages.items() if length(text) > limit(name)} == {}


def test_no_macro_is_longer_than_a_partial():
    macros = {
        f"{name}:{macro}": body for name, text in TEMPLATES.items() for macro, body in MACRO.findall(text)
    }
    assert {name: length(body) for name, body in macros.items() if length(body) > LONGEST_PARTIAL} == {}


def test_every_feature_of_the_app_is_among_those_kept_apart():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    apart = next(contract["modules"] for contract in contracts if contract["type"] == "independence")
    features = {f"app.{file.parent.name}" for file in (ROOT / "app").glob("*/views.py")}
    assert features == set(apart)
