"""One rehearsal on a phone: what is going on, what I do now, who plays what, what was done."""

from html import escape

from handlers import cases
from handlers import rehearsal_play as playing
from handlers.case_content import Step, Task
from handlers.rehearsal_play import HOST, SYSTEM, Kind, Play, Seat, Stage
from handlers.rehearsal_reckoning import Facts
from handlers.rehearsals import Sitting
from pages import rehearsal_forms as forms
from pages.cases import badge

STAGES = {
    Stage.GATHERING: "等人入座",
    Stage.RUNNING: "进行中",
    Stage.PAUSED: "暂停",
    Stage.FINISHED: "已结束",
}
KEY = '<strong class="key">关键</strong>'
BY_ITSELF = "没有人担任，由系统代演"


def body(sitting: Sitting, *, note: str = "") -> str:
    """The whole page of one seat."""
    play, number = sitting.play, sitting.rehearsal.id
    told = f'<p role="alert" class="alert">{escape(note)}</p>' if note else ""
    parts = (
        [summary(sitting)]
        if play.stage is Stage.FINISHED
        else [_now(sitting), _hosts(sitting), _roles(sitting), _people(sitting), _so_far(sitting)]
    )
    return (
        f'<main data-path="/rehearsals/{number}" data-version="{sitting.rehearsal.version}">'
        f'<p class="strand"><a href="/rehearsals">我的实训</a> · {escape(play.case.title)} · '
        f"{STAGES[play.stage]}</p>{told}{''.join(parts)}"
        '<p><button type="button" class="fresh" hidden>有新进展，点这里更新</button></p>'
        f'<p class="soft"><a href="/rehearsals/{number}">刷新</a>（有新进展时会自己更新）</p></main>'
    )


def form(sitting: Sitting, kind: Kind, button: str, inside: str = "", *, big: bool = False) -> str:
    """Something one can do."""
    look = ' class="big"' if big else ""
    return (
        f'<form method="post" action="/rehearsals/{sitting.rehearsal.id}/acts">'
        f'<input type="hidden" name="kind" value="{kind}">'
        f'<input type="hidden" name="step" value="{sitting.play.step}">{inside}'
        f"<button{look}>{escape(button)}</button></form>"
    )


def _now(sitting: Sitting) -> str:
    play, seat = sitting.play, sitting.play.seat(sitting.seat)
    if play.stage is Stage.GATHERING:
        return (
            f"<h1>{escape(play.case.title)}</h1><p>{escape(play.case.scene)}。</p>"
            "<p><strong>先在下面选自己的角色，等主持人点“开始”。</strong>没有人选的角色由系统代演。</p>"
        )
    step = play.current
    if step is None:
        return "<h1>步骤都做完了</h1><p>请主持人点“完成实训”。</p>" + _last_said(play)
    steps = len(play.case.steps)
    held = "；暂停中，等主持人点“继续”" if play.stage is Stage.PAUSED else ""
    key = KEY if step.key else ""
    names = "、".join(sitting.names.get(one.number, one.name) for one in play.holders(step.role))
    beside = "".join(
        f'<p class="mine"><strong>您（{escape(cases.role(code).name)}）同时：</strong>{escape(do)}。</p>'
        for code, do in step.also.items()
        if code in seat.roles
    )
    return (
        f"{_last_said(play)}"
        f'<p class="soft" role="status">第 {play.step} / {steps} 步 · {step.phase}{held}</p>'
        f'<section class="step {step.role} now"><p class="head">{badge(cases.role(step.role))} {key}</p>'
        f"<h1>{escape(step.do)}</h1><p>{escape(f'由{names}来做' if names else BY_ITSELF)}</p>{beside}"
        f'<p class="soft">留下：{escape("、".join(step.leaves))}<br>依据：{escape(_rules(step))}</p>'
        f"</section>{_vote(sitting)}{_confirm(sitting, step)}{_recount(sitting)}"
    )


def _last_said(play: Play) -> str:
    """The working of the step before, for everybody to see."""
    done = play.done.get(play.step - 1)
    said = str(done.facts.get("said", "")) if done else ""
    return (
        f'<section class="card said"><strong>刚算好的</strong><p>{escape(said)}</p></section>' if said else ""
    )


