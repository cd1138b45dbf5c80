"""Who works at Brindlemoor Home, an invented kitchenware shop."""

from dataclasses import dataclass

from content_library.models.user import DeskRole

PASSWORD = "brindlemoor-demo"  # noqa: S105 - printed on the demo's sign-in page, and on no other installation


@dataclass(frozen=True)
class Person:
    key: str
    name: str
    job: str
    role: DeskRole | None = None
    team: str = ""
    is_administrator: bool = False

    @property
    def email(self) -> str:
        return f"{self.key}@brindlemoor.example"


@dataclass(frozen=True)
class Outsider:
    """Somebody of another firm, who decides for a team by the links of mails."""

    key: str
    name: str
    email: str
    team: str


OUTSIDERS = (Outsider("nadia", "Nadia Fenn", "nadia@fenn-law.example", "legal"),)
PEOPLE = (
    Person("maya", "Maya Okafor", "agent", DeskRole.AGENT),
    Person("jonas", "Jonas Weil", "agent", DeskRole.AGENT),
    Person("priya", "Priya Raman", "desk lead", DeskRole.LEAD),
    Person("elena", "Elena Costa", "marketing", team="marketing"),
    Person("tom", "Tom Hargreave", "legal", team="legal"),
    Person("aisha", "Aisha Demir", "PR", team="pr"),
    Person("lukas", "Lukas Brandt", "product", team="product"),
    Person("ruth", "Ruth Adler", "auditor", DeskRole.AUDITOR),
    Person("sam", "Sam Ito", "administrator", is_administrator=True),
)
