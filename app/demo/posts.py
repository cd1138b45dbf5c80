"""What the demo desk has in its library: believable posts of all three kinds, in every state. Data only.

`hours` are relative to the first start, negative in the past. `steps` name what happened to the post, in order:
submit, approve:<team>, changes:<team>, refuse:<team>, comment:<person>, plan, out.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Step:
    hours: float
    act: str
    who: str = ""
    text: str = ""
    quote: str = ""
    instead: str = ""  # words proposed for those of the quote


@dataclass(frozen=True)
class DemoPost:
    key: str
    author: str
    format: str
    title: str
    text: str
    hours: float
    steps: tuple[Step, ...] = ()
    topics: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    picture: str = ""
    alt: str = ""
    content: dict[str, Any] = field(default_factory=dict)
    moments: dict[str, float] = field(default_factory=dict)  # field → hours, as wall time in the desk's zone
    accounts: tuple[str, ...] = ("page",)


FACTS = (  # name, value, what it is about, owner team
    (
        "sharpening limit",
        "up to three of our knives",
        "Per visit. The shops count them at the door.",
        "product",
    ),
    ("patience with a parcel", "two days", "After this long on one word the parcel is looked for.", ""),
)

REPLY = "We read every answer, and Priya sums them up here."

POSTS: tuple[DemoPost, ...] = (
    DemoPost(
        "tracking",
        "jonas",
        "faq_link",
        "Tracking words explained",
        "“In transit”, “at depot”, “with courier”: what do they mean for your parcel?\n\n"
        "In transit: it is on a lorry between two of our depots. Nothing to do.\n"
        "At depot: it arrived near you and goes out on the next working day.\n"
        "With courier: today. You get a text an hour before.\n\n"
        "Stuck on one word for more than {{patience with a parcel}}? Tell us, and we look for it.",
        hours=-76,
        steps=(
            Step(-75, "submit", "jonas"),
            Step(-74.2, "approve:marketing", "elena"),
            Step(-74, "plan", "jonas"),
            Step(-72, "out"),
        ),
        topics=("Delivery",),
        content={
            "evergreen": True,
            "fields": {"link": "https://www.brindlemoor.example/help/tracking"},
            "onward": {"kind": "faq", "url": "https://www.brindlemoor.example/help/tracking"},
        },
    ),
    DemoPost(
        "spare",
        "jonas",
        "faq_link",
        "Which spare part fits?",
        "The number on the underside of your pot or kettle tells. Type it in, and the page shows what fits, with a "
        "drawing.\n\nhttps://www.brindlemoor.example/help/spare-parts",
        hours=-22,
        steps=(Step(-21, "submit", "jonas"), Step(-20.5, "plan", "jonas"), Step(-19, "out")),
        topics=("Spare parts",),
        content={
            "fields": {"link": "https://www.brindlemoor.example/help/spare-parts"},
            "onward": {"kind": "faq", "url": "https://www.brindlemoor.example/help/spare-parts"},
        },
    ),
    DemoPost(
        "dial",
        "maya",
        "this_or_that",
        "Dial or buttons?",
        "Our next toaster is on the bench, and we cannot agree.\n\nA dial you turn without looking, or buttons that "
        "remember how you like it?\n\nTell us which one you would use half asleep, and why.",
        accounts=("page", "bluesky"),
        hours=-56,
        steps=(
            Step(-55, "submit", "maya"),
            Step(-53, "approve:product", "lukas"),
            Step(-52, "plan", "maya"),
            Step(-49, "out"),
        ),
        topics=("Toasters",),
        products=("Pip toaster",),
        picture="dial_and_buttons",
        alt="Two toasters side by side: a teal one with a dial, a copper one with three buttons.",
        content={
            "fields": {
                "option_a": "Dial",
                "option_b": "Buttons",
                "tally": "31 : 12",
                "interest": "People write to us about toaster controls every week.",
                "use": "Product chooses the control of the next Pip with it.",
                "host": "Maya",
            },
        },
        moments={"reply_until": 120},
    ),
    DemoPost(
        "outage_1",
        "priya",
        "outage_notice",
        "Card payments are failing",
        "Card payments on our site are failing at the moment. Your card has not been charged if you saw an error.\n\n"
        "PayPal and bank transfer work. We say more by half past.",
        hours=-27.5,
        steps=(
            Step(-27.4, "submit", "priya"),
            Step(-27.3, "approve:pr", "aisha"),
            Step(-27.3, "plan", "priya"),
            Step(-27.2, "out"),
        ),
        topics=("Payment",),
        content={"fields": {"incident": "Card payments, 21 minutes to fix"}},
        moments={"next_update": -26.7},
    ),
    DemoPost(
        "outage_2",
        "priya",
        "outage_notice",
        "Card payments: what we know",
        "Our card processor has found the fault and is working on it. Orders placed by PayPal and transfer go out as "
        "usual today.\n\nNext word in half an hour at the latest.",
        hours=-26.9,
        steps=(
            Step(-26.85, "submit", "priya"),
            Step(-26.8, "approve:pr", "aisha"),
            Step(-26.8, "plan", "priya"),
            Step(-26.7, "out"),
        ),
        topics=("Payment",),
        content={"fields": {"incident": "Card payments, 21 minutes to fix"}},
        moments={"next_update": -26.2},
    ),
    DemoPost(
        "outage_3",
        "priya",
        "outage_notice",
        "Card payments are fixed",
        "Cards work again. If an order of yours failed during that hour, it was not charged: simply place it "
        "again. If you see a charge without an order, write to us and we return it the same day.\n\nSorry for the trouble.",
        hours=-26.2,
        steps=(
            Step(-26.15, "submit", "priya"),
            Step(-26.1, "approve:pr", "aisha"),
            Step(-26.1, "plan", "priya"),
            Step(-26, "out"),
        ),
        topics=("Payment",),
        content={"fields": {"incident": "Card payments, 21 minutes to fix"}},
        moments={"next_update": -20},
    ),
    DemoPost(
        "chef",
        "jonas",
        "celebrity_news",
        "A chef uses our bowl",
        "Look who is whisking: last night’s cooking show had our copper bowl on the table, twice.",
        hours=-50,
        steps=(
            Step(-49, "submit", "jonas"),
            Step(-47, "approve:pr", "aisha"),
            Step(
                -46,
                "refuse:legal",
                "tom",
                "It reads as if she recommends us. She has not, so this implies an endorsement. Please do not rework it.",
                "Look who is whisking",
            ),
        ),
        topics=("Recipes",),
        content={"fields": {"relevance": "Customers asked us which bowl it was."}},
    ),
    DemoPost(
        "returns",
        "maya",
        "improve",
        "Easier returns?",
        "If you sent something back this year: what was the one step that annoyed you?\n\nOne sentence is enough. "
        "We change the worst one first.",
        accounts=("page", "bluesky"),
        hours=-30,
        steps=(
            Step(-29.5, "submit", "maya"),
            Step(
                -25,
                "changes:marketing",
                "elena",
                "“Annoyed” invites a pile-on. Ask what would have made it easier, and say when we change it.",
                "annoyed you",
                "could have been easier",
            ),
        ),
        topics=("Returns",),
        content={
            "fields": {
                "interest": "Returns are our third most frequent question.",
                "use": "We change the worst step in spring.",
                "host": "Priya",
            },
        },
        moments={"reply_until": 200},
    ),
    DemoPost(
        "lids",
        "maya",
        "product_news",
        "Spare lids for the Fen pots",
        "Lost a lid, kept the pot: spare lids for all four Fen pots are in the shop from today, also for the ones you "
        "bought in 2014.\n\nMeasure across the rim, not the handle.",
        accounts=("page", "bluesky"),
        hours=-6,
        steps=(
            Step(-5.5, "submit", "maya"),
            Step(-3, "approve:product", "lukas", "True for all four sizes."),
        ),
        topics=("Spare parts",),
        products=("Fen pots",),
    ),
    DemoPost(
        "labels",
        "jonas",
        "industry_news",
        "New energy labels for kettles",
        "New energy labels come for small kitchen appliances. What changes for a kettle: the letter, not the tea.\n\n"
        "https://kitchenwire.example/energy-labels",
        hours=-4,
        topics=("Energy",),
        content={
            "source": {
                "url": "https://kitchenwire.example/energy-labels",
                "title": "Energy labels reach the worktop",
                "author": "Hanne Pohl",
                "via": "Kitchen Wire",
                "licence": "Link and quote with attribution",
            },
        },
    ),
    DemoPost(
        "traybake",
        "jonas",
        "holiday",
        "Worst tray-bake?",
        "It is national tray-bake day. Show us the one that went wrong.",
        hours=-60,
        steps=(Step(-40, "submit", "jonas"),),
        topics=("Recipes",),
        content={
            "fields": {
                "interest": "Failures get more answers than triumphs.",
                "use": "The best three get a new tin.",
                "host": "Jonas",
            },
        },
        moments={"day": -26, "reply_until": -2},
    ),
    DemoPost(
        "flash",
        "maya",
        "flash_sale",
        "Guaranteed lowest: 24 hours on Pip toasters",
        "24 hours only: the Pip toaster at its guaranteed lowest price, 39 instead of 59.\n\nUntil tomorrow night, "
        "while we have them.",
        hours=-3,
        steps=(
            Step(-2.5, "submit", "maya"),
            Step(-2, "approve:marketing", "elena"),
            Step(
                -1,
                "comment:tom",
                "tom",
                "@Maya, “guaranteed lowest” is a claim we would have to prove against every shop. "
                "What is the reference price?",
                "its guaranteed lowest price",
                "a lower price",
            ),
        ),
        topics=("Offers",),
        products=("Pip toaster",),
        content={
            "fields": {
                "terms": "One per household. Not with other offers. 50 pieces.",
                "region": "Germany and Austria",
            },
            "answers": {
                "promises": {"evidence": "Nobody we know of asks less this week."},
                "superlatives": {"evidence": "Prices of three shops, looked up on Monday."},
            },
        },
        moments={"valid_from": 20, "valid_until": 68},
    ),
    DemoPost(
        "sharpening",
        "jonas",
        "service_perk",
        "Free sharpening in May and November",
        "Bring {{sharpening limit}} to any of our shops this month and we sharpen them while you wait. "
        "Free, also without a receipt.\n\nCeramic ones stay at home, please.",
        hours=-28,
        steps=(
            Step(-27.8, "submit", "jonas"),
            Step(-27.4, "approve:marketing", "elena"),
            Step(-24, "approve:legal", "nadia", "Fine with the limit of three."),
            Step(-23, "plan_monday", "priya"),
        ),
        topics=("Knives",),
        content={"fields": {"terms": "Up to three knives of ours per visit.", "region": "All shops"}},
        moments={"valid_from": -20, "valid_until": 24 * 21},
    ),
    DemoPost(
        "limescale",
        "maya",
        "add_on",
        "A limescale filter for the Tern kettle",
        "Hard water? The limescale filter fits every Tern kettle since 2019 and needs changing twice a year.\n\n"
        "https://www.brindlemoor.example/shop/tern-filter",
        hours=-22,
        steps=(
            Step(-21.5, "submit", "maya"),
            Step(-20, "approve:product", "lukas"),
            Step(-19.5, "approve:marketing", "elena"),
            Step(-19, "plan_later", "maya"),
        ),
        topics=("Kettles",),
        products=("Tern kettle",),
        content={"fields": {"problem": "White flakes in the tea, our most frequent kettle question."}},
    ),
    DemoPost(
        "descale",
        "maya",
        "how_to",
        "Descale your Tern kettle",
        "White flakes in your tea? Twenty minutes and the Tern is like new.\n\n"
        "1. Half vinegar, half water, up to the line.\n2. Boil once, wait fifteen minutes.\n"
        "3. Pour away, boil twice with clear water.\n\nNever with soda: it marks the steel. Questions? Ask here, we answer "
        "until 17:30.",
        hours=-25,
        steps=(
            Step(-24, "submit", "maya"),
            Step(-23, "approve:product", "lukas", "Half and half is right for the Tern."),
            Step(-22, "approve:marketing", "elena", "Clear and friendly."),
            Step(-0.001, "plan_now", "maya"),
        ),
        topics=("Kettles",),
        products=("Tern kettle",),
        picture="kettle",
        alt="A teal kettle with a copper lid knob on a kitchen worktop, steam rising.",
        content={
            "evergreen": True,
            "onward": {"kind": "faq", "url": "https://www.brindlemoor.example/help/tern"},
        },
    ),
    DemoPost(
        "cleaning",
        "maya",
        "how_to",
        "Three ways to clean a burnt pan",
        "Soda, salt, or patience: which one for which pan.",
        hours=-1.5,
        topics=("Pans",),
    ),
)
