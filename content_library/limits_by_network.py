"""How much one post may hold on each network: plain data, each with its source."""

from collections.abc import Mapping
from dataclasses import dataclass

from content_library.text_weights import ADDRESS_WEIGHT, Counting


@dataclass(frozen=True)
class PollLimits:
    """What a poll may hold there: `options` of up to `option_length` UTF-16 units, open for so many minutes.

    `most_minutes` None: the network decides how long it is open. `question`: how long the words above the options may
    be, where the network wants some beside the text. `text`: how long the text may be beside a poll, None: as ever.
    """

    options: int
    option_length: int
    least_minutes: int = 1
    most_minutes: int | None = None
    question: int | None = None
    text: int | None = None
    with_pictures: bool = False


@dataclass(frozen=True)
class NetworkLimits:
    """What one post may hold. `graphemes` is of characters, as `counting` says; `None`: no such limit.

    `images` is 0 where pictures cannot be sent; `needs_image` where a post without one is refused. `mimes` are the
    kinds of pictures it takes. `comments`: a part after the first is a comment below it, where there are no threads.
    `first_comment`: how long a comment or reply of our own below a post may be, None where we cannot write one.
    `caption`: how long a text with pictures may be, where that is less. `polls` None: the network has none.
    """

    graphemes: int
    bytes: int | None
    url_length: int | None  # every URL counts as this many graphemes; None: as it is written
    images: int
    image_bytes: int
    alt_graphemes: int
    threads: bool
    comments: bool = False
    needs_image: bool = False
    mimes: tuple[str, ...] = ("image/jpeg", "image/png", "image/webp", "image/gif")
    counting: Counting = Counting.GRAPHEMES
    first_comment: int | None = None
    caption: int | None = None
    polls: PollLimits | None = None


