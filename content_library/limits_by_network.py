"""How much one post may hold on each network: plain data, each with its source."""

from collections.abc import Mapping
from dataclasses import dataclass

from content_library import text_weights


@dataclass(frozen=True)
class NetworkLimits:
    """What one post may hold. Graphemes are what a reader calls characters; `None`: no such limit.

    `images` is 0 where pictures cannot be sent; `needs_image` where a post without one is refused. `mimes` are the
    kinds of pictures it takes. `comments`: a part after the first is a comment below it, where there are no threads.
    `weighted`: characters weigh one or two, as X counts them.
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
    weighted: bool = False


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
    ),
    # docs.x.com, Counting characters and Media: 280 weighted characters, four pictures of 5 MB, 1,000 of alt text.
    "x": NetworkLimits(
        graphemes=280,
        bytes=None,
        url_length=text_weights.ADDRESS_WEIGHT,
        images=4,
        image_bytes=5_000_000,
        alt_graphemes=1_000,
        threads=True,
        mimes=("image/jpeg", "image/png", "image/webp"),
        weighted=True,
    ),
    # learn.microsoft.com, LinkedIn Posts, MultiImage and Images API: commentary 3,000, 20 pictures, alt text 4,086;
    # 5 MB is what LinkedIn's help says of pictures, the API names only 36,152,320 pixels.
    "linkedin": NetworkLimits(
        graphemes=3_000,
        bytes=None,
        url_length=None,
        images=20,
        image_bytes=5_000_000,
        alt_graphemes=4_086,
        threads=False,
        comments=True,
        mimes=("image/jpeg", "image/png", "image/gif"),
    ),
    # Graph API, reference of Photo: less than 10 MB, nothing animated. 63,206 characters and ten pictures are what a
    # Page's own composer takes; the reference of Page Feed names neither.
    "facebook": NetworkLimits(
        graphemes=63_206,
        bytes=None,
        url_length=None,
        images=10,
        image_bytes=10_000_000,
        alt_graphemes=1_000,
        threads=False,
        comments=True,
        mimes=("image/jpeg", "image/png"),
    ),
    # Instagram platform, IG User Media (caption, alt_text) and Content publishing (JPEG only, ten in a carousel, 8 MB).
    "instagram": NetworkLimits(
        graphemes=2_200,
        bytes=None,
        url_length=None,
        images=10,
        image_bytes=8_000_000,
        alt_graphemes=1_000,
        threads=False,
        comments=True,
        needs_image=True,
        mimes=("image/jpeg",),
    ),
    # Threads API, Posts: 500 characters, carousels of 2 to 20, JPEG and PNG of at most 8 MB. An emoji counts as its
    # bytes there, which is checked before sending.
    "threads": NetworkLimits(
        graphemes=500,
        bytes=None,
        url_length=None,
        images=20,
        image_bytes=8_000_000,
        alt_graphemes=1_000,
        threads=True,
        mimes=("image/jpeg", "image/png"),
    ),
    # core.telegram.org/bots/api: sendMessage (4,096), sendMediaGroup (10), sendPhoto (10 MB). With pictures a text may
    # have 1,024. No descriptions of pictures. A GIF sent as a photo would stand still.
    "telegram": NetworkLimits(
        graphemes=4_096,
        bytes=None,
        url_length=None,
        images=10,
        image_bytes=10_000_000,
        alt_graphemes=2_000,
        threads=True,
        mimes=("image/jpeg", "image/png", "image/webp"),
    ),
    # docs.discord.com: Create Message (2,000; 25 MiB in all), error 30015 (10 attachments), Attachment Request
    # (description 1,024), and 10 MiB for a file where the server has no boosts.
    "discord": NetworkLimits(
        graphemes=2_000,
        bytes=None,
        url_length=None,
        images=10,
        image_bytes=10_000_000,
        alt_graphemes=1_024,
        threads=True,
    ),
    # The same, and Execute Webhook: it has no message_reference, so nothing can be a reply.
    "discord_webhook": NetworkLimits(
        graphemes=2_000,
        bytes=None,
        url_length=None,
        images=10,
        image_bytes=10_000_000,
        alt_graphemes=1_024,
        threads=False,
    ),
    # docs.slack.dev: chat.postMessage (4,000 characters recommended), Image block (alt_text 2,000; no WebP).
    "slack": NetworkLimits(
        graphemes=4_000,
        bytes=None,
        url_length=None,
        images=10,
        image_bytes=20_000_000,
        alt_graphemes=2_000,
        threads=True,
        mimes=("image/jpeg", "image/png", "image/gif"),
    ),
    # The same; an incoming webhook gives no id back, so nothing can be attached to an earlier part.
    "slack_webhook": NetworkLimits(
        graphemes=4_000,
        bytes=None,
        url_length=None,
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
    ),
}
