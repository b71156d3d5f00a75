"""Bad days on demand: slow answers, errors, lost answers, and callbacks out of turn."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

RULE_LISTS = ("errors", "accept_then_timeout", "drop", "empty_body")
PROBABILITIES = ("duplicate_callbacks", "reorder_callbacks")
ACTIONS = ("token_death", "quota_left", "seed")


class BadFault(Exception):
    """A fault that cannot be understood; the message says why, in Chinese."""


@dataclass(slots=True)
class Rule:
    """What happens to calls of a path (`*` at the end: a prefix), how often, and how many times."""

    path: str
    probability: float = 1.0
    times: int | None = None
    errcode: int = -1
    status: int | None = None
    detail: str = ""
    seconds: float = 30.0

    def matches(self, path: str) -> bool:
        """Whether it is about that path."""
        return path.startswith(self.path[:-1]) if self.path.endswith("*") else path == self.path

    def show(self) -> dict[str, Any]:
        """As it was given."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Faults:
    """The faults in force."""

    latency_ms: float = 0.0
    errors: list[Rule] = field(default_factory=list)
    accept_then_timeout: list[Rule] = field(default_factory=list)
    drop: list[Rule] = field(default_factory=list)
    empty_body: list[Rule] = field(default_factory=list)
    duplicate_callbacks: float = 0.0
    reorder_callbacks: float = 0.0
    mass_status: str = ""
    random: Random = field(default_factory=Random)

    def take(self, rules: list[Rule], path: str) -> Rule | None:
        """The first rule that strikes this call, counted down."""
        for rule in rules:
            if rule.times == 0 or not rule.matches(path):
                continue
            if rule.probability >= 1 or self.random.random() < rule.probability:
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None

    def strikes(self, probability: float) -> bool:
        """Throw the dice once."""
        return probability > 0 and self.random.random() < probability

    def set(self, given: Mapping[str, Any]) -> None:
        """Put the given faults in force; those not named stay as they are.

        Raises:
            BadFault: nothing was changed.
        """
        changes = {name: _read(name, value) for name, value in given.items() if name not in ACTIONS}
        if isinstance(given.get("seed"), int):
            self.random = Random(given["seed"])
        for name, value in changes.items():
            setattr(self, name, value)

    def show(self) -> dict[str, Any]:
        """What is in force."""
        shown: dict[str, Any] = {name: [r.show() for r in getattr(self, name)] for name in RULE_LISTS}
        for name in ("latency_ms", *PROBABILITIES, "mass_status"):
            shown[name] = getattr(self, name)
        return shown


def _read(name: str, value: Any) -> Any:
    if name in RULE_LISTS:
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = {"path": "*", "probability": value}
        return [_rule(name, item) for item in (value if isinstance(value, list) else [value])]
    if name == "latency_ms" or name in PROBABILITIES:
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise BadFault(f"{name} 应是不小于 0 的数")
        return float(value)
    if name == "mass_status":
        return str(value or "")
    raise BadFault(f"不认识的故障：{name}")


def _rule(name: str, value: Any) -> Rule:
    if not isinstance(value, dict) or not isinstance(value.get("path"), str):
        raise BadFault(f"{name} 的每一项都要写明 path")
    unknown = set(value) - set(Rule.__slots__)
    if unknown:
        raise BadFault(f"{name} 里有不认识的字段：{'、'.join(sorted(unknown))}")
    rule = Rule(**value)
    if not isinstance(rule.probability, int | float) or not 0 <= rule.probability <= 1:
        raise BadFault(f"{name} 的 probability 应在 0 到 1 之间")
    if rule.times is not None and (not isinstance(rule.times, int) or rule.times < 0):
        raise BadFault(f"{name} 的 times 应是不小于 0 的整数或 null")
    if not isinstance(rule.errcode, int) or not isinstance(rule.seconds, int | float):
        raise BadFault(f"{name} 的 errcode、seconds 应是数")
    return rule
