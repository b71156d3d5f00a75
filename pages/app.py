"""The browser door: which address shows which page."""

from aiohttp import web

from handlers.context import Context
from pages import (
    assessments,
    cases,
    complaints,
    door,
    keeper,
    layout,
    lesson_weeks,
    lessons,
    live,
    my_code,
    rehearsals,
)
from pages.layout import CONTEXT
from pages.privacy import privacy


def setup(app: web.Application, ctx: Context) -> None:
    """Mount the pages."""
    app[CONTEXT] = ctx
    app.router.add_get("/pages/page.css", layout.style)
    app.router.add_get("/pages/door.css", door.style)
    app.router.add_get("/pages/door.js", door.script)
    app.router.add_get("/pages/qr.js", door.drawing)
    app.router.add_get("/door/code.svg", door.code)
    app.router.add_get("/door/worker.js", door.worker)
    app.router.add_get("/door/{site_id}", door.tablet)
    app.router.add_get("/pages/keeper.js", keeper.script)
    app.router.add_get("/keeper", keeper.index)
    app.router.add_get("/keeper/{site_id:[A-Za-z0-9]{1,8}}", keeper.show)
    app.router.add_post("/keeper/{site_id:[A-Za-z0-9]{1,8}}", keeper.enter)
    live.setup(app)
    app.router.add_get("/my-code", my_code.show)
    app.router.add_get(r"/lessons/{lesson_id:[0-9]{1,10}}", lessons.read)
    app.router.add_post(r"/lessons/{lesson_id:[0-9]{1,10}}", lessons.answer)
    app.router.add_get("/lessons/weeks", lesson_weeks.quarter)
    app.router.add_get(r"/lessons/weeks/{friday:\d{4}-\d\d-\d\d}", lesson_weeks.show)
    app.router.add_post(r"/lessons/weeks/{friday:\d{4}-\d\d-\d\d}/retry", lesson_weeks.retry)
    app.router.add_get("/pages/cases.css", cases.style)
    app.router.add_get("/cases", cases.index)
    app.router.add_get(r"/cases/{case:[Cc][0-9]}", cases.read)
    app.router.add_get(r"/cases/roles/{role:[Rr][0-9]{2}}", cases.role)
    app.router.add_get("/pages/rehearsal.js", rehearsals.script)
    app.router.add_get("/rehearsals", rehearsals.index)
    app.router.add_post("/rehearsals", rehearsals.create)
    app.router.add_get(r"/rehearsals/join/{code:[A-Za-z0-9_-]{1,32}}", rehearsals.invited)
    app.router.add_post(r"/rehearsals/join/{code:[A-Za-z0-9_-]{1,32}}", rehearsals.join)
    app.router.add_get(r"/rehearsals/{rehearsal_id:[0-9]{1,10}}", rehearsals.show)
    app.router.add_post(r"/rehearsals/{rehearsal_id:[0-9]{1,10}}/acts", rehearsals.act)
    app.router.add_get(r"/rehearsals/{rehearsal_id:[0-9]{1,10}}/code.svg", rehearsals.code)
    app.router.add_get(r"/rehearsals/{rehearsal_id:[0-9]{1,10}}/news", rehearsals.news)
    app.router.add_get("/pages/assessments.js", assessments.script)
    app.router.add_get("/pages/assessments.css", assessments.style)
    app.router.add_get("/assessments/worker.js", assessments.worker)
    app.router.add_get("/assessments", assessments.index)
    app.router.add_get(r"/assessments/{assessment_id:[0-9]{1,9}}", assessments.visit)
    app.router.add_get(r"/assessments/{assessment_id:[0-9]{1,9}}/kit", assessments.kit)
    app.router.add_post(r"/assessments/{assessment_id:[0-9]{1,9}}/observations", assessments.upload)
    app.router.add_post(r"/assessments/{assessment_id:[0-9]{1,9}}/hand-in", assessments.hand_in)
    app.router.add_get("/complaints", complaints.show)
    app.router.add_post("/complaints", complaints.submit)
    app.router.add_get("/privacy", privacy)
