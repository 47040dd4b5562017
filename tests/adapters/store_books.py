"""The store's contract: what is configured, and who is on the books."""

from dataclasses import replace
from datetime import date, time

import pytest

from gateway.adapters.db import SqliteStore
from gateway.application.errors import ConflictError, UnknownError
from gateway.domain.directory import AllowMode, AntiPassback, Mode, OperatorState
from gateway.domain.ids import DoorRef, HolderId, OperatorId, PassRef, PlanId, VenueId, ZoneId
from gateway.domain.passes import PassKind, Service
from gateway.domain.presence import Standing
from tests import builders
from tests.adapters import db_scene as scene
from tests.adapters.db_scene import Hands
from tests.builders import FRONT, HOME, HOST, LYON, MEETING, MONTREUIL, NOMAD, NOW_S, NOW_US, SECOND


class DirectoryContract:
    """Operators, venues, zones, doors, plans, modes."""

    async def test_the_directory_comes_back_as_it_was_put(self, store: SqliteStore) -> None:
        night = builders.hours(
            time(22),
            time(6, 30),
            closings=frozenset({date(2027, 1, 1), date(2027, 5, 1)}),
            exceptions={date(2027, 12, 24): ((time(8), time(12)), (time(14), time(16))), date(2027, 12, 26): ()},
        )
        lyon = builders.venue(
            id=LYON,
            name='Lyon « "Part-Dieu" » 🚪',
            hours=night,
            tariff=builders.daily(),
            capacity=40,
            mode=Mode.LOCKDOWN,
            reentry_grace_s=60,
            forgotten_after_s=7200,
            zones=builders.zones(
                builders.zone(anti_passback=AntiPassback.HARD, capacity=3),
                builders.meeting_zone(service=Service.MEETING_ROOM | Service.PRINTING),
            ),
        )
        owl = builders.plan(id=PlanId("owl"), hours=night, roaming=False, any_hour=True, allow_mode=AllowMode.NEVER)
        keyed = builders.door(DoorRef(LYON, "side"), zone=MEETING, open_s=9, event_key=b"\x07" * 32)
        await scene.furnish(store, [lyon], [keyed], [owl])
        given = builders.directory([lyon], [keyed], [owl])
        assert replace(await store.directory(), version=given.version) == given

    async def test_every_change_raises_the_version_and_nothing_else_does(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        versions = [(await store.directory()).version]
        async with store.writing() as ledger:
            await ledger.set_operator(builders.operator(state=OperatorState.SUSPENDED), "test")
        versions.append((await store.directory()).version)
        async with store.writing() as ledger:
            await ledger.set_event_key(FRONT, bytes(32))
        versions.append((await store.directory()).version)
        async with store.writing() as ledger:
            await ledger.set_mode(MONTREUIL, Mode.LOCKDOWN, "drill", "test")
        versions.append((await store.directory()).version)
        assert versions == sorted(set(versions))
        await scene.admit(store, [scene.ask_of(1, 1)])
        await scene.take(store, scene.report(1))
        assert (await store.directory()).version == versions[-1]
        directory = await store.directory()
        assert directory.operators[HOST].state is OperatorState.SUSPENDED
        assert directory.doors[FRONT].event_key == bytes(32)

    async def test_modes_are_numbered_and_outlive_a_new_description_of_the_venue(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        async with store.writing() as ledger:
            assert await ledger.set_mode(MONTREUIL, Mode.LOCKDOWN, "intruder", "desk") == 1
            assert await ledger.set_mode(MONTREUIL, Mode.EVACUATE, "smoke", "desk") == 2
            await ledger.put_venue(builders.venue(name="Atelier"))
        for venue_id, mode in {LYON: (0, Mode.NORMAL, ""), MONTREUIL: (2, Mode.EVACUATE, "smoke")}.items():
            found = await store.venue_on_file(venue_id)
            assert found is not None
            assert (found.value.mode_number, found.value.venue.mode, found.value.mode_reason) == mode
        venue = (await store.directory()).venues[MONTREUIL]
        assert (venue.name, venue.mode) == ("Atelier", Mode.EVACUATE)

    async def test_a_zone_goes_with_its_venue_unless_it_has_doors(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        only_desks = builders.zones(builders.zone())
        with pytest.raises(ConflictError, match="meeting of montreuil still has doors"):
            async with store.writing() as ledger:
                await ledger.put_venue(builders.venue(zones=only_desks))
        async with store.writing() as ledger:
            await ledger.put_venue(builders.venue(id=LYON, zones=only_desks))
        venues = (await store.directory()).venues
        assert set(venues[LYON].zones) == set(only_desks)
        assert MEETING in venues[MONTREUIL].zones

    async def test_a_door_set_up_again_has_a_new_password_and_its_old_key_and_journal(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        assert await store.door_credential("montreuil.front") == "hash of montreuil/front"
        async with store.writing() as ledger:
            await ledger.set_event_key(FRONT, b"\x09" * 32)
        await scene.take(store, scene.report(1))
        async with store.writing() as ledger:
            await ledger.put_door(builders.door(open_s=7), "another hash")
            assert (await ledger.journal_head(FRONT)).n == 1
        door = (await store.directory()).doors[FRONT]
        assert (door.open_s, door.event_key) == (7, b"\x09" * 32)
        assert await store.door_credential("montreuil.front") == "another hash"
        for nobody in ("montreuil.cellar", "montreuil", "", ".", "montreuil.front.x", "' OR 1=1 --"):
            assert await store.door_credential(nobody) is None

    async def test_what_exists_is_not_added_and_what_does_not_is_not_set(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        async with store.writing() as ledger:
            with pytest.raises(ConflictError):
                await ledger.add_operator(builders.operator(), {})
            with pytest.raises(UnknownError, match=r"operator DE\*XXX"):
                await ledger.set_operator(builders.operator(OperatorId("DE*XXX")), "test")
            with pytest.raises(UnknownError, match="door montreuil/cellar"):
                await ledger.set_event_key(DoorRef(MONTREUIL, "cellar"), bytes(32))
            with pytest.raises(UnknownError, match="venue nowhere"):
                await ledger.set_mode(VenueId("nowhere"), Mode.NORMAL, "why", "test")
            with pytest.raises(UnknownError):
                await ledger.put_venue(builders.venue(id=VenueId("brest"), operator=OperatorId("DE*XXX")))
            with pytest.raises(UnknownError):
                await ledger.put_door(builders.door(DoorRef(MONTREUIL, "new"), zone=ZoneId("attic")), "hash")
            with pytest.raises(UnknownError):
                await ledger.journal_head(DoorRef(MONTREUIL, "cellar"))


class PeopleContract:
    """Holders, members, passes, standings."""

    async def test_passes_and_members_come_back_as_they_were_put(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=0)
        visitor = HolderId("visitor")
        day = scene.issued(
            2,
            claims=builders.claims(
                2, kind=PassKind.DAY, audience=("montreuil", "lyon"), holder_key=b"\x03" + bytes(32)
            ),
            holder=visitor,
            form="jwt",
            plan=None,
            uses_left=3,
            standing=Standing.SUSPENDED,
        )
        async with store.writing() as ledger:
            await ledger.add_holder(builders.holder_id(1), HOME, "")
            await ledger.add_holder(visitor, HOST, "blue fox")
            await ledger.put_member(scene.member())
            await ledger.add_passes([scene.issued(), day])
        assert await store.issued(scene.issued().claims.ref) == scene.issued()
        assert await store.issued(day.claims.ref) == day
        assert await store.issued(PassRef(HOST, day.claims.ref.id)) is None
        assert await store.member(HOME, "M-1") == scene.member()
        assert await store.member(HOST, "M-1") is None

    async def test_a_member_moves_to_another_plan_and_standing(self, store: SqliteStore) -> None:
        other = builders.plan(id=PlanId("other"))
        await scene.furnish(store, plans=[other])
        changed = scene.member(plan=other.id, standing=Standing.SUSPENDED)
        async with store.writing() as ledger:
            await ledger.put_member(changed)
        assert await store.member(HOME, "M-1") == changed

    async def test_a_members_number_is_one_persons(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=2)
        async with store.writing() as ledger:
            with pytest.raises(ConflictError):
                await ledger.put_member(scene.member(2, external_id="M-1"))
            await ledger.put_member(scene.member(2, external_id="M-new"))
        assert await store.member(HOME, "M-2") is None
        assert await store.member(HOME, "M-new") == scene.member(2, external_id="M-new")

    async def test_a_pass_without_a_plan_of_its_own_follows_its_member(self, store: SqliteStore) -> None:
        other = builders.plan(id=PlanId("other"))
        await scene.furnish(store, plans=[other], plan=None)
        for plan in (NOMAD, other.id):
            async with store.writing() as ledger:
                await ledger.put_member(scene.member(plan=plan))
            async with store.admitting() as admission:
                picture = await admission.picture([scene.ask_of(1, 1)], NOW_US)
            assert [each.plan for each in picture.entitlements.values()] == [plan]

    async def test_a_plan_of_the_pass_itself_goes_before_its_members(self, store: SqliteStore) -> None:
        other = builders.plan(id=PlanId("other"))
        await scene.furnish(store, plans=[other], plan=other.id)
        async with store.admitting() as admission:
            picture = await admission.picture([scene.ask_of(1, 1)], NOW_US)
        assert [each.plan for each in picture.entitlements.values()] == [other.id]

    async def test_what_a_pass_refers_to_exists_and_its_identity_is_its_own(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=2)
        for refused, fault in {
            scene.issued(3, holder=HolderId("nobody")): UnknownError,
            scene.issued(3, plan=PlanId("none")): UnknownError,
            scene.issued(1, claims=builders.claims(1, status_index=77)): ConflictError,
        }.items():
            with pytest.raises(fault):
                async with store.writing() as ledger:
                    await ledger.add_passes([refused])
        with pytest.raises(UnknownError):
            async with store.writing() as ledger:
                await ledger.put_member(scene.member(external_id="M-9", holder=HolderId("nobody")))
        with pytest.raises(ConflictError):
            async with store.writing() as ledger:
                await ledger.add_holder(builders.holder_id(1), HOME, "")

    async def test_statuses_tell_the_worse_of_pass_and_member_while_the_pass_lives(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=6)
        async with store.writing() as ledger:
            for number, own, person in (
                (2, Standing.SUSPENDED, Standing.VALID),
                (3, Standing.VALID, Standing.SUSPENDED),
                (4, Standing.SUSPENDED, Standing.REVOKED),
                (5, Standing.REVOKED, Standing.SUSPENDED),
                (6, Standing.VALID, Standing.VALID),
            ):
                assert await ledger.set_pass_standing(builders.claims(number).ref, own, "test")
                await ledger.put_member(scene.member(number, standing=person))
            assert not await ledger.set_pass_standing(PassRef(HOME, "none"), Standing.REVOKED, "test")
        suspended, revoked = Standing.SUSPENDED, Standing.REVOKED
        assert await store.statuses(HOME, NOW_US) == {2: suspended, 3: suspended, 4: revoked, 5: revoked}
        assert await store.statuses(HOST, NOW_US) == {}
        last_us = (NOW_S + 20 * 3600) * SECOND
        assert set(await store.statuses(HOME, last_us - 1)) == {2, 3, 4, 5}
        assert await store.statuses(HOME, last_us) == {}

    async def test_the_home_of_a_holder_is_told(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        async with store.writing() as ledger:
            assert await ledger.home_of(builders.holder_id(1)) == HOME
            assert await ledger.home_of(HolderId("nobody")) is None

    async def test_a_status_index_is_free_again_once_its_pass_counts_no_more(
        self, store: SqliteStore, hands: Hands
    ) -> None:
        await scene.furnish(store)
        for expired, size in ((False, 2), (True, 2)):
            hands.now_us = (NOW_S + 20 * 3600) * SECOND - (0 if expired else 1)
            async with store.writing() as ledger:
                drawn = {(await ledger.free_status_indices(HOME, 1, size))[0] for _ in range(40)}
            # the scene's pass holds index 1
            assert drawn == ({0, 1} if expired else {0})

    async def test_status_indices_are_drawn_at_random_among_the_free(self, store: SqliteStore) -> None:
        await scene.furnish(store, members=6)
        async with store.writing() as ledger:
            drawn = [await ledger.free_status_indices(HOME, 4, 11) for _ in range(40)]
            few = await ledger.free_status_indices(HOME, 5, 11)
            with pytest.raises(ConflictError, match="5 of 11 indices free"):
                await ledger.free_status_indices(HOME, 6, 11)
            wide = await ledger.free_status_indices(HOST, 3, 2**20)
        assert {index for each in drawn for index in each} == {0, 7, 8, 9, 10}
        assert all(len(set(each)) == 4 for each in drawn)
        assert sorted(few) == [0, 7, 8, 9, 10]
        assert len(set(wide)) == 3
