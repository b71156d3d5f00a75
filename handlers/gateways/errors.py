"""What a call to WeChat can end in when it doesn't end well, and which error code means which.

WeChatError
├── Ambiguous            nobody knows whether WeChat did it; never repeat it blindly
└── NotDone              WeChat certainly didn't do it
    ├── Unreachable      no connection came about; try again later
    ├── Busy             try again, not before `retry_after` seconds
    ├── QuotaSpent       this API is closed until the next midnight in Beijing
    ├── TokenRejected    the access token is not (or no longer) good
    ├── RecipientGone    this person can't be reached this way; drop them here
    │   ├── WindowClosed     only until they next write to the account or tap its menu
    │   └── ConsentSpent     only for this template, until they consent again
    ├── UserMustRedo     the person has to repeat a step: log in again, show a fresh code
    ├── BadCall          our own fault: what was sent is wrong, and will be wrong again
    └── Stopped          configuration or permission: a person must act, an alert is raised
        └── UnknownCode      a code that is in no table
"""

from dataclasses import dataclass


class WeChatError(Exception):
    """Base of every failed call. `code` is WeChat's own, 0 when there was none.

    `hint` is WeChat's sentence with its request id, cut down to what a log may hold.
    """

    def __init__(self, code: int = 0, hint: str = "", *, retry_after: float = 0.0) -> None:
        super().__init__(f"{code} {hint}".strip())
        self.code = code
        self.hint = hint
        self.retry_after = retry_after


class Ambiguous(WeChatError):
    """Sent, but without a readable answer: it may or may not have been done."""


class NotDone(WeChatError):
    """Base of the failures after which nothing has happened at WeChat's."""


class Unreachable(NotDone):
    """No connection came about, so nothing was sent."""


class Busy(NotDone):
    """WeChat asks for patience: `retry_after` is the least number of seconds."""


class QuotaSpent(NotDone):
    """The day's calls of this API are used up."""


class TokenRejected(NotDone):
    """The access token is wrong or no longer valid."""


class RecipientGone(NotDone):
    """This recipient can't be reached by this call."""


class WindowClosed(RecipientGone):
    """The customer-service window is closed, or its messages are used up."""


class ConsentSpent(RecipientGone):
    """No consent is left for this template."""


class UserMustRedo(NotDone):
    """A code is used, expired or blocked, or the person must open the app again."""


class BadCall(NotDone):
    """The call itself is wrong."""


class Stopped(NotDone):
    """Configuration or permission is missing; the hint of 40164 names our IP address."""


class UnknownCode(Stopped):
    """A code nobody here knows: no retry, an alert."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one error code means; `error` is None where the answer counts as success.

    `wait` is the least pause before a repetition. `closes` is how long the whole API is left alone
    afterwards: only for codes that every other call would get as well.
    """

    error: type[WeChatError] | None
    wait: float = 0.0
    closes: float = 0.0


SUCCESS = Verdict(None)
UNKNOWN = Verdict(UnknownCode)
ACCOUNT_CLOSES = 60.0
"""Seconds without calls after a refusal that concerns the account, then one call looks again."""
HOUR = 3600.0

_RETRY = Verdict(Busy, wait=1.0)
_RETRY_NEXT_MINUTE = Verdict(Busy, wait=60.0)
_QUOTA = Verdict(QuotaSpent)
_TOKEN = Verdict(TokenRejected)
_DROP = Verdict(RecipientGone)
_REDO = Verdict(UserMustRedo)
_FAULT = Verdict(BadCall)
_STOP_THIS = Verdict(Stopped)
_STOP_API = Verdict(Stopped, closes=ACCOUNT_CLOSES)

