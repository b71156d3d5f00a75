"""Keeps the platform's memory in one JSON file: read at the start, written a moment after a change."""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from simulator.call import App
from simulator.followers import Allowance, Follower, is_numbered, number_of, numbered
from simulator.logins import LoginCode
from simulator.mass import ClientId, Job
from simulator.messages import Message
from simulator.qrcodes import ParametricCode
from simulator.quotas import Usage
from simulator.tags import Tag
from simulator.templates import Template
from simulator.tokens import Forced, Token
from simulator.world import World

log = logging.getLogger(__name__)
VERSION = 1
HISTORY_KEPT = 500
AT_ONCE = 1000
WRITING = threading.Lock()
"""The last saving waits for one that a shutdown has overtaken."""
SAVED_AFTER = 1.0
REST_AFTER_SAVING = 20
"""Saving may take one part in so many of our time, however large the state has grown."""
IDENTITY = ("openid", "mp_openid", "unionid", "name", "phone", "duty", "organization")
REMEMBERED: dict[str, Any] = {
    "follows": True,
    "followed_at": 0.0,
    "followed_by": "ADD_SCENE_SEARCH",
    "scene": "",
    "remark": "",
    "interacted_at": 0.0,
    "mass_month": "",
    "mass_count": 0,
    "session_key": "",
    "visited_at": 0.0,
    "last_event_at": 0,
}
"""What is kept of a follower, and its value in a new one."""
Item = TypeVar("Item")


def pieces(world: World) -> Iterator[str]:
    """The state as JSON, in pieces small enough to let others run between them.

    What changes while it is read may or may not be in it; the next saving has it.
    """
    messages: dict[int, Message] = {}
    yield '{"followers":['
    yield from _listed([*world.followers], lambda follower: _follower(follower, messages))
    yield '],"messages":['
    yield from _listed([*messages.values()], asdict)
    yield "]," + _encode(_rest(world))[1:]


def _listed(items: list[Item], show: Callable[[Item], dict[str, Any]]) -> Iterator[str]:
    for start in range(0, len(items), AT_ONCE):
        shown = [show(item) for item in items[start : start + AT_ONCE]]
        yield ("," if start else "") + _encode(shown)[1:-1]


