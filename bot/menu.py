"""The account's menu, and the keys its buttons send."""

from typing import Any

NEAR = "SITES_NEAR"
BOOKINGS = "MY_BOOKINGS"
CHECK_IN = "HOW_TO_CHECK_IN"
LESSON = "LESSON_THIS_WEEK"
HELP = "HELP"
COMPLAIN = "COMPLAIN"
ASK = "ASK"
SHOWCASE = "SHOWCASE"


def menu() -> dict[str, Any]:
    """What menu/create gets: at most three buttons of at most five, names within 16 and 60 bytes."""
    return {
        "button": [
            {
                "name": "阵地",
                "sub_button": [
                    click("附近阵地", NEAR),
                    click("我的预约", BOOKINGS),
                    click("怎样签到", CHECK_IN),
                ],
            },
            {
                "name": "学习",
                "sub_button": [
                    click("本周课程", LESSON),
                    click("问党务知识", ASK),
                    click("一批样板", SHOWCASE),
                ],
            },
            {"name": "服务", "sub_button": [click("使用帮助", HELP), click("意见建议", COMPLAIN)]},
        ]
    }


def click(name: str, key: str) -> dict[str, str]:
    """A button that sends its key."""
    return {"type": "click", "name": name, "key": key}
