"""What stands in the place of a text that isn't shown (handlers/screenings)."""

STAND_IN = "（内容待审核）"
WITHHELD = "（内容不予显示）"
NOT_SHOWN = (STAND_IN, WITHHELD)
