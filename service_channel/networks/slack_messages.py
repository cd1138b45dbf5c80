"""What a message on Slack looks like, whether a bot or a webhook posts it, and what Slack's error words prove.

Sources: docs.slack.dev, chat.postMessage, Block Kit (rich text, image), Formatting message text ("Escaping text"),
Incoming webhooks, the errors of 2016-05-17.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from content_library.network_limits import find_links, limits_of
from service_channel.networks.base import Outcome, OutgoingMedia, OutgoingPart

SIGNED_OUT = {
    "invalid_auth": "Slack does not accept the token any more, or not from this network address.",
    "not_authed": "Slack does not accept the token any more.",
    "account_inactive": "Slack says that the app's user or the workspace is gone.",
    "token_revoked": "Slack says that the app has been removed from the workspace.",
    "token_expired": "Slack says that the token has run out. Connect the account again.",
    "missing_scope": "The app lacks a permission (scope). Add it at api.slack.com/apps and install the app again.",
    "no_permission": "The app may not post in the channel. Invite it there.",
    "not_in_channel": "The app is not in the channel. Invite it there with /invite.",
    "channel_not_found": "The channel is gone, or the app is not in it. Invite it there, or connect another channel.",
    "is_archived": "The channel is archived.",
    "channel_is_archived": "The channel is archived.",
    "restricted_action": "The workspace does not let the app post in this channel.",
    "restricted_action_read_only_channel": "The channel is read-only for the app.",
    "restricted_action_thread_only_channel": "The channel takes replies only.",
    "access_denied": "The workspace does not let the app in.",
    "ekm_access_denied": "Administrators have suspended posting in the workspace.",
    "action_prohibited": "The workspace does not let the webhook post here.",
    "posting_to_general_channel_denied": "The webhook may not post in the general channel.",
    "no_service": "The webhook is gone or switched off. Make a new one and connect the account again.",
    "no_service_id": "The webhook's address is not whole.",
    "no_team": "The webhook's workspace is gone, or its address is not whole.",
    "no_active_hooks": "The webhook is switched off.",
    "invalid_token": "The webhook's address is not accepted.",
    "team_disabled": "The workspace is switched off.",
    "user_not_found": "Who made the webhook is gone from the workspace. Make a new one.",
}  # fmt: skip
"""Not the content is at fault but the connection, and a person has to mend it."""

LATER = {
    "ratelimited", "rate_limited", "message_limit_exceeded", "accesslimited", "org_login_required",
    "team_added_to_org",
}  # fmt: skip
"""Nothing was sent, and later it may work."""

REFUSED = {
    "msg_too_long", "msg_blocks_too_long", "no_text", "invalid_blocks", "invalid_blocks_format", "invalid_payload",
    "invalid_arguments", "invalid_arg_name", "invalid_array_arg", "invalid_charset", "invalid_form_data",
    "invalid_post_type", "missing_post_type", "invalid_metadata_format", "metadata_too_large", "too_many_attachments",
    "thread_not_found", "cannot_reply_to_message", "restricted_action_non_threadable_channel", "cant_delete_message",
    "markdown_text_conflict", "slack_connect_file_link_sharing_blocked", "messages_tab_disabled",
}  # fmt: skip
"""The content or the call is refused: trying again is useless. Whatever is in no list here proves nothing."""

LONGEST_BLOCKS = 12_000
"""Characters of all blocks; Slack answers msg_blocks_too_long from about 13,200 on (slackapi/bolt-js#2509)."""


def judged(error: str) -> Outcome:
    if error in SIGNED_OUT:
        return Outcome.SIGNED_OUT
    if error in LATER:
        return Outcome.NOT_SENT
    return Outcome.REFUSED if error in REFUSED else Outcome.UNKNOWN


def words_of(error: str, details: str = "") -> str:
    """A sentence for an error's name; Slack's own name goes with it."""
    said = f"Slack says: {error}{f' ({details})' if details else ''}."
    return f"{SIGNED_OUT[error]} {said}" if error in SIGNED_OUT else said


def text_problem(network: str, part: OutgoingPart) -> str:
    limit = limits_of(network).graphemes
    if (
        len(part.text) > limit
        or len(part.text) + sum(len(media.alt) for media in part.media) > LONGEST_BLOCKS
    ):
        return f"Slack takes {limit:,} characters in a message; this one is longer with all it holds."
    return ""


def escaped(text: str) -> str:
    """The three characters that control Slack's text ("Escaping text")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def message(part: OutgoingPart, pictures: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """`text` is for notifications; readers see the blocks, in which no character is a mark of formatting.

    `pictures` says where each one is, by its sha256: `slack_file` or `image_url`.
    """
    blocks: list[dict[str, Any]] = [
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(_runs(part.text))}]}
    ]
    blocks += [_picture(media, pictures[media.sha256]) for media in part.media if media.sha256 in pictures]
    return {"text": escaped(part.text), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _runs(text: str) -> Iterator[dict[str, str]]:
    position = 0
    for link in find_links(text):
        if text[position : link.start]:
            yield {"type": "text", "text": text[position : link.start]}
        yield {"type": "link", "url": link.url}
        position = link.end
    if text[position:]:
        yield {"type": "text", "text": text[position:]}


def _picture(media: OutgoingMedia, where: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "image", **where, "alt_text": media.alt or "Picture"}
