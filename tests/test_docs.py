"""The documents say what is there: states, variables, commands, addresses of files."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from app.cli import main
from content_library import settings
from content_library.models.account import NETWORK_NAMES
from content_library.posting_limits import BUDGETS, Budget
from content_library.web_addresses import FetchPolicy
from scheduler.gate import Reason
from scheduler.world import leaves_through_sender
from service_channel.networks.base import Access, Network
from service_channel.networks.every import networks
from tools import print_flows, screenshots

ROOT = Path(__file__).resolve().parent.parent
OPERATORS = ROOT / "docs" / "operators.md"
NETWORKS = ROOT / "docs" / "networks.md"
SECURITY = ROOT / "docs" / "security.md"
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGES.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
TEST_FILE = re.compile(r"\btests/[\w/]+\.py\b")
TARGET = re.compile(r"`make ([a-z][a-z-]*)[^`]*`")
VARIABLE = re.compile(r"^\| `([A-Z][A-Z_]+)` \|", re.MULTILINE)
CLASS = re.compile(r"\b[Cc]lass ([KIQB])\b")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

ACCESSES = [Access(1, "desk", secret) for secret in ({}, {"can_read": True}, {"keyed": True})]
"""Accounts as they are connected: what an adapter's promise hangs on, where it is not one for all."""

by_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


class Asked(dict[str, str]):
    """An environment that remembers which variables were looked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.names: set[str] = set()

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        self.names.add(name)
        return super().get(name, default)


def variables_read(tmp_path: Path) -> set[str]:
    environment = Asked(
        {
            "DESKCAST_DATA": str(tmp_path),
            "DESKCAST_OPENID_ISSUER": "https://id.example.org",
            "DESKCAST_OPENID_CLIENT_ID": "deskcast",
            "DESKCAST_OPENID_CLIENT_SECRET": "a secret",
        }
    )
    settings.load(environment)
    return environment.names


def links(document: Path) -> Iterator[tuple[str, str]]:
    for target in LINK.findall(document.read_text()):
        if not target.startswith(("http://", "https://", "mailto:")):
            path, _, anchor = target.partition("#")
            yield path, anchor


def anchors(document: Path) -> set[str]:
    return {
        re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in HEADING.findall(document.read_text())
    }


def rows_under(heading: str) -> list[list[str]]:
    """The cells of the table of networks whose heads begin like this."""
    table = NETWORKS.read_text().split(heading)[1].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def classes_of(network: Network) -> set[str]:
    return {network.promise(access).kind.value for access in ACCESSES}


def test_the_tables_of_states_are_those_of_the_code():
    assert (ROOT / "docs" / "states.md").read_text() == print_flows.page()


def test_every_state_has_its_meaning():
    for meanings in (
        print_flows.POSTS,
        print_flows.SUBMISSIONS,
        print_flows.REVIEWS,
        print_flows.PUBLICATIONS,
    ):
        assert set(meanings) == set(type(next(iter(meanings))))


@by_document
def test_every_link_leads_somewhere(document: Path):
    lost = []
    for path, anchor in links(document):
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(f"{path}#{anchor}")
    assert lost == []


@by_document
def test_every_test_named_is_there(document: Path):
    assert [name for name in TEST_FILE.findall(document.read_text()) if not (ROOT / name).exists()] == []


@by_document
def test_every_make_target_named_is_there(document: Path):
    known = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(TARGET.findall(document.read_text())) - known == set()


def test_every_variable_is_documented_and_no_other(tmp_path: Path):
    assert sorted(VARIABLE.findall(OPERATORS.read_text())) == sorted(variables_read(tmp_path))


def test_every_command_is_documented():
    text = OPERATORS.read_text()
    assert [name for name in main.commands if f"`deskcast {name}" not in text] == []


def section(heading: str) -> str:
    """What the operator's guide says under a heading of the third level."""
    _, _, after = OPERATORS.read_text().partition(f"### {heading}\n")
    return re.split(r"^##", after, maxsplit=1, flags=re.MULTILINE)[0]


def test_every_reason_not_to_send_is_explained_to_operators():
    table = "\n".join(
        line.split("|")[1] for line in section("The gate refuses more than usual").splitlines() if "|" in line
    )
    assert sorted(re.findall(r"`(\w+)`", table)) == sorted(Reason)


def test_the_networks_that_need_no_sender_are_those_of_the_code():
    said = section("Senders cannot start")
    for key, network in networks(FetchPolicy()).items():
        assert (NETWORK_NAMES[key] in said) is not leaves_through_sender(network), key


def test_every_defence_names_the_test_that_shows_it():
    rows = [line for line in SECURITY.read_text().splitlines() if line.startswith("| ") and "---" not in line]
    defences = [row for row in rows if not row.startswith("| defence ")]
    assert len(defences) > 30
    assert [row for row in defences if not TEST_FILE.search(row)] == []


def test_every_folder_of_the_tree_in_the_readme_is_there():
    tree = (ROOT / "README.md").read_text().split("```text\n")[1].split("```")[0]
    names = [line.split()[0] for line in tree.splitlines() if line and not line.startswith(" ")]
    assert len(names) > 10
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_every_picture_is_one_the_tool_takes_and_light_enough():
    pictures = {path.stem: path.stat().st_size for path in screenshots.SHOTS.glob("*.png")}
    assert set(pictures) == {shot.name for shot in screenshots.SHOTS_TO_TAKE}
    assert {name: size for name, size in pictures.items() if size > screenshots.LARGEST} == {}


def test_every_picture_is_shown():
    shown = {
        Path(path).name for document in DOCUMENTS for path, _ in links(document) if path.endswith(".png")
    }
    assert shown == {path.name for path in screenshots.SHOTS.glob("*.png")}


def test_the_table_of_networks_names_the_class_that_each_adapter_promises():
    said = {}
    for name, _, classes, *_ in rows_under("| Network | Connected by | Class |"):
        page = re.search(r"\(networks/(\w+)\.md\)", name)
        said[page.group(1) if page else "page"] = set(re.findall(r"\b[KIQB]\b", classes))
    assert said == {key: classes_of(network) for key, network in networks(FetchPolicy()).items()}


def test_the_page_of_each_network_names_its_class_under_the_promise():
    said = {}
    for page in sorted((ROOT / "docs" / "networks").glob("*.md")):
        promise = page.read_text().split("\n## The promise\n")[1].split("\n## ")[0]
        said[page.stem] = set(CLASS.findall(promise))
    made = networks(FetchPolicy())
    assert said == {key: classes_of(network) for key, network in made.items() if key != "page"}


def test_the_table_of_budgets_is_that_of_the_code():
    said = {}
    for names, *numbers in rows_under("| Network | an hour | a day |"):
        hour, day = (int(number.replace(",", "")) if number else None for number in numbers)
        for name in re.sub(r" \(.*\)", "", names).split(", "):
            said[name.removesuffix(" Page")] = Budget(hour, day)
    assert said == {NETWORK_NAMES[key]: budget for key, budget in BUDGETS.items()}
