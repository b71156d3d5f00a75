"""Friday on the worst day: `python -m benchmarks.push.storm [--followers 48000] [--audience 2000]`.

Four clocks, one of them killed (-9) again and again, on PostgreSQL and a real Redis. Of the platform's
answers 5 % are lost after it has done what was asked (of mass messages 20 %, for they are few), 2 % are -1,
and the tokens die once. Then every follower is looked up at the platform (/control/sent): each person of
the audience must have got the lesson exactly once, by whichever channel, and nobody else; and of each mass
message WeChat must have reported as many as our ledger says. `--by tag` sends it to a tag, and its sender is
lost with it. `--as article` sends drafts: of the draft box's answers as many are lost, the clocks clear it up
while others send, and in the end only the draft that staff made by hand is in it.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from handlers import schema
from settings import MassForm, Settings
from tests import servers
from tests.push_shape import TAG, Shape
from tests.push_storm import Count, run


def deployment(
    folder: str, database_url: str, redis_url: str, *, by_tag: bool = False, articles: bool = False
) -> Settings:
    """A deployment of its own."""
    return Settings(
        _env_file=".env.demo",
        data_dir=Path(folder),
        database_url=database_url,
        redis_url=redis_url,
        wechat_api_base=f"http://127.0.0.1:{servers.free_port()}",
        public_url=f"http://127.0.0.1:{servers.free_port()}",
        lesson_notice_template_id="storm-notice",
        lesson_mass_tag=TAG if by_tag else "",
        lesson_mass_form=MassForm.ARTICLE if articles else MassForm.TEXT,
        callback_max_age=0,
    )


def verdict(count: Count, audience: int, *, articles: bool = False) -> list[str]:
    """What is wrong with it; nothing, if each got exactly one."""
    wrong = []
    if not count.settled:
        wrong.append("not everything was settled in time")
    if set(count.pushed) - {0, 1}:
        wrong.append(f"somebody was sent more than one: {count.pushed}")
    if count.lessons != {1: audience}:
        wrong.append(f"somebody hasn't exactly one: {count.lessons}")
    if count.outside:
        wrong.append(f"{count.outside} reached people outside the audience")
    if count.unlike:
        wrong.append(f"WeChat reports other numbers than our ledger: {count.unlike}")
    if not count.forms.get("news" if articles else "text"):
        wrong.append(f"no mass message had the form that was wanted: {count.forms}")
    if articles and count.drafts != {"by hand": 1}:
        wrong.append(f"the draft box isn't as staff left it: {count.drafts}")
    return wrong


def main() -> int:
    """Run it, print what it came to, and say whether the promise was kept."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--followers", type=int, default=48_000)
    parser.add_argument("--audience", type=int, default=2_000)
    parser.add_argument("--batch", type=int, default=10_000, help="recipients of one mass message")
    parser.add_argument("--by", choices=("list", "tag"), default="list", help="how a mass message is sent")
    parser.add_argument(
        "--as", dest="form", choices=("text", "article"), default="text", help="what a mass message is"
    )
    parser.add_argument("--mini", type=float, default=0.2, help="share that admits a mini program's message")
    parser.add_argument("--notice", type=float, default=0.1, help="share that admits a service notice")
    parser.add_argument("--kill-every", type=float, default=3.0, help="seconds")
    parser.add_argument("--speed", type=float, default=12.0, help="how many seconds pass in one")
    parser.add_argument(
        "--every", type=float, default=0.5, help="seconds between a clock's looks at the lesson"
    )
    parser.add_argument("--longest", type=float, default=1200.0, help="seconds until it is given up")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, servers.postgresql() as server, servers.redis() as redis:
        url = servers.postgresql_url(server, servers.create_database(server))
        articles = given.form == "article"
        settings = deployment(folder, url, redis, by_tag=given.by == "tag", articles=articles)
        asyncio.run(schema.migrate(settings, progress=lambda _: None))
        shape = Shape(
            given.followers, given.audience, given.batch, given.speed, f"{folder}/begun",
            mini=given.mini, notice=given.notice, by_tag=given.by == "tag", articles=articles,
            every=given.every,
        )  # fmt: skip
        count = asyncio.run(
            run(settings, shape, kill_every=given.kill_every, longest=given.longest, say=print)
        )
    print(json.dumps(asdict(count), ensure_ascii=False, indent=1))
    wrong = verdict(count, given.audience, articles=articles)
    print("each person got exactly one" if not wrong else "PROMISE BROKEN: " + "; ".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
