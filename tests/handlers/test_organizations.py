"""The tree stays a tree, and a subtree is one query, whatever is made and moved."""

import asyncio

import pytest

from handlers import organizations
from handlers.context import Caller, Context
from handlers.errors import BadInput, NotAllowed, NotFound
from models import AuditEntry, Duty, Organization, OrganizationKind, Person, Role

DISTRICT, COMMITTEE, GENERAL, BRANCH = OrganizationKind


@pytest.fixture
async def tree(ctx: Context) -> dict[str, Organization]:
    """A district with two committees; a general branch with a branch below the first."""
    made: dict[str, Organization] = {}
    for code, kind, above in (
        ("D", DISTRICT, ""), ("C1", COMMITTEE, "D"), ("C2", COMMITTEE, "D"),
        ("G1", GENERAL, "C1"), ("B1", BRANCH, "G1"), ("B2", BRANCH, "C2"),
    ):  # fmt: skip
        made[code] = await organizations.create(
            ctx, code=code, name=f"演示{code}", kind=kind, parent=made.get(above)
        )
    return made


async def subtree(organization: Organization) -> set[str]:
    await organization.refresh_from_db()
    return {row.code for row in await organization.subtree()}


async def test_a_subtree_is_found_by_its_path(tree: dict[str, Organization]) -> None:
    assert await subtree(tree["D"]) == set(tree)
    assert await subtree(tree["C1"]) == {"C1", "G1", "B1"}
    assert await subtree(tree["B2"]) == {"B2"}


async def test_a_moved_subtree_keeps_its_shape(ctx: Context, tree: dict[str, Organization]) -> None:
    await organizations.move(ctx, organization=tree["G1"], parent=tree["C2"])
    assert await subtree(tree["C1"]) == {"C1"}
    assert await subtree(tree["C2"]) == {"C2", "B2", "G1", "B1"}
    assert await subtree(tree["G1"]) == {"G1", "B1"}
    assert await AuditEntry.filter(action="organization.moved").count() == 1


async def test_nothing_moves_below_itself(ctx: Context, tree: dict[str, Organization]) -> None:
    for parent in ("C1", "G1", "B1"):
        with pytest.raises(BadInput) as refused:
            await organizations.move(ctx, organization=tree["C1"], parent=tree[parent])
        assert "parent" in refused.value.fields
    assert await subtree(tree["C1"]) == {"C1", "G1", "B1"}


async def test_two_committees_moved_below_each_other_at_once_do_not_make_a_ring(
    ctx: Context, tree: dict[str, Organization]
) -> None:
    done = await asyncio.gather(
        organizations.move(ctx, organization=tree["C1"], parent=tree["C2"]),
        organizations.move(ctx, organization=tree["C2"], parent=tree["C1"]),
        return_exceptions=True,
    )
    assert sum(isinstance(result, BadInput) for result in done) == 1
    assert await subtree(tree["D"]) == set(tree)


async def test_branches_made_at_once_have_different_paths(
    ctx: Context, tree: dict[str, Organization]
) -> None:
    await asyncio.gather(
        *(
            organizations.create(ctx, code=f"N{n}", name="演示", kind=BRANCH, parent=tree["C1"])
            for n in range(8)
        )
    )
    assert len(await subtree(tree["C1"])) == 11
    paths = await Organization.all().values_list("path", flat=True)
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(
    ("kind", "above"), [(BRANCH, "B2"), (COMMITTEE, "G1"), (GENERAL, "G1"), (DISTRICT, "D"), (BRANCH, "")]
)
async def test_levels_stand_in_their_order(
    ctx: Context, tree: dict[str, Organization], kind: OrganizationKind, above: str
) -> None:
    with pytest.raises(BadInput):
        await organizations.create(ctx, code="X", name="演示", kind=kind, parent=tree.get(above))
    assert not await Organization.filter(code="X").exists()


async def test_a_tree_is_not_deeper_than_its_paths_can_say(
    ctx: Context, tree: dict[str, Organization]
) -> None:
    above = tree["C1"]
    for level in range(6):
        above = await organizations.create(ctx, code=f"L{level}", name="演示", kind=COMMITTEE, parent=above)
    with pytest.raises(BadInput, match="过深"):
        await organizations.create(ctx, code="L9", name="演示", kind=COMMITTEE, parent=above)
    with pytest.raises(BadInput, match="过深"):
        await organizations.move(ctx, organization=tree["C1"], parent=tree["C2"])


async def test_a_code_is_taken_once(ctx: Context, tree: dict[str, Organization]) -> None:
    with pytest.raises(BadInput, match="已被"):
        await organizations.create(ctx, code="B2", name="演示", kind=BRANCH, parent=tree["C1"])
    assert await Organization.all().count() == len(tree)


@pytest.mark.parametrize(
    ("code", "name"), [("", "演示"), ("有字", "演示"), ("x" * 33, "演示"), ("X", " "), ("X", "长" * 81)]
)
async def test_wrong_words_are_named_by_field(
    ctx: Context, tree: dict[str, Organization], code: str, name: str
) -> None:
    with pytest.raises(BadInput) as refused:
        await organizations.create(ctx, code=code, name=name, kind=BRANCH, parent=tree["C1"])
    assert set(refused.value.fields) <= {"code", "name"}


async def officer(organization: Organization, role: Role) -> Caller:
    person = await Person.create(name="演示甲", organization=organization)
    await Duty.create(person=person, role=role, organization=organization)
    return Caller(person=person)


async def test_a_town_officer_changes_only_the_own_subtree(
    ctx: Context, tree: dict[str, Organization]
) -> None:
    mine = ctx.on_behalf_of(await officer(tree["C1"], Role.TOWN_OFFICER))
    await organizations.create(mine, code="N", name="演示", kind=BRANCH, parent=tree["C1"])
    for refused in (
        organizations.create(mine, code="M", name="演示", kind=BRANCH, parent=tree["C2"]),
        organizations.move(mine, organization=tree["G1"], parent=tree["C2"]),
        organizations.move(mine, organization=tree["B2"], parent=tree["C1"]),
        organizations.rename(mine, organization=tree["C2"], name="别的名字"),
        organizations.list_subtree(mine, organization=tree["C2"]),
    ):
        with pytest.raises(NotAllowed):
            await refused
    assert {row.code for row in await organizations.list_subtree(mine, organization=tree["C1"])} == {
        "C1", "G1", "B1", "N",
    }  # fmt: skip


async def test_a_branch_worker_changes_no_organization(ctx: Context, tree: dict[str, Organization]) -> None:
    worker = ctx.on_behalf_of(await officer(tree["B1"], Role.BRANCH_WORKER))
    with pytest.raises(NotAllowed):
        await organizations.rename(worker, organization=tree["B1"], name="别的名字")


async def test_an_unknown_code_is_not_found(ctx: Context, tree: dict[str, Organization]) -> None:
    assert (await organizations.get(ctx, code="C1")).id == tree["C1"].id
    with pytest.raises(NotFound):
        await organizations.get(ctx, code="nobody")


def test_segments_are_four_characters_and_keep_the_order_of_ids() -> None:
    segments = [organizations.segment(id_) for id_ in (1, 35, 36, 1799, 36**4 - 1)]
    assert segments == ["0001", "000Z", "0010", "01DZ", "ZZZZ"]
    with pytest.raises(OverflowError):
        organizations.segment(36**4)
