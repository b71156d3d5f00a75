"""Content security of the mini program: a list of words instead of a model."""

import secrets

from simulator.call import App, Call
from simulator.envelope import PlatformError

LONGEST_CONTENT = 2500
SEEN_WITHIN = 2 * 3600
NORMAL = 100
RISKY = {"赌博": 20006, "代开发票": 20008, "刷单返利": 20008, "裸聊": 20002, "加微信领红包": 10001}
FOR_REVIEW = {"内部消息": 21000, "速来围观": 20012}


def check_message(call: Call) -> dict[str, object]:
    """POST /wxa/msg_sec_check, version 2."""
    world, openid = call.world, call.text("openid", "")
    if world.followers.get(openid, App.OFFICIAL_ACCOUNT) is not None:
        raise PlatformError(43104)
    follower = world.followers.require(openid, App.MINI_PROGRAM)
    if call.body.get("version") != 2 or call.body.get("scene") not in (1, 2, 3, 4):
        raise PlatformError(40129)
    content = call.text("content", "")
    if not content:
        raise PlatformError(44002)
    if len(content) > LONGEST_CONTENT:
        raise PlatformError(45002)
    if world.time() - follower.visited_at > SEEN_WITHIN:
        raise PlatformError(61010)
    return _judgement(content)


def _judgement(content: str) -> dict[str, object]:
    suggest, label, word = _first(content)
    model = {"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90}
    keyword: dict[str, object] = {"strategy": "keyword", "errcode": 0, "suggest": suggest, "label": label}
    if word:
        keyword |= {"level": 20, "keyword": word}
    return {
        "errcode": 0,
        "errmsg": "ok",
        "result": {"suggest": suggest, "label": label},
        "detail": [model, keyword],
        "trace_id": secrets.token_hex(12),
    }


def _first(content: str) -> tuple[str, int, str]:
    for suggest, words in (("risky", RISKY), ("review", FOR_REVIEW)):
        for word, label in words.items():
            if word in content:
                return suggest, label, word
    return "pass", NORMAL, ""
