"""The browser door: which address shows which page."""

from aiohttp import web

from handlers.context import Context
from pages import (
    assessment_results,
    assessments,
    cases,
    claims,
    closings,
    complaint_desk,
    complaints,
    cycles,
    door,
    filings,
    findings,
    handbook,
    keeper,
    layout,
    lesson_weeks,
    lessons,
    live,
    measures,
    my_bookings,
    my_code,
    open_visits,
    place_images,
    record_documents,
    record_terms,
    registers,
    rehearsals,
    rotations,
    self_assessments,
    showcase_desk,
    staff,
    trainings,
    weak_branches,
    workers,
)
from pages import map as map_
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
    closing = "/keeper/{site_id:[A-Z0-9]{1,8}}/closings"
    app.router.add_get(closing, closings.show)
    app.router.add_post(f"{closing}/{{act:{closings.STEPS}}}", closings.step)
    live.setup(app)
    app.router.add_get("/my-code", my_code.show)
    app.router.add_get("/map", map_.index)
    app.router.add_get("/map/{site_id:[A-Za-z0-9]{1,8}}", map_.show)
    app.router.add_get("/my-bookings", my_bookings.show)
    app.router.add_get("/open-visits", open_visits.show)
    app.router.add_post("/open-visits", open_visits.change)
    app.router.add_get("/claims/summary", claims.summary)
    app.router.add_get(r"/lessons/{lesson_id:[0-9]{1,10}}", lessons.read)
    app.router.add_post(r"/lessons/{lesson_id:[0-9]{1,10}}", lessons.answer)
    app.router.add_post("/lessons/choice", lessons.choose)
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
    _workers(app.router)
    record_documents.setup(app)
    handbook.setup(app)
    record_terms.setup(app)
    showcase_desk.setup(app)
    place_images.setup(app)
    app.router.add_get("/pages/kept.js", assessments.keeps)
    app.router.add_get("/pages/kept-worker.js", assessments.kept_worker)
    app.router.add_get("/pages/assessments.js", assessments.script)
    app.router.add_get("/pages/self-assessments.js", self_assessments.script)
    app.router.add_get("/pages/assessments.css", assessments.style)
    app.router.add_get("/assessments/worker.js", assessments.worker)
    app.router.add_get("/assessments", assessments.index)
    app.router.add_get(r"/assessments/{assessment_id:[0-9]{1,9}}", assessments.visit)
    app.router.add_get(r"/assessments/{assessment_id:[0-9]{1,9}}/kit", assessments.kit)
    app.router.add_post(r"/assessments/{assessment_id:[0-9]{1,9}}/observations", assessments.upload)
    app.router.add_post(r"/assessments/{assessment_id:[0-9]{1,9}}/hand-in", assessments.hand_in)
    _assessments(app.router)
    app.router.add_get("/complaints", complaints.show)
    app.router.add_post("/complaints", complaints.submit)
    app.router.add_get("/complaints/desk", complaint_desk.index)
    app.router.add_post("/complaints/again", complaints.again)
    app.router.add_post("/complaints/unname", complaints.unname)
    app.router.add_get("/complaints/desk/complaints.xlsx", complaint_desk.sheet)
    app.router.add_post(r"/complaints/desk/{complaint_id:[0-9]{1,9}}", complaint_desk.step)
    app.router.add_post(
        r"/complaints/desk/{complaint_id:[0-9]{1,9}}/{act:forward|close}", complaint_desk.step
    )
    app.router.add_get("/privacy", privacy)


def _assessments(router: web.UrlDispatcher) -> None:
    """What comes of an assessment: the result, and each finding on its way to acceptance."""
    result = "/assessments/{assessment_id:[0-9]{1,9}}"
    router.add_get(f"{result}/result", assessment_results.show)
    router.add_get(f"{result}/report.{{kind:docx|pdf}}", assessment_results.report)
    router.add_post(f"{result}/{{act:{assessment_results.STEPS}}}", assessment_results.step)
    router.add_get(f"{result}/self", self_assessments.show)
    router.add_post(f"{result}/self/words", self_assessments.words)
    router.add_post(f"{result}/self/{{act:{self_assessments.STEPS}}}", self_assessments.step)
    router.add_get("/assessments/years.docx", cycles.years)
    router.add_get(cycles.HERE, cycles.index)
    router.add_post(cycles.HERE, cycles.create)
    cycle = f"{cycles.HERE}/{{cycle_id:[0-9]{{1,9}}}}"
    router.add_get(cycle, cycles.show)
    router.add_post(f"{cycle}/{{act:{cycles.STEPS}}}", cycles.step)
    router.add_get(f"{cycle}/towns/{{organization_id:[0-9]{{1,9}}}}/report.{{kind:docx|pdf}}", cycles.town)
    router.add_get("/assessments/prints/{run_id:[0-9]{1,9}}", cycles.printing)
    router.add_get("/assessments/prints/{run_id:[0-9]{1,9}}/reports.zip", cycles.printed)
    router.add_get(weak_branches.HERE, weak_branches.index)
    router.add_post(weak_branches.HERE, weak_branches.take_up)
    router.add_get(f"{weak_branches.HERE}/weak-branches.xlsx", weak_branches.sheet)
    weak = f"{weak_branches.HERE}/{{weak_id:[0-9]{{1,9}}}}"
    router.add_get(weak, weak_branches.show)
    router.add_post(f"{weak}/{{act:{weak_branches.STEPS}}}", weak_branches.step)
    router.add_get("/assessments/findings.xlsx", assessments.sheet)
    finding = "/assessments/findings/{finding_id:[0-9]{1,9}}"
    router.add_get(finding, findings.show)
    router.add_post(f"{finding}/{{act:{findings.STEPS}}}", findings.step)


