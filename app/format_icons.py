"""The icon of each built-in format; a format somebody added has the plain one."""

FORMAT_ICONS = {
    "industry_news": "news",
    "product_news": "package",
    "how_to": "tool",
    "thought_leadership": "bulb",
    "faq_link": "help-circle",
    "webinar": "video",
    "celebrity_news": "star",
    "fun_promotion": "gift",
    "community_link": "users",
    "future_products": "rocket",
    "improve": "message-circle-question",
    "this_or_that": "arrows-exchange",
    "holiday": "calendar-event",
    "playful": "mood-smile",
    "sale": "discount",
    "customer_offer": "heart-handshake",
    "referral": "user-plus",
    "add_on": "plus",
    "service_perk": "sparkles",
    "flash_sale": "bolt",
    "outage_notice": "alert-triangle",
    "product_warning": "alert-octagon",
}
PLAIN_ICON = "file-text"


def format_icon(key: str) -> str:
    return FORMAT_ICONS.get(key, PLAIN_ICON)
