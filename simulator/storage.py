"""Keeps the platform's memory in one JSON file: read at the start, written a moment after a change."""

import asyncio
import json
import logging
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from simulator.call import App
from simulator.followers import Allowance, Follower
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
SAVED_AFTER = 1.0
REST_AFTER_SAVING = 20
"""Saving may take one part in so many of our time, however large the state has grown."""
IDENTITY = ("openid", "mp_openid", "unionid", "name", "phone", "duty", "organization")
REMEMBERED = (
    "follows",
    "followed_at",
    "followed_by",
    "scene",
    "remark",
    "consents",
    "interacted_at",
    "mass_month",
    "mass_count",
    "session_key",
    "visited_at",
    "last_event_at",
)


def dump(world: World) -> dict[str, Any]:
    """Everything that a restart keeps, as JSON."""
    kept = [(follower, follower.history[-HISTORY_KEPT:]) for follower in world.followers]
    return {
        "version": VERSION,
        "offset_seconds": world.offset.total_seconds(),
        "messages": [asdict(message) for message in _distinct(kept)],
        "followers": [_follower(follower, history) for follower, history in kept],
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
        "media": dict(world.drafts.media),
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


def _distinct(kept: Iterable[tuple[Follower, list[Message]]]) -> Iterable[Message]:
    return {message.id: message for _, history in kept for message in history}.values()


def _follower(follower: Follower, history: list[Message]) -> dict[str, Any]:
    saved = {name: getattr(follower, name) for name in (*IDENTITY, *REMEMBERED)}
    saved["allowances"] = {kind: [a.until, a.left] for kind, a in follower.allowances.items()}
    saved["history"] = [message.id for message in history]
    return saved


def _restore(world: World, saved: dict[str, Any], messages: dict[int, Message]) -> None:
    follower = world.followers.get(saved["openid"], App.OFFICIAL_ACCOUNT)
    if follower is None:
        follower = Follower(**{name: saved[name] for name in IDENTITY})
        world.followers.add(follower)
    for name in REMEMBERED:
        setattr(follower, name, saved[name])
    world.followers.set_follows(follower, saved["follows"])
    follower.allowances = {kind: Allowance(*known) for kind, known in saved["allowances"].items()}
    follower.history = [messages[id_] for id_ in saved["history"]]


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


def write(path: Path, state: dict[str, Any]) -> None:
    """Replace the file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
    new.replace(path)


async def keep_saving(world: World, path: Path) -> None:
    """Write after changes, not at each of them."""
    rest = SAVED_AFTER
    while True:
        await world.changed.wait()
        await asyncio.sleep(rest)
        world.changed.clear()
        started = time.monotonic()
        await asyncio.to_thread(write, path, dump(world))
        rest = max(SAVED_AFTER, REST_AFTER_SAVING * (time.monotonic() - started))
