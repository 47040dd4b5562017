"""The people of the day as the gateway knows them, with their wallets: who holds what, and what they show."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gateway.application.issue_pass import Issued, PassOrder
from gateway.compose import Gateway
from gateway.domain.ids import HolderId
from keys.holder_proof import HolderKey
from simulators.demo.day import SECOND_US, Day, instant
from simulators.demo.happenings import Manner, Showing
from simulators.demo.people import Carries, Person
from simulators.members.forgery import made_longer, outsiders_pass
from simulators.members.wallet import Wallet

TOKEN_LIFE_S = 15 * 60


@dataclass(slots=True)
class Resident:
    """One person, their number on their operator's books, and their wallet."""

    person: Person
    external_id: str
    holder: HolderId
    wallet: Wallet
    issued: Issued | None = None
    last_shown: str = ""


class Household:
    """Everyone of the day, by name."""

    def __init__(self, gateway: Gateway, day: Day, entropy: Callable[[int], bytes]) -> None:
        self._gateway = gateway
        self._day = day
        self._entropy = entropy
        self._residents: dict[str, Resident] = {}
        self._names: dict[HolderId, str] = {}

    async def settle_in(self, people: Iterable[Person]) -> None:
        """Put everyone on the books of their home, and hand out the passes of the day."""
        for number, person in enumerate(people, 1):
            resident = await self._enrol(person, f"m-{number:03}")
            self._residents[person.name] = resident
            self._names[resident.holder] = person.name
            if person.carries is not Carries.TOKEN:
                await self._issue(resident)

    def __getitem__(self, name: str) -> Resident:
        """Someone by name."""
        return self._residents[name]

    def name(self, holder: HolderId) -> str:
        """What the demo calls a holder."""
        return self._names.get(holder, "someone")

    async def issue_token(self, name: str, now_s: int) -> None:
        """Ask for a token of fifteen minutes from now on."""
        resident = self._residents[name]
        person = resident.person
        order = PassOrder(
            person.home,
            resident.holder,
            person.kind,
            person.services,
            now_s,
            now_s + TOKEN_LIFE_S,
            person.venues,
            person.plan,
            form="jwt",
        )
        resident.issued = await self._gateway.issue_pass(order)
        resident.wallet.put(resident.issued.text, b"")

    def text_of(self, showing: Showing, now_s: int) -> str:
        """What the QR code says that is shown."""
        match showing.manner:
            case Manner.TEXT:
                return showing.text
            case Manner.OUTSIDER:
                outsider = Wallet()
                foreign = outsiders_pass(now_s, self._entropy)
                outsider.put_static(foreign)
                return outsider.show(now_s)
            case Manner.PICTURE_AGAIN:
                return self._residents[showing.who].last_shown
            case Manner.FORGED:
                wallet = self._residents[showing.who].wallet
                return wallet.show(now_s, made_longer(wallet.pass_bytes))
            case Manner.PASS:
                resident = self._residents[showing.who]
                resident.last_shown = resident.wallet.show(now_s + showing.offset_s)
                return resident.last_shown

    async def _enrol(self, person: Person, external_id: str) -> Resident:
        key = HolderKey.make(self._entropy) if person.carries is Carries.BOUND else None
        if person.plan is None:
            holder = await self._gateway.add_visitor(person.home)
        else:
            holder = (await self._gateway.add_member(person.home, external_id, person.plan)).holder
        return Resident(person, external_id, holder, Wallet(key))

    async def _issue(self, resident: Resident) -> None:
        person = resident.person
        midnight = self._day.before_us
        until = midnight if person.until is None else instant(self._day.date, person.until)
        order = PassOrder(
            person.home,
            resident.holder,
            person.kind,
            person.services,
            instant(self._day.date, person.from_) // SECOND_US,
            until // SECOND_US,
            person.venues,
            person.plan,
            holder_key=resident.wallet.public,
            uses=person.uses,
        )
        resident.issued = await self._gateway.issue_pass(order)
        resident.wallet.put(resident.issued.text, resident.issued.pass_bytes)