def _vote(sitting: Sitting) -> str:
    play = sitting.play
    step = play.current
    if step is None or step.task is not Task.BALLOT:
        return ""
    told = f'<p role="status">已投 {len(play.voted)} 张，有票的手机共 {play.voters} 部。</p>'
    if playing.may_vote(play, sitting.seat):
        paper = form(sitting, Kind.VOTE, "投票（投了不能改）", forms.ballot(play), big=True)
        return f'<section class="card mine"><strong>请您投票</strong>{paper}</section>{told}'
    if sitting.seat in play.voted:
        return f"<p><strong>您已经投过票了。</strong>投了什么，谁也看不到。</p>{told}"
    return f'<p class="soft">{escape(playing.no_ballot(play.seat(sitting.seat)))}</p>{told}'


def _confirm(sitting: Sitting, step: Step) -> str:
    play, seat = sitting.play, sitting.play.seat(sitting.seat)
    if not play.may_confirm(sitting.seat):
        return "" if step.role in seat.roles else '<p class="wait">请等他做完，这里会自己更新。</p>'
    if step.role in seat.roles:
        word = "确认做完（关键步骤）" if step.key else "做完了，下一步"
        if step.task is Task.BALLOT:
            word = "大家都投了，收票"
        inside = form(sitting, Kind.CONFIRM, word, forms.fields(play), big=True)
        return f'<section class="card mine"><strong>轮到您了</strong>{inside}</section>'
    if step.task is Task.BALLOT and play.closes_early:
        return form(sitting, Kind.CONFIRM, "主持人收票，不再等没投的人")
    by = "翻到下一步（系统代演）" if not play.holders(step.role) else "替他翻到下一步"
    entered = _entered(playing.defaults(play), play)
    turns = form(sitting, Kind.CONFIRM, by, big=True)
    return f'<section class="card mine"><strong>请主持人翻页</strong>{entered}{turns}</section>'


def _entered(facts: Facts, play: Play) -> str:
    lines = [
        f"{one.label}：{facts[one.name]}"
        for one in forms.asked(play)
        if one.kind in (forms.DATE, forms.NUMBER) and one.name in facts
    ]
    return f'<p class="soft">系统会填：{escape("；".join(lines))}</p>' if lines else ""


def _recount(sitting: Sitting) -> str:
    play, seat = sitting.play, sitting.play.seat(sitting.seat)
    may = sitting.seat == HOST or playing.SIGN_IN in seat.roles
    if not (may and play.may_recount and play.stage is Stage.RUNNING):
        return ""
    field = (
        '<p><label>实到人数<input type="number" inputmode="numeric" name="present" min="1" '
        f'value="{play.known["present"]}" required></label></p>'
    )
    corrected = form(sitting, Kind.RECOUNT, "更正", field)
    return f"<details><summary>有人来了或走了，更正实到人数</summary>{corrected}</details>"


def _hosts(sitting: Sitting) -> str:
    if sitting.seat != HOST:
        return ""
    play, number = sitting.play, sitting.rehearsal.id
    acts = []
    if play.stage is Stage.GATHERING:
        acts.append(form(sitting, Kind.START, "开始", big=True))
    if play.stage is Stage.RUNNING:
        ballot = play.case.first(Task.BALLOT)
        if ballot is not None and play.step > ballot and not play.known.get("good", True):
            acts.append(form(sitting, Kind.REVOTE, "再投一次"))
        acts.append(
            form(sitting, Kind.FINISH, "完成实训", big=True)
            if play.current is None
            else form(sitting, Kind.PAUSE, "暂停")
        )
    if play.stage is Stage.PAUSED:
        acts.append(form(sitting, Kind.RESUME, "继续", big=True))
    others = (
        form(sitting, Kind.ADMIT_NONE, "只让本支部的同志加入")
        if play.admits_others
        else form(sitting, Kind.ADMIT, "允许外支部加入")
    )
    if play.current is None:
        return f'<section class="card"><strong>主持人</strong>{"".join(acts)}</section>'
    stop = form(sitting, Kind.STOP, "提前结束")
    opened = " open" if play.stage is Stage.GATHERING else ""
    return (
        f'<section class="card"><strong>主持人</strong>{"".join(acts)}'
        f'<details id="code"{opened}><summary>请大家扫码加入</summary>'
        f'<p class="qr"><img src="/rehearsals/{number}/code.svg" alt="加入实训的二维码"></p>'
        f"{others}</details>"
        f'<details id="end"><summary>不做完就结束</summary>{stop}</details></section>'
    )


