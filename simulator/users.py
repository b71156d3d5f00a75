"""Who follows the account, and the little the platform tells about them."""

from simulator.call import App, Call
from simulator.envelope import PlatformError

MOST_AT_ONCE = 100
LONGEST_REMARK = 30


def get(call: Call) -> dict[str, object]:
    """GET /cgi-bin/user/get: 10,000 openids a page; the page after the last has no `data`."""
    total, openids = call.world.followers.page(call.query.get("next_openid", ""))
    if not openids:
        return {"total": total, "count": 0, "next_openid": ""}
    return {
        "total": total,
        "count": len(openids),
        "data": {"openid": openids},
        "next_openid": openids[-1],
    }


def info(call: Call) -> dict[str, object]:
    """GET /cgi-bin/user/info."""
    openid = call.query.get("openid", "")
    if not openid:
        raise PlatformError(41009)
    return _info(call, openid)


def info_batch(call: Call) -> dict[str, object]:
    """POST /cgi-bin/user/info/batchget."""
    wanted = call.items("user_list")
    if not 1 <= len(wanted) <= MOST_AT_ONCE:
        raise PlatformError(40032)
    openids = [item.get("openid", "") if isinstance(item, dict) else "" for item in wanted]
    return {"user_info_list": [_info(call, openid) for openid in openids]}


def remark(call: Call) -> dict[str, object]:
    """POST /cgi-bin/user/info/updateremark."""
    follower = call.world.followers.require(call.text("openid", ""), App.OFFICIAL_ACCOUNT)
    words = call.text("remark", "")
    if len(words) >= LONGEST_REMARK:
        raise PlatformError(45021)
    follower.remark = words
    return {"errcode": 0, "errmsg": "ok"}


def _info(call: Call, openid: str) -> dict[str, object]:
    follower = call.world.followers.require(openid, App.OFFICIAL_ACCOUNT)
    if not follower.follows:
        return {"subscribe": 0, "openid": follower.openid, "unionid": follower.unionid}
    return {
        "subscribe": 1,
        "openid": follower.openid,
        "language": "zh_CN",
        "subscribe_time": int(follower.followed_at),
        "unionid": follower.unionid,
        "remark": follower.remark,
        "groupid": 0,
        "tagid_list": follower.tags,
        "subscribe_scene": follower.followed_by,
        "qr_scene": int(follower.scene) if follower.scene.isdigit() else 0,
        "qr_scene_str": "" if follower.scene.isdigit() else follower.scene,
    }
