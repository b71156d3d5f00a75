"""Everything of the official account: its messages in, its replies out."""

import sys
from importlib.util import find_spec, module_from_spec


def load_parts_only(name: str) -> None:
    """Have a package's parts imported one by one, without all that its `__init__` imports."""
    if name not in sys.modules and (spec := find_spec(name)) is not None:
        sys.modules[name] = module_from_spec(spec)


load_parts_only("wechatpy")  # Its parser and its replies; not its clients, nor requests, which those use.
