"""What people read for the record's verbs."""

_WORDS = {
    "user.signed_in": "signed in",
    "user.signed_out": "signed out",
    "user.moved": "moved a person",
    "user.set_up": "set up Deskcast",
    "user.invited": "invited",
    "user.added_outside": "added somebody outside",
    "user.mail_decisions": "chose about deciding by mail",
    "setting.changed": "changed a setting",
    "installation.restored": "restored from a backup",
    "record.verified": "verified the record",
    "record.head_exported": "exported the head",
    "record.tidied": "deleted what was past its time",
    "record.export_changed": "changed where the head goes",
    "retention.changed": "changed how long things are kept",
    "evidence.packed": "made an evidence pack",
    "legal_hold.placed": "placed a legal hold",
    "legal_hold.lifted": "lifted a legal hold",
    "decision.approve": "approved for a team",
    "decision.request_changes": "asked for changes",
    "decision.refuse": "refused",
    "account.budget": "set how much an account sends",
    "publication.gone": "noticed that a post is gone",
    "publication.back": "noticed that a post is back",
    "ladder.asked": "asked for a stage",
    "ladder.not_yet": "not yet to a stage",
    "ladder.rose": "signed a stage",
    "ladder.fell": "stepped an account down",
    "ladder.switched_on": "switched a ladder on",
    "ladder.switched_off": "switched a ladder off",
    "ladder.criteria_changed": "changed what stages ask for",
    "approval.given": "approval given",
    "approval.withdrawn": "approval withdrawn",
}


def verb_words(verb: str) -> str:
    """`post.submit` → `post: submit`; some have better words."""
    subject, _dot, act = verb.partition(".")
    return _WORDS.get(verb) or f"{subject}: {act}".replace("_", " ")
