"""Random requests after the API's own description; in the suite a few, by hand as many as one likes.

    .venv/bin/python -m tests.fuzz.api --examples 200

Every answer must be one that the description foresees: its status, its media type, its shape; and none a
failure of ours. Requests that fit the description and requests that don't are sent by a stranger and by a
person of each duty, about things that are there and things that aren't.
"""

import argparse
import asyncio
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from handlers import demo_workers, lessons, schema, seeding, sites
from handlers.context import Context, open_database, open_redis
from handlers.gateways.errors import UserMustRedo
from handlers.gateways.wechat import Login
from miniprogram_api import app as api
from miniprogram_api import openapi, tokens
from miniprogram_api.routes import ROUTES
from models import (
    Account,
    App,
    Booking,
    BookingStatus,
    CheckIn,
    Claim,
    Duty,
    Enrolment,
    Filing,
    Fund,
    Measure,
    PaymentBatch,
    Person,
    Question,
    Receipt,
    Record,
    RecordVersion,
    Rotation,
    Slot,
    StaffQuota,
    Training,
    TrainingSession,
    Worker,
)
from settings import Settings
from tests.fakes import FakeWeChat

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
LAST = "DELETE /api/v1/me"
"""Takes the caller's account away, so it is called when all else is done."""


class KnowsNobody(FakeWeChat):
    """A WeChat to which every code is used up."""

    async def log_in(self, code: str) -> Login:
        raise UserMustRedo(40029)

    async def phone_number(self, phone_code: str) -> str:
        raise UserMustRedo(40029)


@dataclass
class Served:
    """A running API: where it is, who may call it, and what is there."""

    url: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[str, list[Any]] = field(default_factory=dict)
    answered: Counter[str] = field(default_factory=Counter)
    """How often each endpoint answered with each status."""


@contextmanager
def serve(directory: Path) -> Iterator[Served]:
    """The demo's people and sites behind the API, on a port of its own, in a thread of its own."""
    served, ready, loop = Served(), threading.Event(), asyncio.new_event_loop()
    stop, failed = asyncio.Event(), []

    async def run() -> None:
        url = f"sqlite://{directory / 'fuzz.sqlite3'}"
        chosen = Settings(
            _env_file=".env.demo",
            data_dir=directory,
            database_url=url,
            api_requests_per_minute=0,
            rehearsal_line_seconds=0.05,
        )
        await schema.migrate(chosen, progress=lambda _: None)
        async with open_database(url), open_redis("memory://") as redis:
            ctx = Context(chosen, redis, KnowsNobody(), now=lambda: datetime.now(chosen.zone))
            await prepare(ctx, served)
            app = web.Application()
            api.setup(app, ctx)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            served.url = "http://{}:{}".format(*runner.addresses[0][:2])
            ready.set()
            await stop.wait()
            await runner.cleanup()

    def work() -> None:
        try:
            loop.run_until_complete(run())
        except BaseException as error:
            failed.append(error)
        finally:
            ready.set()
            loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    if failed:
        raise failed[0]
    try:
        yield served
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


async def prepare(ctx: Context, served: Served) -> None:
    """The demo, a visit that is over with its claim, a question, and a token for each duty."""
    await seeding.seed_people(ctx)
    await sites.seed(ctx)
    await seeding.give_site_duties(ctx)
    await lessons.seed(ctx)
    await sites.make_slots(ctx)
    await seeding.keep_visits_open(ctx)
    for duty in await Duty.all().select_related("person"):
        person = duty.person
        account, _ = await Account.get_or_create(
            app=App.MINI_PROGRAM, person=person, defaults={"openid": f"fuzz-{person.id}"}
        )
        served.tokens.setdefault(duty.role, tokens.issue(ctx.settings, account.id, ctx.now())[0])
    newcomer = await Account.create(app=App.MINI_PROGRAM, openid="fuzz-unbound")
    served.tokens["unbound"] = tokens.issue(ctx.settings, newcomer.id, ctx.now())[0]
    await past_visit(ctx)
    await demo_workers.seed(ctx)
    question = await Question.create(account=newcomer, text="没有答案的问题", kind="none", asked_at=ctx.now())
    served.ids = {
        "site_id": ["S10", "S01"],
        "booking_id": await Booking.all().values_list("id", flat=True),
        "claim_id": await Claim.all().values_list("id", flat=True),
        "receipt_id": await Receipt.all().values_list("id", flat=True),
        "fund_id": await Fund.all().values_list("id", flat=True),
        "batch_id": await PaymentBatch.all().values_list("id", flat=True),
        "question_id": [question.id],
        "cluster_id": [question.id],
        "lesson_id": [1],
        "case": ["C1"],
        "role": ["R01"],
        "rule": ["党章"],
        "article": ["第七条"],
        "template": ["T09", "T03", "T18"],
        "record_id": await records_of(ctx),
        "slot_id": await Slot.all().limit(5).values_list("id", flat=True),
        "worker_id": await Worker.all().limit(5).values_list("id", flat=True),
        "unit_id": await StaffQuota.all().limit(5).values_list("unit_id", flat=True),
        "filing_id": await Filing.all().values_list("id", flat=True),
        "measure_id": await Measure.all().values_list("id", flat=True),
        "training_id": await Training.all().values_list("id", flat=True),
        "enrolment_id": await Enrolment.all().values_list("id", flat=True),
        "session_id": await TrainingSession.all().values_list("id", flat=True),
        "rotation_id": await Rotation.all().limit(5).values_list("id", flat=True),
        "register": ["workers", "quotas", "trainings", "trainees", "rotations"],
    }


