"""The nine practice cases: by case, by role, the key steps first if one likes."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from handlers.case_content import Casebook, CaseContent, CaseRole, Step, load
from handlers.context import Context
from handlers.errors import NotFound

CONTENT = Path(__file__).parents[1] / "content" / "cases"


@dataclass(frozen=True, slots=True)
class Placed:
    """A step with its number and where it stands."""

    case: CaseContent
    number: int
    step: Step

    @property
    def name(self) -> str:
        """C2-08."""
        return self.case.name_of(self.number)


@dataclass(frozen=True, slots=True)
class RoleAcross:
    """A role and everything it does: its own steps, and those in which it does something beside."""

    role: CaseRole
    steps: tuple[Placed, ...]
    beside: tuple[Placed, ...]


@cache
def casebook() -> Casebook:
    """What is shipped; read once."""
    return load(CONTENT)


async def list_cases(ctx: Context) -> list[CaseContent]:
    """All cases in the order of their codes."""
    return list(casebook().cases.values())


async def get_case(ctx: Context, *, code: str) -> CaseContent:
    """One case; `c2` is `C2`.

    Raises:
        NotFound: there is none.
    """
    case = casebook().cases.get(code.upper())
    if case is None:
        raise NotFound
    return case


async def list_roles(ctx: Context) -> list[CaseRole]:
    """All roles in the order of their codes."""
    return list(casebook().roles.values())


async def get_role(ctx: Context, *, code: str, key_first: bool = False) -> RoleAcross:
    """Everything one role does across the cases.

    Raises:
        NotFound: there is no such role.
    """
    role = casebook().roles.get(code.upper())
    if role is None:
        raise NotFound
    every = [one for case in casebook().cases.values() for one in steps_of(case)]
    own = [one for one in every if one.step.role == role.code]
    beside = [one for one in every if role.code in one.step.also]
    return RoleAcross(role, ordered(own, key_first=key_first), ordered(beside, key_first=key_first))


def steps_of(case: CaseContent) -> tuple[Placed, ...]:
    """The steps with their numbers."""
    return tuple(Placed(case, number, step) for number, step in enumerate(case.steps, start=1))


def ordered(steps: list[Placed] | tuple[Placed, ...], *, key_first: bool) -> tuple[Placed, ...]:
    """As they follow each other, or the key ones before the others."""
    return tuple(sorted(steps, key=lambda one: not one.step.key) if key_first else steps)


def role(code: str) -> CaseRole:
    """A role that is known to exist."""
    return casebook().roles[code]


def record_name(code: str) -> str:
    """The name of the handbook's template."""
    return casebook().records[code]


def find(words: str) -> CaseContent | None:
    """The case that a person means by `2`, `C2`, `换届`: by number, else by its most exact word."""
    said = words.strip().upper().removesuffix("流程").removesuffix("案例").strip()
    cases = casebook().cases
    if (code := said if said.startswith("C") else f"C{said}") in cases:
        return cases[code]
    known = [(word, case) for case in cases.values() for word in (case.title, *case.words)]
    hits = [(word, case) for word, case in known if word == said]
    hits = hits or [(word, case) for word, case in known if word in said]
    hits = hits or [(word, case) for word, case in known if len(said) > 1 and said in word]
    return max(hits, key=lambda hit: len(hit[0]))[1] if hits else None


def find_role(words: str) -> CaseRole | None:
    """The role that a person means by its code, name or label."""
    said = words.strip().upper()
    roles = casebook().roles.values()
    return next((one for one in roles if said in (one.code, one.name, one.label)), None)
