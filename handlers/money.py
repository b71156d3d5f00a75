"""Amounts of money, kept in fen."""


def yuan(fen: int) -> str:
    """Fen as yuan: 4550 → 45.50."""
    return f"{fen // 100}.{fen % 100:02}"