def _roles(sitting: Sitting) -> str:
    play, seat = sitting.play, sitting.play.seat(sitting.seat)
    mine = "".join(
        f"<li>{badge(cases.role(code))}<p>{escape(cases.role(code).does)}。</p>"
        f"{form(sitting, Kind.DROP, '放下这个角色', _role(code))}</li>"
        for code in sorted(seat.roles)
    )
    free = "".join(
        f'<li>{badge(cases.role(code))} <span class="soft">{_who(sitting, code)}</span>'
        f"{form(sitting, Kind.TAKE, f'我来当{cases.role(code).name}', _role(code))}</li>"
        for code in play.cast
        if code not in seat.roles and not (cases.role(code).alone and play.holders(code))
    )
    none = '<p class="soft">还没有选，可以选几个。</p>'
    opened = " open" if play.stage is Stage.GATHERING and not seat.roles else ""
    return (
        f'<h2>我的角色</h2><ul class="plain">{mine}</ul>{"" if mine else none}'
        f'<details id="roles"{opened}><summary>选角色</summary><ul class="plain">{free}</ul></details>'
    )


def _role(code: str) -> str:
    return f'<input type="hidden" name="role" value="{code}">'


def _who(sitting: Sitting, code: str) -> str:
    names = [sitting.names.get(one.number, one.name) for one in sitting.play.holders(code)]
    return escape("已有 " + "、".join(names) if names else "没有人")


def _people(sitting: Sitting) -> str:
    rows = "".join(_person(sitting, seat) for seat in sitting.play.seats if seat.here)
    leave = "" if sitting.seat == HOST else form(sitting, Kind.LEAVE, "我先离席（扫码可以回来）")
    return f'<h2>在座的人</h2><ul class="plain">{rows}</ul>{leave}'


def _person(sitting: Sitting, seat: Seat) -> str:
    name = escape(sitting.names.get(seat.number, seat.name))
    roles = "".join(badge(cases.role(code)) for code in sorted(seat.roles))
    host = "（主持人）" if seat.number == HOST else ""
    away = ""
    if sitting.seat == HOST and seat.number != HOST:
        inside = f'<input type="hidden" name="seat" value="{seat.number}">'
        away = (
            f"<details><summary>请他离席</summary>{form(sitting, Kind.REMOVE, '请他离席', inside)}</details>"
        )
    return f"<li>{seat.number}号 {name}{host} {roles}{away}</li>"


def _so_far(sitting: Sitting) -> str:
    if not sitting.play.done:
        return ""
    return (
        f'<details id="done"><summary>做完的 {len(sitting.play.done)} 步</summary>{_done(sitting)}</details>'
    )


def _done(sitting: Sitting) -> str:
    play = sitting.play
    items = []
    for number, done in sorted(play.done.items()):
        step = play.case.steps[number - 1]
        by = "系统代演" if done.seat == SYSTEM else sitting.names.get(done.seat, f"{done.seat}号")
        said = f"<p>{escape(str(done.facts['said']))}</p>" if done.facts.get("said") else ""
        items.append(
            f'<li class="step {step.role}"><p class="head"><span class="soft">{number}.</span> '
            f"{badge(cases.role(step.role))} {KEY if step.key else ''}</p><p>{escape(step.do)}。</p>{said}"
            f'<p class="soft">{escape(by)}；留下：{escape("、".join(step.leaves))}</p></li>'
        )
    return f'<ol class="steps">{"".join(items)}</ol>'


def summary(sitting: Sitting) -> str:
    """What was done, what it came to, and the documents that each step leaves behind."""
    play = sitting.play
    steps = [play.case.steps[number - 1] for number in sorted(play.done)]
    key = sum(step.key for step in steps)
    how = "全部做完" if play.complete else "提前结束"
    by_record: dict[str, list[str]] = {}
    for step in steps:
        kept = by_record.setdefault(step.record, [])
        kept += [one for one in step.leaves if one not in kept]
    papers = "".join(
        f"<li><strong>{escape(cases.record_name(code))}</strong>：{escape('、'.join(leaves))}</li>"
        for code, leaves in sorted(by_record.items())
    )
    left = f"<h2>留下的文书</h2><ul>{papers}</ul>" if papers else ""
    return (
        f"<h1>{escape(play.case.title)}：{how}</h1><p>做了 {len(steps)} 步（共 {len(play.case.steps)} 步），"
        f"其中关键步骤 {key} 步（共 {play.case.key_steps} 步）。</p>{left}<h2>做了什么</h2>{_done(sitting)}"
    )


def _rules(step: Step) -> str:
    return "；".join(str(citation) for citation in step.citations) or "操作建议，没有专门条文"