def _encode(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _rest(world: World) -> dict[str, Any]:
    return {
        "version": VERSION,
        "offset_seconds": world.offset.total_seconds(),
        "last_ids": [world.phones.last_id, world.last_message_id, world.last_inbound_id],
        "tokens": {token: asdict(known) for token, known in world.tokens.issued.items()},
        "latest_tokens": dict(world.tokens.latest),
        "forced": {app: asdict(forced) for app, forced in world.tokens.forced.items()},
        "usage": {name: asdict(usage) for name, usage in world.quotas.usage.items()},
        "quota_clears": dict(world.quotas.clears),
        "codes": [asdict(code) for code in world.codes.by_ticket.values()],
        "mini_program_codes": dict(world.codes.mini_program),
        "tags": [{"id": t.id, "name": t.name, "members": list(t.members)} for t in world.tags.by_id.values()],
        "last_tag": world.tags.last_id,
        "mass_jobs": [asdict(job) for job in world.mass.jobs.values()],
        "mass_client_ids": {name: asdict(known) for name, known in world.mass.client_ids.items()},
        "mass_to_all": dict(world.mass.to_all),
        "mass_speed": world.mass.speed,
        "logins": _codes(world.logins.codes),
        "phone_codes": _codes(world.phone_codes.codes),
        "oauth_codes": _codes(world.oauth_codes.codes),
        "menu": world.menu,
        "drafts": dict(world.drafts.waiting),
        "sent_articles": dict(world.drafts.sent),
        "drafts_updated": dict(world.drafts.updated),
        "media": dict(world.drafts.media),
        "permanent_media": list(world.drafts.permanent),
        "templates": {
            app: {id_: [template.title, template.keys] for id_, template in templates.items()}
            for app, templates in world.templates.items()
        },
        "template_sends": {name: list(known) for name, known in world.template_sends.items()},
        "tickets": {kind: list(known) for kind, known in world.tickets.items()},
        "calls": [[path, errcode, count] for (path, errcode), count in world.calls.items()],
    }


def load(world: World, state: dict[str, Any]) -> None:
    """Put a saved memory into a world on its first day."""
    world.offset = timedelta(seconds=state["offset_seconds"])
    messages = {message["id"]: Message(**message) for message in state["messages"]}
    for saved in state["followers"]:
        _restore(world, saved, messages)
    world.phones.last_id, world.last_message_id, world.last_inbound_id = state["last_ids"]
    _restore_tokens(world, state)
    world.quotas.usage = {name: Usage(**usage) for name, usage in state["usage"].items()}
    world.quotas.clears = state["quota_clears"]
    for code in state["codes"]:
        world.codes.add(ParametricCode(**code))
    world.codes.mini_program = state["mini_program_codes"]
    world.tags.by_id = {t["id"]: Tag(t["id"], t["name"], dict.fromkeys(t["members"])) for t in state["tags"]}
    world.tags.last_id = state["last_tag"]
    for tag in world.tags.by_id.values():
        for openid in tag.members:
            world.followers.require(openid, App.OFFICIAL_ACCOUNT).tags.append(tag.id)
    _restore_mass(world, state)
    for codes, name in (
        (world.logins, "logins"),
        (world.phone_codes, "phone_codes"),
        (world.oauth_codes, "oauth_codes"),
    ):
        codes.codes = {code: LoginCode(**known) for code, known in state[name].items()}
    world.menu = state["menu"]
    world.drafts.waiting, world.drafts.sent = state["drafts"], state["sent_articles"]
    world.drafts.media = state["media"]
    world.drafts.updated = state.get("drafts_updated", {})
    world.drafts.permanent = dict.fromkeys(state.get("permanent_media", state["media"]))
    for app, templates in state["templates"].items():
        world.templates[App(app)] |= {id_: Template(*template) for id_, template in templates.items()}
    world.template_sends = {name: (known[0], known[1]) for name, known in state["template_sends"].items()}
    world.tickets = {kind: (known[0], known[1]) for kind, known in state["tickets"].items()}
    for path, errcode, count in state["calls"]:
        world.calls[path, errcode] = count


def _restore_tokens(world: World, state: dict[str, Any]) -> None:
    tokens = world.tokens
    tokens.issued = {
        token: Token(App(known["app"]), known["expires_at"], known["retired_at"])
        for token, known in state["tokens"].items()
    }
    tokens.latest = state["latest_tokens"]
    tokens.forced = {App(app): Forced(**forced) for app, forced in state["forced"].items()}


def _restore_mass(world: World, state: dict[str, Any]) -> None:
    mass = world.mass
    mass.jobs = {job["message_id"]: Job(**job) for job in state["mass_jobs"]}
    mass.client_ids = {name: ClientId(**known) for name, known in state["mass_client_ids"].items()}
    mass.to_all, mass.speed = state["mass_to_all"], state["mass_speed"]


def _follower(follower: Follower, messages: dict[int, Message]) -> dict[str, Any]:
    """Only what differs from a new follower; the messages go into `messages`."""
    saved: dict[str, Any] = {"openid": follower.openid}
    if not is_numbered(follower.openid):
        saved |= {name: getattr(follower, name) for name in IDENTITY}
    for name, default in REMEMBERED.items():
        value = getattr(follower, name)
        if value != default:
            saved[name] = value
    if follower.consents:
        saved["consents"] = dict(follower.consents)
    if follower.allowances:
        saved["allowances"] = {kind: [a.until, a.left] for kind, a in follower.allowances.items()}
    history = follower.history[-HISTORY_KEPT:]
    messages.update((message.id, message) for message in history)
    return saved | ({"history": [message.id for message in history]} if history else {})


def _restore(world: World, saved: dict[str, Any], messages: dict[int, Message]) -> None:
    openid = saved["openid"]
    follower = world.followers.get(openid, App.OFFICIAL_ACCOUNT)
    if follower is None and is_numbered(openid):
        follower = numbered(number_of(openid), now=0)
    elif follower is None:
        follower = Follower(**{name: saved[name] for name in IDENTITY})
    for name, default in REMEMBERED.items():
        setattr(follower, name, saved.get(name, default))
    follower.consents = saved.get("consents", {})
    follower.allowances = {kind: Allowance(*known) for kind, known in saved.get("allowances", {}).items()}
    follower.history = [messages[id_] for id_ in saved.get("history", ())]
    world.followers.add(follower)


def _codes(codes: dict[str, LoginCode]) -> dict[str, Any]:
    return {code: asdict(known) for code, known in codes.items()}


def read(path: Path) -> dict[str, Any] | None:
    """The saved state; None when there is none, or none that this version reads."""
    if not path.exists():
        return None
    try:
        state = json.loads(path.read_bytes())
    except ValueError:
        log.warning("The simulator's state cannot be read and is left aside: %s", path.name)
        return None
    return state if isinstance(state, dict) and state.get("version") == VERSION else None


def write(path: Path, parts: Iterable[str]) -> None:
    """Replace the file in one step."""
    with WRITING:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        with new.open("w", encoding="utf-8") as file:
            file.writelines(parts)
        new.replace(path)


async def keep_saving(world: World, path: Path) -> None:
    """Write after changes, not at each of them."""
    rest = SAVED_AFTER
    while True:
        await world.changed.wait()
        await asyncio.sleep(rest)
        world.changed.clear()
        started = time.monotonic()
        parts = []
        for part in pieces(world):
            parts.append(part)
            await asyncio.sleep(0)
        try:
            await asyncio.to_thread(write, path, parts)
        except OSError as error:
            log.warning("The simulator's state could not be saved: %s", error.strerror)
        rest = max(SAVED_AFTER, REST_AFTER_SAVING * (time.monotonic() - started))
