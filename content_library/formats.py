"""The formats Deskcast comes with, as data: what each asks for and why, who clears it, its tone and shelf life.

The practice of social service knows these; an administrator can add others in the product.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from content_library.models.format import Kind, Tone


class FieldType(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    URL = "url"
    DATE = "date"  # a day in the desk's zone
    MOMENT = "moment"  # wall time in the desk's zone
    CHECK = "check"  # has to be ticked if required
    BUILTIN = "builtin"  # a field every post has (topics, products, source, valid_until …), asked for here


@dataclass(frozen=True)
class FieldSpec:
    """`why` is shown beside the field. `ends`: nothing goes out after this date or moment."""

    key: str
    label: str
    why: str
    type: FieldType = FieldType.TEXT
    required: bool = True
    ends: bool = False

    def as_data(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "label": self.label,
            "why": self.why,
            "type": self.type.value,
            "required": self.required,
            "ends": self.ends,
        }


@dataclass(frozen=True)
class TeamStep:
    team: str
    why: str
    quorum: int = 1

    def as_data(self) -> dict[str, Any]:
        return {"team": self.team, "why": self.why, "quorum": self.quorum}


@dataclass(frozen=True)
class BuiltinFormat:
    """`grace_s`: how late a publication may still go out, in seconds; 0 means until the offer ends."""

    key: str
    kind: Kind
    name: str
    purpose: str
    steps: tuple[tuple[TeamStep, ...], ...]
    fields: tuple[FieldSpec, ...] = ()
    tone: Tone = Tone.NEUTRAL
    ingredient: str = "expertise"
    shelf_life_days: int | None = None
    grace_s: int = 900


INGREDIENTS = {
    "human": "Human side",
    "humour": "Humour",
    "education": "Education",
    "expertise": "Expertise",
    "connecting": "Connecting people",
    "promotion": "Special promotion",
    "warning": "Warning",
}
AUDIENCES = {"public": "Everyone", "customers": "Existing customers"}
ONWARD = {
    "none": "None",
    "faq": "FAQ page",
    "community": "Community",
    "ticket": "Ticket form",
    "private": "Private message",
}
BUILTIN_FIELDS = {
    "source": "Source link",
    "topics": "Topics",
    "products": "Products",
    "valid_from": "Valid from",
    "valid_until": "Valid until",
}

T, L, U, D, M, C, B = (
    FieldType.TEXT,
    FieldType.LONG_TEXT,
    FieldType.URL,
    FieldType.DATE,
    FieldType.MOMENT,
    FieldType.CHECK,
    FieldType.BUILTIN,
)

_TOPIC = FieldSpec("topics", "Topics", "So that people who ask about it can be shown this post.", B)
_PRODUCT = FieldSpec("products", "Products", "So that Product knows which of theirs is spoken of.", B)
_SOURCE = FieldSpec("source", "Source link", "News from outside names where it comes from.", B)
_FROM = FieldSpec("valid_from", "Offer starts", "Nothing goes out before the offer can be had.", B)
_UNTIL = FieldSpec("valid_until", "Offer ends", "Nothing goes out after the offer is over.", B)
_TERMS = FieldSpec("terms", "Terms", "Legal reads these beside the text.", L)
_REGION = FieldSpec("region", "Where it holds", "Offers differ by country.", T)
_CODE = FieldSpec("code", "Code", "What a customer enters, if anything.", T, required=False)
_OFFER = (_FROM, _UNTIL, _TERMS, _REGION, _CODE)
_WHY = FieldSpec(
    "interest", "Why it interests customers", "A question nobody cares about gets no answers.", L
)
_USE = FieldSpec("use", "What is done with the answers", "People who answer deserve to see it matter.", L)
_HOST = FieldSpec("host", "Host", "One named person answers the replies.", T)
_WINDOW = FieldSpec("reply_until", "Replies until", "After this nobody promises an answer.", M)
_QUESTION = (_WHY, _USE, _HOST, _WINDOW)

_MARKETING = TeamStep("marketing", "Marketing looks after the voice and the timing.")
_OFFER_TEAMS = (
    (TeamStep("marketing", "Marketing owns offers and their timing."),),
    (TeamStep("legal", "Prices, terms and offers are promises."),),
)

BUILTIN_FORMATS: tuple[BuiltinFormat, ...] = (
    BuiltinFormat(
        "industry_news", Kind.EDU_TAINING, "Industry news", "What happens in the field, and what it means.",
        ((_MARKETING,),), (_SOURCE,), shelf_life_days=7,
    ),
    BuiltinFormat(
        "product_news", Kind.EDU_TAINING, "Product news", "What is new with something we make or sell.",
        (
            (TeamStep("product", "It speaks of a product: Product checks that it is true."),),
            (TeamStep("pr", "News of ours goes past PR."),),
        ),
        (_PRODUCT,), shelf_life_days=60,
    ),
    BuiltinFormat(
        "how_to", Kind.EDU_TAINING, "How-to", "One thing, done step by step.", ((_MARKETING,),), (_TOPIC,),
        ingredient="education",
    ),
    BuiltinFormat(
        "thought_leadership", Kind.EDU_TAINING, "Thought leadership", "An opinion with a name under it.",
        ((TeamStep("pr", "A named opinion stands for the company."),),),
        (FieldSpec("author", "Author", "The person whose opinion it is.", T),), shelf_life_days=90,
    ),
    BuiltinFormat(
        "faq_link", Kind.EDU_TAINING, "FAQ link", "An answer we already have, brought to people.",
        ((_MARKETING,),),
        (FieldSpec("link", "FAQ page", "It is checked before it goes out.", U),), ingredient="education",
    ),
    BuiltinFormat(
        "webinar", Kind.EDU_TAINING, "Webinar or video", "Something to watch, at a time or any time.",
        ((_MARKETING,),),
        (
            FieldSpec("starts_at", "Starts", "It ends by itself: nothing goes out after the start.", M, ends=True),
            FieldSpec("link", "Link", "Where people watch.", U),
        ),
        ingredient="education",
    ),
    BuiltinFormat(
        "celebrity_news", Kind.EDU_TAINING, "Celebrity news", "Somebody known, and why it matters to our customers.",
        (
            (
                TeamStep("pr", "Naming somebody known is a matter for PR."),
                TeamStep("legal", "It must not look like an endorsement."),
            ),
        ),
        (FieldSpec("relevance", "Why it is relevant", "One sentence on what it has to do with us.", L),),
        tone=Tone.LIGHT, ingredient="human", shelf_life_days=5,
    ),
    BuiltinFormat(
        "fun_promotion", Kind.EDU_TAINING, "Fun promotion", "A contest or a bit of play with something to win.",
        (
            (TeamStep("marketing", "Marketing owns offers and their timing."),),
            (
                TeamStep("legal", "Contests have rules that bind us."),
                TeamStep("pr", "Fun in public is a matter of tone."),
            ),
        ),
        (FieldSpec("rules", "Contest rules", "Legal reads these beside the text.", L), _UNTIL),
        tone=Tone.LIGHT, ingredient="humour",
    ),
    BuiltinFormat(
        "community_link", Kind.EDU_TAINING, "Community link", "Where customers help each other.", ((_MARKETING,),),
        (FieldSpec("link", "Link", "It is checked before it goes out.", U),), ingredient="connecting",
    ),
    BuiltinFormat(
        "future_products", Kind.QUESTION, "Future products", "What should we make next?",
        (
            (
                TeamStep("product", "It raises hopes about products."),
                _MARKETING,
            ),
        ),
        _QUESTION, ingredient="connecting",
    ),
    BuiltinFormat(
        "improve", Kind.QUESTION, "How can we improve", "What should work better?", ((_MARKETING,),), _QUESTION,
        ingredient="connecting",
    ),
    BuiltinFormat(
        "this_or_that", Kind.QUESTION, "This or that feature", "Two options and a tally.",
        ((TeamStep("product", "It compares features of our products."),),),
        (
            FieldSpec("option_a", "First option", "What people choose between.", T),
            FieldSpec("option_b", "Second option", "What people choose between.", T),
            *_QUESTION,
            FieldSpec("tally", "Tally", "The count when it closed, such as 31 : 12.", T, required=False),
        ),
        tone=Tone.LIGHT, ingredient="connecting",
    ),
    BuiltinFormat(
        "holiday", Kind.QUESTION, "Holiday", "A question for one day.", ((_MARKETING,),),
        (FieldSpec("day", "The day", "It cannot run after its day.", D, ends=True), *_QUESTION),
        tone=Tone.LIGHT, ingredient="human",
    ),
    BuiltinFormat(
        "playful", Kind.QUESTION, "Playful", "Just for the fun of it.",
        ((TeamStep("pr", "Play can go wrong in public."),),),
        (
            *_QUESTION,
            FieldSpec("appropriate", "I have checked that it fits the news of the day", "Timing is all.", C),
        ),
        tone=Tone.LIGHT, ingredient="humour",
    ),
    BuiltinFormat(
        "sale", Kind.PROMOTION, "Sale", "Less money for a while.", _OFFER_TEAMS, _OFFER,
        tone=Tone.PROMOTIONAL, ingredient="promotion",
    ),
    BuiltinFormat(
        "customer_offer", Kind.PROMOTION, "Offer for existing customers", "Something for people who are already here.",
        _OFFER_TEAMS, _OFFER, tone=Tone.PROMOTIONAL, ingredient="promotion",
    ),
    BuiltinFormat(
        "referral", Kind.PROMOTION, "Referral", "Bring a friend.", _OFFER_TEAMS,
        (*_OFFER, FieldSpec("disclosure", "Disclosure", "Who gets what for recommending us must be said.", L)),
        tone=Tone.PROMOTIONAL, ingredient="promotion",
    ),
    BuiltinFormat(
        "add_on", Kind.PROMOTION, "Add-on", "Something that solves a problem customers told us of.",
        (
            (
                TeamStep("product", "It speaks of a product: Product checks that it is true."),
                TeamStep("marketing", "Marketing owns offers and their timing."),
            ),
        ),
        (_PRODUCT, FieldSpec("problem", "The problem it solves", "An add-on without a problem is an advert.", L)),
        tone=Tone.PROMOTIONAL, ingredient="promotion",
    ),
    BuiltinFormat(
        "service_perk", Kind.PROMOTION, "Service perk", "A small good turn.", _OFFER_TEAMS, _OFFER,
        tone=Tone.PROMOTIONAL, ingredient="promotion",
    ),
    BuiltinFormat(
        "flash_sale", Kind.PROMOTION, "Flash sale", "Very short, with a hard end.",
        (
            (
                TeamStep("marketing", "Marketing owns offers and their timing."),
                TeamStep("legal", "Prices, terms and offers are promises."),
            ),
        ),
        _OFFER, tone=Tone.PROMOTIONAL, ingredient="promotion", grace_s=0,
    ),
    BuiltinFormat(
        "outage_notice", Kind.PROMOTION, "Outage notice", "What is broken, what to do, when we say more.",
        ((TeamStep("pr", "What we say in trouble is remembered."),),),
        (
            FieldSpec("incident", "Incident", "Which trouble it belongs to.", T),
            FieldSpec("next_update", "Next update", "People are promised when they hear more.", M),
        ),
        tone=Tone.SERVICE, ingredient="warning", shelf_life_days=2, grace_s=3600,
    ),
    BuiltinFormat(
        "product_warning", Kind.PROMOTION, "Product warning", "Stop using it, and what to do now.",
        (
            (
                TeamStep("legal", "A warning has legal effect."),
                TeamStep("product", "It must name exactly what is affected."),
            ),
        ),
        (_PRODUCT, FieldSpec("action", "What customers should do", "A warning without a way out frightens.", L)),
        tone=Tone.SERVICE, ingredient="warning", grace_s=86400,
    ),
)  # fmt: skip
