"""Tags on followers."""

from dataclasses import dataclass, field

from simulator.call import App, Call
from simulator.envelope import PlatformError
from simulator.followers import PAGE_OF_FOLLOWERS, Follower

MOST_TAGS = 100
MOST_TAGS_OF_ONE = 20
MOST_AT_ONCE = 50
LONGEST_NAME = 30
TOO_MANY_TO_DELETE = 100_000
SYSTEM_TAGS = (0, 1, 2)
FIRST_OWN_TAG = 100


@dataclass(slots=True)
class Tag:
    """One tag and who bears it, in the order they got it."""

    id: int
    name: str
    members: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class Tags:
    """All tags by number."""

    by_id: dict[int, Tag] = field(default_factory=dict)
    last_id: int = FIRST_OWN_TAG - 1

    def require(self, tag_id: object, errcode: int = 45159) -> Tag:
        """The tag with that number, or the given error."""
        tag = self.by_id.get(tag_id) if isinstance(tag_id, int) else None
        if tag is None:
            raise PlatformError(errcode)
        return tag

    def forget(self, follower: Follower) -> None:
        """They left: the tags go with them."""
        for tag_id in follower.tags:
            self.by_id[tag_id].members.pop(follower.openid, None)
        follower.tags.clear()


def create(call: Call) -> dict[str, object]:
    """POST /cgi-bin/tags/create."""
    tags = call.world.tags
    name = _new_name(call)
    if len(tags.by_id) >= MOST_TAGS:
        raise PlatformError(45056)
    tags.last_id += 1
    tags.by_id[tags.last_id] = Tag(tags.last_id, name)
    return {"tag": {"id": tags.last_id, "name": name}}


def list_all(call: Call) -> dict[str, object]:
    """GET /cgi-bin/tags/get."""
    shown = [{"id": t.id, "name": t.name, "count": len(t.members)} for t in call.world.tags.by_id.values()]
    return {"tags": shown}


def update(call: Call) -> dict[str, object]:
    """POST /cgi-bin/tags/update."""
    tag = _own(call)
    tag.name = _new_name(call)
    return {"errcode": 0, "errmsg": "ok"}


def delete(call: Call) -> dict[str, object]:
    """POST /cgi-bin/tags/delete."""
    tag = _own(call)
    if len(tag.members) > TOO_MANY_TO_DELETE:
        raise PlatformError(45057)
    for openid in tag.members:
        call.world.followers.require(openid, App.OFFICIAL_ACCOUNT).tags.remove(tag.id)
    del call.world.tags.by_id[tag.id]
    return {"errcode": 0, "errmsg": "ok"}


def tag_members(call: Call) -> dict[str, object]:
    """POST /cgi-bin/tags/members/batchtagging: all or nobody."""
    tag, followers = call.world.tags.require(call.body.get("tagid")), _listed(call)
    if any(tag.id not in f.tags and len(f.tags) >= MOST_TAGS_OF_ONE for f in followers):
        raise PlatformError(45059)
    for follower in followers:
        if tag.id not in follower.tags:
            follower.tags.append(tag.id)
            tag.members[follower.openid] = None
    return {"errcode": 0, "errmsg": "ok"}


def untag_members(call: Call) -> dict[str, object]:
    """POST /cgi-bin/tags/members/batchuntagging."""
    tag = call.world.tags.require(call.body.get("tagid"))
    for follower in _listed(call):
        if tag.id in follower.tags:
            follower.tags.remove(tag.id)
            del tag.members[follower.openid]
    return {"errcode": 0, "errmsg": "ok"}


def tags_of(call: Call) -> dict[str, object]:
    """POST /cgi-bin/tags/getidlist."""
    follower = call.world.followers.require(call.text("openid", ""), App.OFFICIAL_ACCOUNT)
    return {"tagid_list": follower.tags}


def members(call: Call) -> dict[str, object]:
    """POST /cgi-bin/user/tag/get."""
    openids = list(call.world.tags.require(call.body.get("tagid")).members)
    after = call.text("next_openid", "")
    start = openids.index(after) + 1 if after in openids else 0
    page = openids[start : start + PAGE_OF_FOLLOWERS]
    if not page:
        return {"count": 0, "next_openid": ""}
    return {"count": len(page), "data": {"openid": page}, "next_openid": page[-1]}


def _own(call: Call) -> Tag:
    tag_id = call.member("tag").get("id")
    if tag_id in SYSTEM_TAGS:
        raise PlatformError(45058)
    return call.world.tags.require(tag_id)


def _new_name(call: Call) -> str:
    name = call.member("tag").get("name")
    if not isinstance(name, str) or not name:
        raise PlatformError(47001)
    if len(name) > LONGEST_NAME:
        raise PlatformError(45158)
    if any(tag.name == name for tag in call.world.tags.by_id.values()):
        raise PlatformError(45157)
    return name


def _listed(call: Call) -> list[Follower]:
    openids = call.strings("openid_list")
    if not 1 <= len(openids) <= MOST_AT_ONCE:
        raise PlatformError(40032)
    followers = [call.world.followers.require(openid, App.OFFICIAL_ACCOUNT) for openid in openids]
    if not all(follower.follows for follower in followers):
        raise PlatformError(49003)
    return followers
