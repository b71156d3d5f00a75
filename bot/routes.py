"""The table of what the official account answers. The first line that admits a message wins."""

from bot import (
    assessments,
    bookings,
    cases,
    checkins,
    claims,
    complaints,
    follows,
    guests,
    learning,
    lessons,
    menu,
    questions,
    records,
    rehearsals,
    showcase,
    sites,
    subscriptions,
    workers,
)
from bot.router import Manner, Route

TEXT = ("text", "voice")
EVENT = ("event",)
INSTANT, READS, STEPS, CHANGES = Manner.INSTANT, Manner.READS, Manner.STEPS, Manner.CHANGES

ROUTES = (
    # Coming and going.
    Route(EVENT, follows.followed_by_scan, STEPS, events=("subscribe_scan",)),
    Route(EVENT, follows.followed, STEPS, events=("subscribe",)),
    Route(EVENT, follows.unfollowed, CHANGES, events=("unsubscribe",), from_person=False),
    Route(EVENT, follows.withdrew, CHANGES, events=follows.WITHDRAWALS, from_person=False),
    # The site's poster.
    Route(EVENT, checkins.scanned, CHANGES, events=("scan",)),
    # The menu.
    Route(EVENT, sites.listed, READS, events=("click",), keys=(menu.NEAR,)),
    Route(EVENT, bookings.mine, READS, events=("click",), keys=(menu.BOOKINGS,)),
    Route(EVENT, lessons.this_week, CHANGES, events=("click",), keys=(menu.LESSON,)),
    Route(EVENT, showcase.listed, READS, events=("click",), keys=(menu.SHOWCASE,)),
    Route(EVENT, checkins.how_to, INSTANT, events=("click",), keys=(menu.CHECK_IN,)),
    Route(EVENT, complaints.how_to, INSTANT, events=("click",), keys=(menu.COMPLAIN,)),
    Route(EVENT, questions.help_asked, INSTANT, events=("click",)),
    # What WeChat reports.
    Route(EVENT, lessons.mass_finished, CHANGES, events=("masssendjobfinish",), from_person=False),
    Route(EVENT, lessons.template_finished, CHANGES, events=("templatesendjobfinish",), from_person=False),
    Route(EVENT, lessons.single_finished, CHANGES, events=("subscribe_msg_sent_event",), from_person=False),
    Route(EVENT, subscriptions.answered, CHANGES, events=("subscribe_msg_popup_event",)),
    Route(EVENT, subscriptions.changed, CHANGES, events=("subscribe_msg_change_event",)),
    # What people write or say.
    Route(TEXT, sites.listed, READS, words=("附近阵地", "阵地", "党建地图", "组织生活点")),
    Route(TEXT, bookings.mine, READS, words=("我的预约", "预约")),
    Route(TEXT, bookings.cancelled, CHANGES, opening=bookings.CANCEL),
    Route(TEXT, bookings.resized, CHANGES, opening=bookings.RESIZE),
    Route(TEXT, bookings.accepted, CHANGES, opening=bookings.ACCEPT),
    Route(TEXT, guests.listed, READS, words=("可加入的活动", "加入活动", "流动党员活动", "就近活动")),
    Route(TEXT, guests.joined, CHANGES, opening=guests.JOIN),
    Route(TEXT, guests.left, CHANGES, opening=guests.LEAVE),
    Route(TEXT, claims.mine, READS, words=("我的补单", "补单")),
    Route(TEXT, assessments.mine, READS, words=("评估", "我的评估", "整改", "问题整改")),
    Route(TEXT, claims.to_do, READS, words=("待办", "我的待办")),
    Route(TEXT, workers.trainings, READS, words=("我的培训", "培训", "培训班")),
    Route(TEXT, workers.rotation, READS, words=("轮训", "跟班轮训", "我的轮训")),
    Route(TEXT, checkins.how_to, INSTANT, words=("签到",)),
    Route(TEXT, checkins.my_code, READS, words=("我的码", "我的签到码", "签到码")),
    Route(TEXT, lessons.this_week, CHANGES, words=("本周课程", "周五1小时", "课程", "微课")),
    Route(TEXT, lessons.stop, CHANGES, words=("不收课程", "退订课程", "退订微课", "不收微课")),
    Route(TEXT, lessons.start, CHANGES, words=("收课程", "订阅课程", "订阅微课", "收微课")),
    Route(TEXT, learning.quiz, CHANGES, words=("测验", "本周测验", "题目", "做题", "答题", "想一想")),
    Route(TEXT, learning.practise, CHANGES, words=("练习", "练一练", "复习")),
    Route(TEXT, learning.solved, CHANGES, words=("看答案", "答案")),
    Route(TEXT, learning.remembered, CHANGES, words=("记住了", "没记住")),
    Route(TEXT, learning.answered, CHANGES, opening=learning.ANSWERS),
    Route(TEXT, learning.one_answered, CHANGES, opening=learning.ONE_ANSWER),
    Route(
        TEXT, questions.followed_up, READS, words=("1", "2", "3", "１", "２", "３", "详细", "详情", "步骤")
    ),
    Route(TEXT, questions.followed_up, READS, words=("原文", "条文", "原话")),
    Route(TEXT, questions.useful, CHANGES, words=("有用", "有帮助", "很有用", "挺有用")),
    Route(TEXT, questions.useless, CHANGES, opening=questions.OBJECTION),
    Route(TEXT, questions.more, READS, words=("更多", "下文")),
    Route(TEXT, questions.how_to_bind, INSTANT, words=("绑定", "绑定手机号")),
    Route(TEXT, questions.help_asked, INSTANT, words=("帮助", "菜单", "?", "？", "怎么用")),
    Route(TEXT, cases.listed, INSTANT, words=("案例", "一套案例", "实训案例")),
    Route(TEXT, showcase.listed, READS, words=("样板", "一批样板", "示范点", "示范点名单", "样板名单")),
    Route(TEXT, rehearsals.mine, READS, words=("实训", "我的实训")),
    Route(TEXT, rehearsals.joined, CHANGES, opening=rehearsals.JOINING),
    Route(TEXT, records.due, READS, words=("手册", "一本手册", "支部手册")),
    Route(TEXT, records.listed, INSTANT, words=("模板", "纪实模板")),
    Route(TEXT, records.template, INSTANT, opening=records.OPENING),
    Route(TEXT, cases.steps, INSTANT, opening=cases.OPENING),
    Route(TEXT, cases.one_role, INSTANT, opening=cases.ROLE_OPENING),
    Route(TEXT, complaints.complained, CHANGES, opening=complaints.OPENING, private=True),
    Route(TEXT, questions.asked, INSTANT, says_something=True),
    Route(("location",), sites.near, READS),
    Route(("text", "voice", "image", "video", "shortvideo", "link", "file"), questions.only_text, INSTANT),
)