VERDICTS: dict[int, Verdict] = {
    -1: _RETRY,
    0: SUCCESS,
    # Tokens, secrets and addresses.
    40001: _TOKEN,
    40014: _TOKEN,
    42001: _TOKEN,
    40013: _STOP_API,  # Invalid appid.
    40125: _STOP_API,  # Invalid secret.
    40164: _STOP_API,  # Our IP address is not on the whitelist.
    40243: _STOP_API,  # The secret is frozen.
    50004: _STOP_API,
    50007: _STOP_API,
    89501: _STOP_API,
    89502: _STOP_API,
    89503: _STOP_API,  # Waits for an administrator.
    89504: _STOP_API,
    89505: _STOP_API,
    89506: Verdict(Stopped, closes=24 * HOUR),
    89507: Verdict(Stopped, closes=HOUR),
    # WeChat is busy, or we are too fast.
    40059: Verdict(Busy, wait=180.0),  # A mass message's id is known only after a while.
    43108: _RETRY_NEXT_MINUTE,
    43117: _RETRY_NEXT_MINUTE,
    44990: _RETRY,
    44991: _RETRY_NEXT_MINUTE,
    45011: _RETRY_NEXT_MINUTE,
    # The same clientmsgid within a minute: what became of the first call isn't said.
    45066: Verdict(Ambiguous, wait=61.0),
    87020: _RETRY,
    44993: _QUOTA,
    45009: _QUOTA,
    45028: _QUOTA,
    45029: _QUOTA,
    # This recipient.
    40003: _DROP,
    43004: _DROP,
    43019: _DROP,
    43101: Verdict(ConsentSpent),
    45015: Verdict(WindowClosed),
    45047: Verdict(WindowClosed),
    46004: _DROP,
    48002: _DROP,
    49003: _DROP,
    50002: _DROP,
    50005: _DROP,
    70000: _DROP,
    # The person has to repeat a step.
    40029: _REDO,
    40030: _REDO,
    40163: _REDO,
    40226: _REDO,
    42002: _REDO,
    42003: _REDO,
    42007: _REDO,
    61010: _REDO,
    87009: _REDO,
    87014: _REDO,  # Risky text: to be worded differently.
    # As good as done.
    45065: SUCCESS,  # This clientmsgid was accepted before; the answer has its msg_id.
    45080: SUCCESS,
    45081: SUCCESS,
    46003: SUCCESS,  # No menu is a menu too.
    # Configuration and permission: of one template, page or draft …
    40036: _STOP_THIS,
    40037: _STOP_THIS,
    41030: _STOP_THIS,
    43116: _STOP_THIS,
    45026: _STOP_THIS,
    45056: _STOP_THIS,
    45064: _STOP_THIS,
    48005: _STOP_THIS,
    48006: _STOP_THIS,
    48008: _STOP_THIS,
    53503: _STOP_THIS,
    53504: _STOP_THIS,
    53505: _STOP_THIS,
    # … or of the account as a whole.
    43107: _STOP_API,
    48001: _STOP_API,
    48003: _STOP_API,
    48004: _STOP_API,
    50001: _STOP_API,
    61003: _STOP_API,
    61004: _STOP_API,
    61007: _STOP_API,
    61024: _STOP_API,
    # Our own faults.
    **dict.fromkeys(range(40004, 40013), _FAULT),
    **dict.fromkeys(range(40015, 40028), _FAULT),
    **dict.fromkeys((40002, 40032, 40033, 40035, 40050, 40052, 40053, 40055, 40066, 40097), _FAULT),
    **dict.fromkeys((40129, 40130, 40132, 40152, 40169), _FAULT),
    **dict.fromkeys(range(41001, 41010), _FAULT),
    **dict.fromkeys((43002, 43104, 44002, 45002, 45003, 45008, 45010, 45021), _FAULT),
    **dict.fromkeys((45057, 45058, 45059, 45067, 45072, 45083, 45084), _FAULT),
    **dict.fromkeys((45157, 45158, 45159, 45168, 47001, 47003), _FAULT),
    **dict.fromkeys(range(65303, 65321), _FAULT),
    **dict.fromkeys((76021, 76022, 85096), _FAULT),
}