LIMITS: Mapping[str, NetworkLimits] = {
    "page": NetworkLimits(
        graphemes=5_000,
        bytes=None,
        url_length=None,
        images=10,
        image_bytes=10_000_000,
        alt_graphemes=2_000,
        threads=False,
    ),
    # As @atproto/pds 0.5.35 checks app.bsky.feed.post and app.bsky.embed.images; alt text as its own app.
    "bluesky": NetworkLimits(
        graphemes=300,
        bytes=3_000,
        url_length=None,
        images=4,
        image_bytes=2_000_000,
        alt_graphemes=2_000,
        threads=True,
        first_comment=300,
    ),
    # The defaults of /api/v2/instance; other servers name their own.
    "mastodon": NetworkLimits(
        graphemes=500,
        bytes=None,
        url_length=23,
        images=4,
        image_bytes=16_000_000,
        alt_graphemes=1_500,
        threads=True,
        first_comment=500,
        polls=PollLimits(4, 50, 5, 43_829),
    ),
    # docs.x.com, Counting characters and Media: 280 weighted characters, four pictures of 5 MB, 1,000 of alt text.
    # Create Post: a poll has 2 to 4 options of 25 characters, for 5 to 10,080 minutes, and no pictures beside it.
    "x": NetworkLimits(
        graphemes=280,
        bytes=None,
        url_length=ADDRESS_WEIGHT,
        images=4,
        image_bytes=5_000_000,
        alt_graphemes=1_000,
        threads=True,
        mimes=("image/jpeg", "image/png", "image/webp"),
        counting=Counting.WEIGHTS,
        first_comment=280,
        polls=PollLimits(4, 25, 5, 10_080),
    ),
    # learn.microsoft.com, LinkedIn Posts, MultiImage and Images API: commentary 3,000, 20 pictures, alt text 4,086;
    # 5 MB is what LinkedIn's help says of pictures, the API names only 36,152,320 pixels. Comments API: 1,250
    # characters. Poll API: 2 to 4 options of 30 characters, a question of 140, up to fourteen days.
    "linkedin": NetworkLimits(
        graphemes=3_000,
        bytes=None,
        url_length=None,
        counting=Counting.UTF16,
        images=20,
        image_bytes=5_000_000,
        alt_graphemes=4_086,
        threads=False,
        comments=True,
        mimes=("image/jpeg", "image/png", "image/gif"),
        first_comment=1_250,
        polls=PollLimits(4, 30, 1, 20_160, question=140),
    ),
    # Graph API, reference of Photo: less than 10 MB, nothing animated. 63,206 characters and ten pictures are what a
    # Page's own composer takes, and 8,000 in a comment; the reference of Page Feed and Comments names none.
    "facebook": NetworkLimits(
        graphemes=63_206,
        bytes=None,
        url_length=None,
        counting=Counting.UTF16,
        images=10,
        image_bytes=10_000_000,
        alt_graphemes=1_000,
        threads=False,
        comments=True,
        mimes=("image/jpeg", "image/png"),
        first_comment=8_000,
    ),
    # Instagram platform, IG User Media (caption, alt_text) and Content publishing (JPEG only, ten in a carousel, 8 MB).
    # A comment holds what a caption does; the reference of Comments names no number.
    "instagram": NetworkLimits(
        graphemes=2_200,
        bytes=None,
        url_length=None,
        counting=Counting.UTF16,
        images=10,
        image_bytes=8_000_000,
        alt_graphemes=1_000,
        threads=False,
        comments=True,
        needs_image=True,
        mimes=("image/jpeg",),
        first_comment=2_200,
    ),
    # Threads API, Posts: 500 characters, carousels of 2 to 20, JPEG and PNG of at most 8 MB. An emoji counts as its
    # bytes there, which is checked before sending. Polls: 2 to 4 options of 25 characters, without pictures.
    "threads": NetworkLimits(
        graphemes=500,
        bytes=None,
        url_length=None,
        counting=Counting.EMOJI_BYTES,
        images=20,
        image_bytes=8_000_000,
        alt_graphemes=1_000,
        threads=True,
        mimes=("image/jpeg", "image/png"),
        first_comment=500,
        polls=PollLimits(4, 25),
    ),
    # core.telegram.org/bots/api: sendMessage (4,096), sendMediaGroup (10), sendPhoto (10 MB). With pictures a text may
    # have 1,024. No descriptions of pictures. A GIF sent as a photo would stand still. sendPoll: 2 to 12 options of 100
    # characters, a question of 300, a description of 1,024, open for at most 2,628,000 seconds.
    "telegram": NetworkLimits(
        graphemes=4_096,
        bytes=None,
        url_length=None,
        counting=Counting.UTF16,
        images=10,
        image_bytes=10_000_000,
        alt_graphemes=2_000,
        threads=True,
        mimes=("image/jpeg", "image/png", "image/webp"),
        first_comment=4_096,
        caption=1_024,
        polls=PollLimits(12, 100, 1, 43_800, question=300, text=1_024),
    ),
    # docs.discord.com: Create Message (2,000; 25 MiB in all), error 30015 (10 attachments), Attachment Request
    # (description 1,024), and 10 MiB for a file where the server has no boosts. Poll: 10 answers of 55 characters, a
    # question of 300, 32 days.
    "discord": NetworkLimits(
        graphemes=2_000,
        bytes=None,
        url_length=None,
        counting=Counting.MARKED,
        images=10,
        image_bytes=10_000_000,
        alt_graphemes=1_024,
        threads=True,
        first_comment=2_000,
        polls=PollLimits(10, 55, 1, 46_080, question=300),
    ),
    # The same, and Execute Webhook: it has no message_reference, so nothing can be a reply.
    "discord_webhook": NetworkLimits(
        graphemes=2_000,
        bytes=None,
        url_length=None,
        counting=Counting.MARKED,
        images=10,
        image_bytes=10_000_000,
        alt_graphemes=1_024,
        threads=False,
        polls=PollLimits(10, 55, 1, 46_080, question=300),
    ),
    # docs.slack.dev: chat.postMessage (4,000 characters recommended), Image block (alt_text 2,000; no WebP).
    "slack": NetworkLimits(
        graphemes=4_000,
        bytes=None,
        url_length=None,
        counting=Counting.CODE_POINTS,
        images=10,
        image_bytes=20_000_000,
        alt_graphemes=2_000,
        threads=True,
        mimes=("image/jpeg", "image/png", "image/gif"),
        first_comment=4_000,
    ),
    # The same; an incoming webhook gives no id back, so nothing can be attached to an earlier part.
    "slack_webhook": NetworkLimits(
        graphemes=4_000,
        bytes=None,
        url_length=None,
        counting=Counting.CODE_POINTS,
        images=10,
        image_bytes=20_000_000,
        alt_graphemes=2_000,
        threads=False,
        mimes=("image/jpeg", "image/png", "image/gif"),
    ),
    # learn.microsoft.com/connectors/teams: a message has about 28 KB, card and all; the bytes leave room for the card.
    "teams": NetworkLimits(
        graphemes=5_000,
        bytes=14_000,
        url_length=None,
        images=4,
        image_bytes=10_000_000,
        alt_graphemes=1_000,
        threads=False,
        mimes=("image/jpeg", "image/png", "image/gif"),
    ),
    # Ours. Standard Webhooks recommends bodies below 20 kB; pictures go as addresses.
    "webhook": NetworkLimits(
        graphemes=5_000,
        bytes=15_000,
        url_length=None,
        images=10,
        image_bytes=16_000_000,
        alt_graphemes=2_000,
        threads=False,
        first_comment=5_000,
        polls=PollLimits(10, 300, with_pictures=True),
    ),
}
