"""Free text on one line, as forms and the chat hand it over. Pure."""

from handlers.errors import BadInput


def one_line(text: str, *, longest: int, field: str, required: bool = True) -> str:
    """The text trimmed, its spaces and line breaks each one space.

    Raises:
        BadInput: it is empty or too long.
    """
    line = " ".join(text.split())
    if required and not line:
        raise BadInput(**{field: "请填写此项"})
    if len(line) > longest:
        raise BadInput(**{field: f"不能超过 {longest} 个字"})
    return line