async def records_of(ctx: Context) -> list[int]:
    """A draft and a signed record of the demo's first branch."""
    duty = await Duty.filter(role="branch_worker").select_related("organization").order_by("id").first()
    assert duty is not None
    common = {
        "branch_id": duty.organization_id, "period": "2026-11", "year": 2026, "values": {"place": "x"},
        "created_at": ctx.now(), "saved_at": ctx.now(),
    }  # fmt: skip
    draft = await Record.create(template="T09", **common)
    signed = await Record.create(template="T06", status="signed", version=1, **common)
    await RecordVersion.create(record=signed, number=1, values={}, digest="x", signed_at=ctx.now())
    return [draft.id, signed.id]


async def past_visit(ctx: Context) -> None:
    """A visit that took place yesterday, and its claim."""
    booking = await Booking.all().select_related("branch").first()
    assert booking is not None
    member = await Person.filter(organization_id=booking.branch_id).first()
    other = await Person.exclude(organization_id=booking.branch_id).first()
    assert member is not None
    assert other is not None
    begins = ctx.now() - timedelta(days=1)
    slot = await Slot.create(site_id="S10", starts_at=begins, ends_at=begins + timedelta(hours=2), capacity=9)
    visit = await Booking.create(
        slot=slot, branch=booking.branch, headcount=5, theme="主题党日", status=BookingStatus.FULFILLED,
        created_at=begins,
    )  # fmt: skip
    await CheckIn.create(booking=visit, person=member, at=begins, source="door")
    top = await Duty.filter(role="district_officer").order_by("id").first()
    assert top is not None
    fund, _ = await Fund.get_or_create(
        organization_id=top.organization_id, year=begins.year,
        defaults={"budget": 10**6, "per_head": 5000, "cap": 10**5},
    )  # fmt: skip
    await PaymentBatch.create(fund=fund, year=2026, quarter=1, made_at=ctx.now())
    claim = await Claim.create(
        booking=visit, branch=booking.branch, fund=fund, present=1, per_head=5000, cap=10**5, amount=5000,
        status="submitted", submitted_by=other, applicant_ids=[other.id], submitted_at=ctx.now(),
    )  # fmt: skip
    await Receipt.create(claim=claim, number="fuzz", amount=5000)


def examine(
    served: Served, *, examples: int, number: int = 0, document: dict[str, Any] | None = None
) -> list[str]:
    """So many requests to every endpoint; what came back that should not have."""
    described = schemathesis.openapi.from_dict(document or openapi.describe(ROUTES))
    endpoints = [found.ok() for found in described.get_all_operations()]
    complaints = []
    with requests.Session() as session:
        for endpoint in sorted(endpoints, key=lambda one: one.label == LAST):
            try:
                examine_one(served, endpoint, session, examples, number)
            # Whatever is wrong with one endpoint, the others are looked at too.
            except (Exception, FailureGroup) as error:
                complaints.append(f"{endpoint.label}: {getattr(error, 'exceptions', error)}")
    return complaints


def examine_one(served: Served, endpoint: Any, session: Any, examples: int, number: int) -> None:
    """So many requests to one endpoint."""
    modes = [GenerationMode.POSITIVE]
    if endpoint.body or endpoint.query or endpoint.path_parameters:
        modes.append(GenerationMode.NEGATIVE)
    cases = st.one_of(*(endpoint.as_strategy(generation_mode=mode) for mode in modes))

    @seed(number)
    @settings(
        max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=cases, who=st.sampled_from(["stranger", *served.tokens]), data=st.data())
    def requested(case: Case, who: str, data: Any) -> None:
        for name in case.path_parameters or {}:
            if name in served.ids and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(served.ids[name]))
        if isinstance(case.body, dict):
            for name in set(case.body) & set(served.ids):
                case.body[name] = data.draw(st.sampled_from(served.ids[name]))
        headers = {"Authorization": f"Bearer {served.tokens[who]}"} if who in served.tokens else {}
        answer = case.call(base_url=served.url, session=session, headers=headers)
        served.answered[f"{endpoint.label} {answer.status_code}"] += 1
        case.validate_response(answer, checks=CHECKS)

    requested()


def main(arguments: list[str]) -> int:
    """As many requests as asked for; how many endpoints answered wrongly."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory, serve(Path(directory)) as served:
        complaints = examine(served, examples=asked.examples, number=asked.seed)
    for name, times in sorted(served.answered.items()):
        print(f"{times:6} {name}")  # noqa: T201
    for complaint in complaints:
        print(complaint)  # noqa: T201
    return len(complaints)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
