"""The store's contract: tokens of partners, and answers that are given again."""

import asyncio

import pytest

from gateway.adapters.db import SqliteStore
from gateway.application.answers import Remembered
from gateway.application.errors import ConflictError, UnknownError
from gateway.application.reading import Window
from gateway.domain.access import Scope, Token
from gateway.domain.ids import OperatorId
from tests.adapters import db_scene as scene
from tests.adapters.db_scene import Hands
from tests.builders import HOME, HOST, HOUR, MINUTE, NOW_US

DIGEST = bytes(range(32))


def token(id_: str, operator: OperatorId | None = HOST, expires_us: int | None = None) -> Token:
    return Token(id_, operator, f"till {id_}", frozenset({Scope.VISITS_READ, Scope.DOORS_WRITE}), NOW_US, expires_us)


class PartnerContract:
    """Who may ask, and what was answered."""

    async def test_tokens_come_back_with_their_digest_and_are_listed_by_operator(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        made = [token("a", HOST, NOW_US + HOUR), token("b", HOME), token("c", None), token("d", HOST)]
        async with store.writing() as ledger:
            for number, each in enumerate(made):
                await ledger.add_token(each, bytes([number]) * 32, "test")
        for number, each in enumerate(made):
            assert await store.token_secret(each.id) == (each, bytes([number]) * 32)
        assert await store.token_secret("none") is None
        for operator, expected in {HOST: "ad", HOME: "b", OperatorId("DE*XXX"): "", None: "abcd"}.items():
            page = await store.tokens_page(Window(), operator)
            assert "".join(each.value.id for each in page.items) == expected

    async def test_a_token_is_revoked_once_and_stays_on_file(self, store: SqliteStore, hands: Hands) -> None:
        await scene.furnish(store)
        async with store.writing() as ledger:
            await ledger.add_token(token("a"), DIGEST, "test")
        hands.now_us += MINUTE
        async with store.writing() as ledger:
            await ledger.revoke_token("a", hands.now_us, "test")
            for gone in ("a", "none"):
                with pytest.raises(UnknownError):
                    await ledger.revoke_token(gone, hands.now_us, "test")
        found = await store.token_secret("a")
        assert found is not None
        assert found[0].revoked_us == hands.now_us
        assert not found[0].counts(hands.now_us)

    async def test_a_token_is_one_and_its_operators(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        async with store.writing() as ledger:
            await ledger.add_token(token("a"), DIGEST, "test")
            with pytest.raises(ConflictError):
                await ledger.add_token(token("a", HOME), DIGEST, "test")
            with pytest.raises(UnknownError):
                await ledger.add_token(token("b", OperatorId("DE*XXX")), DIGEST, "test")
        assert (await store.tokens_page(Window())).total == 1

    async def test_no_secret_stands_in_the_chain(self, store: SqliteStore) -> None:
        await scene.furnish(store)
        async with store.writing() as ledger:
            await ledger.add_token(token("a"), DIGEST, "test")
            await ledger.remember("a", "key-of-a-request", "POST /v1/passes", DIGEST, 201, b"sealed answer")
        lines = (await store.events_page(Window(limit=1000))).items
        told = " ".join(f"{line.kind} {line.key} {line.content}" for line in lines)
        for secret in (DIGEST.hex(), "key-of-a-request", "sealed"):
            assert secret not in told

    async def test_an_answer_is_remembered_with_its_request_by_caller_and_key(
        self, store: SqliteStore, hands: Hands
    ) -> None:
        async with store.writing() as ledger:
            await ledger.remember("a", "k", "POST /v1/doors", DIGEST, 201, b"\x00first")
            await ledger.remember("b", "k", "POST /v1/passes", bytes(32), 409, b"")
        assert await store.remembered("a", "k") == Remembered("POST /v1/doors", DIGEST, 201, b"\x00first", hands.now_us)
        assert await store.remembered("b", "k") == Remembered("POST /v1/passes", bytes(32), 409, b"", hands.now_us)
        assert await store.remembered("a", "K") is None

    async def test_an_answer_is_kept_with_what_it_answers_or_not_at_all(self, store: SqliteStore) -> None:
        await scene.furnish(store)

        async def post(digest: bytes) -> None:
            async with store.writing() as ledger:
                await ledger.put_member(scene.member(external_id="M-new"))
                assert await store.remembered("a", "k") is None
                await ledger.remember("a", "k", "POST /", digest, 201, digest)
                assert await store.remembered("a", "k") is not None
                if digest != DIGEST:
                    raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await post(bytes(32))
        assert await store.remembered("a", "k") is None
        assert await store.member(HOME, "M-new") is None
        await post(DIGEST)
        kept = await store.remembered("a", "k")
        assert kept is not None
        assert kept.answer == DIGEST
        assert await store.member(HOME, "M-new") is not None

    async def test_of_two_first_answers_at_once_one_is_kept(self, store: SqliteStore) -> None:
        async def post(number: int) -> bool:
            try:
                async with store.writing() as ledger:
                    await ledger.note("answered", {"number": number})
                    await ledger.remember("a", "k", "POST /", DIGEST, 201, bytes([number]))
            except ConflictError:
                return False
            return True

        kept = await asyncio.gather(*(post(number) for number in range(6)))
        assert kept == [True, False, False, False, False, False]
        remembered = await store.remembered("a", "k")
        assert remembered is not None
        assert remembered.answer == b"\x00"
        # what the others did is undone with them
        assert (await store.verify_chain()).rows == 1

    async def test_answers_are_forgotten_by_their_age(self, store: SqliteStore, hands: Hands) -> None:
        for number in range(3):
            async with store.writing() as ledger:
                for caller in "abc":
                    await ledger.remember(caller, f"k{number}", "POST /", DIGEST, 200, b"")
            hands.now_us += HOUR
        async with store.writing() as ledger:
            # no more at a time than is asked for, and none that is younger
            assert [await ledger.forget_remembered(NOW_US + HOUR, 2) for _ in range(3)] == [2, 1, 0]
        found = [await store.remembered("a", f"k{number}") is not None for number in range(3)]
        assert found == [False, True, True]
