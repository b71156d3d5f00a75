"""The tree of party organizations: made, renamed, moved; a subtree is one query."""

import re
import string

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import audit
from handlers.access import officer_reach, reach
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound
from handlers.locks import hold
from models import Organization, OrganizationKind, Scope
from models.organizations import SEGMENT

BASE36 = string.digits + string.ascii_uppercase
PATH_LENGTH = 32
TREE = "organization tree"
"""The lock under which paths change."""
MAY_HOLD: dict[OrganizationKind, frozenset[OrganizationKind]] = {
    # A village with many members may have a committee of its own below the town's.
    OrganizationKind.DISTRICT: frozenset(OrganizationKind) - {OrganizationKind.DISTRICT},
    OrganizationKind.COMMITTEE: frozenset(OrganizationKind) - {OrganizationKind.DISTRICT},
    OrganizationKind.GENERAL_BRANCH: frozenset({OrganizationKind.BRANCH}),
    OrganizationKind.BRANCH: frozenset(),
}
KIND_NAMES = {
    OrganizationKind.DISTRICT: "区委组织部",
    OrganizationKind.COMMITTEE: "党（工）委",
    OrganizationKind.GENERAL_BRANCH: "党总支",
    OrganizationKind.BRANCH: "党支部",
}
_CODE = re.compile(r"[0-9A-Za-z-]{1,32}")


def segment(organization_id: int) -> str:
    """An id as its `SEGMENT` characters of a path.

    Raises:
        OverflowError: the id is beyond 36**SEGMENT - 1, about 1.7 million.
    """
    digits = ""
    while organization_id:
        organization_id, rest = divmod(organization_id, 36)
        digits = BASE36[rest] + digits
    if len(digits) > SEGMENT:
        raise OverflowError("organization id is too large for a path segment")
    return digits.rjust(SEGMENT, "0")


async def create(
    ctx: Context,
    *,
    code: str,
    name: str,
    kind: OrganizationKind,
    parent: Organization | None = None,
    scope: Scope = Scope.NONE,
    town: str = "",
) -> Organization:
    """Make an organization below `parent`; the district alone has none."""
    _check_words(code=code, name=name)
    await _require_officer_over(ctx, parent)
    try:
        async with in_transaction() as connection:
            await hold(connection, TREE)
            above = await _fresh(parent)
            _check_place(kind, above)
            path = above.path if above is not None else ""
            made = await Organization.create(
                code=code, name=name.strip(), kind=kind, scope=scope, town=town, parent=above
            )
            made.path = path + segment(made.id)
            await made.save(update_fields=["path"])
            await audit.record(
                ctx, "organization.created", f"organization:{made.id}", code=code, parent=made.parent_id
            )
    except IntegrityError:
        raise BadInput(code=f"编码 {code} 已被别的党组织使用，请换一个编码") from None
    return made


async def rename(ctx: Context, *, organization: Organization, name: str) -> Organization:
    """Give an organization another name; its code stays."""
    _check_words(name=name)
    await _require_officer_over(ctx, organization)
    async with in_transaction():
        organization.name = name.strip()
        await organization.save(update_fields=["name"])
        await audit.record(ctx, "organization.renamed", f"organization:{organization.id}")
    return organization


async def move(ctx: Context, *, organization: Organization, parent: Organization) -> Organization:
    """Hang a subtree below another parent; everything in it keeps its place within it."""
    await _require_officer_over(ctx, organization)
    await _require_officer_over(ctx, parent)
    async with in_transaction() as connection:
        # One move at a time: two could otherwise hang each below the other.
        await hold(connection, TREE)
        moved, above = await _fresh(organization), await _fresh(parent)
        if moved is None or above is None:
            raise NotFound
        if moved.contains(above):
            raise BadInput(parent="不能移到自己或自己的下级党组织之下，请另选上级党组织")
        _check_place(moved.kind, above)
        before, old, new = moved.parent_id, moved.path, above.path + segment(moved.id)
        await _check_depth(old, new)
        await Organization.filter(id=moved.id).update(parent_id=above.id)
        sqlite = connection.capabilities.dialect == "sqlite"
        marks = ("?", "?", "?") if sqlite else ("$1::text", "$2::int", "$3::text")
        statement = "UPDATE organizations SET path = {} || substr(path, {}) WHERE path LIKE {}"
        await connection.execute_query(statement.format(*marks), [new, len(old) + 1, f"{old}%"])
        await audit.record(
            ctx, "organization.moved", f"organization:{moved.id}", before=before, after=above.id
        )
    await moved.refresh_from_db()
    return moved


async def get(ctx: Context, *, code: str) -> Organization:
    """The organization with this code.

    Raises:
        NotFound: there is none.
    """
    found = await Organization.get_or_none(code=code)
    if found is None:
        raise NotFound
    return found


async def list_subtree(ctx: Context, *, organization: Organization) -> list[Organization]:
    """An organization and everything below it, parents before children; for those whose duty covers it."""
    if not (await reach(ctx)).covers_organization(organization):
        raise NotAllowed
    return await organization.subtree().order_by("path")


async def _require_officer_over(ctx: Context, organization: Organization | None) -> None:
    officer = await officer_reach(ctx)
    if officer is not None and (organization is None or not officer.covers_organization(organization)):
        raise NotAllowed


async def _fresh(organization: Organization | None) -> Organization | None:
    """The row as it is under the lock: the one in hand may be from before somebody's move."""
    return None if organization is None else await Organization.get_or_none(id=organization.id)


def _check_words(*, code: str = "-", name: str = "--") -> None:
    wrong = {}
    if not _CODE.fullmatch(code):
        wrong["code"] = "党组织编码只能用字母、数字和短横线，最多 32 个字符"
    if not 2 <= len(name.strip()) <= 80:
        wrong["name"] = "党组织名称应为 2 到 80 个字"
    if wrong:
        raise BadInput(**wrong)


def _check_place(kind: OrganizationKind, above: Organization | None) -> None:
    if above is None and kind is not OrganizationKind.DISTRICT:
        raise BadInput(parent="请选择上级党组织")
    if above is not None and kind not in MAY_HOLD[above.kind]:
        raise BadInput(parent=f"{KIND_NAMES[above.kind]}之下不能设{KIND_NAMES[kind]}，请另选上级党组织")
    if above is not None and len(above.path) + SEGMENT > PATH_LENGTH:
        raise BadInput(parent="党组织层级过深，请移到较高的层级之下")


async def _check_depth(old: str, new: str) -> None:
    paths = await Organization.filter(path__startswith=old).values_list("path", flat=True)
    deepest = max(len(str(path)) for path in paths)
    if deepest + len(new) - len(old) > PATH_LENGTH:
        raise BadInput(parent="移动后层级过深，请移到较高的层级之下")