def _workers(router: web.UrlDispatcher) -> None:
    """The desk for party workers, and a worker's own page."""
    number = "[0-9]{1,9}"
    router.add_get("/pages/workers.css", staff.style)
    router.add_get("/my-work", workers.mine)
    router.add_post("/my-work/corrections", workers.correct)
    router.add_post(f"/my-work/rotations/{{rotation_id:{number}}}/log", rotations.log)
    router.add_get("/trainings/in/{code:[A-Za-z0-9_-]{16,32}}", trainings.invited)
    router.add_post("/trainings/in/{code:[A-Za-z0-9_-]{16,32}}", trainings.here)
    router.add_get("/workers", workers.home)
    router.add_get("/workers/registry", workers.registry)
    router.add_get("/workers/bulletin", workers.bulletin)
    router.add_post(f"/workers/corrections/{{correction_id:{number}}}", workers.answer)
    router.add_get("/workers/filings", filings.index)
    router.add_get("/workers/filings/filings.xlsx", filings.sheet)
    router.add_get("/workers/filings/new", filings.fresh)
    router.add_post("/workers/filings/new", filings.file)
    router.add_get(f"/workers/filings/{{filing_id:{number}}}", filings.show)
    router.add_get(f"/workers/filings/{{filing_id:{number}}}/correct", filings.mend)
    router.add_post(f"/workers/filings/{{filing_id:{number}}}/correct", filings.corrected)
    steps = "advance|return|refuse|withdraw"
    router.add_post(f"/workers/filings/{{filing_id:{number}}}/{{act:{steps}}}", filings.step)
    router.add_get("/workers/measures", measures.index)
    router.add_post("/workers/measures", measures.report)
    router.add_get(f"/workers/measures/{{measure_id:{number}}}", measures.show)
    steps = "verify|explain|propose|decide|deliver|rectify|lift"
    router.add_post(f"/workers/measures/{{measure_id:{number}}}/{{act:{steps}}}", measures.step)
    router.add_get("/workers/trainings", trainings.index)
    router.add_post("/workers/trainings", trainings.create)
    router.add_get(f"/workers/trainings/{{training_id:{number}}}", trainings.show)
    router.add_post(f"/workers/trainings/{{training_id:{number}}}/enrolments", trainings.enrol)
    router.add_post(f"/workers/enrolments/{{enrolment_id:{number}}}/cancel", trainings.leave)
    steps = "results|conditions|close"
    router.add_post(f"/workers/trainings/{{training_id:{number}}}/{{act:{steps}}}", trainings.step)
    session = f"/workers/trainings/{{training_id:{number}}}/sessions/{{session_id:{number}}}"
    router.add_get(session, trainings.session)
    router.add_post(session, trainings.names)
    router.add_get(f"{session}/code.svg", trainings.code)
    router.add_get("/workers/rotations", rotations.index)
    router.add_post("/workers/rotations", rotations.open_round)
    router.add_post(
        f"/workers/rotations/swaps/{{swap_id:{number}}}/{{act:agree|decline|confirm}}", rotations.swap
    )
    router.add_get(f"/workers/rotations/{{rotation_id:{number}}}", rotations.show)
    steps = "nominate|confirm|arrive|assess|graduate|replace|stop|miss|swaps"
    router.add_post(f"/workers/rotations/{{rotation_id:{number}}}/{{act:{steps}}}", rotations.step)
    router.add_get("/workers/registers", registers.index)
    router.add_get(f"/workers/registers/{registers.NAME}.xlsx", registers.export)
    router.add_post(f"/workers/registers/{registers.NAME}", registers.try_or_import)
    router.add_get(f"/workers/{{worker_id:{number}}}", workers.one)
    router.add_post(f"/workers/{{worker_id:{number}}}", workers.keep)
