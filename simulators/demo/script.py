"""The scenes of the day that are written by hand: every refusal there is data for, and the harder visits."""

from collections.abc import Callable, Iterator

from gateway.domain.directory import Mode, OperatorState, Plan
from gateway.domain.ids import DoorRef
from gateway.domain.passes import Service
from gateway.domain.presence import Standing
from gateway.domain.reasons import Reason
from simulators.demo import people as cast
from simulators.demo import world as at
from simulators.demo.happenings import (
    BanSet,
    Happening,
    Manner,
    MemberSet,
    ModeSet,
    OperatorSet,
    PassRevoked,
    PlanChanged,
    ReusedId,
    Showing,
    TokenIssued,
)
from simulators.demo.people import Person

Instant = Callable[[str], int]
"""From local wall time of the day (``"08:05:10"``) to UTC microseconds."""


def script(t: Instant) -> Iterator[Happening]:
    """Every scene, in no order."""
    yield from _noise(t)
    yield from _forgeries(t)
    yield from _clocks_and_copies(t)
    yield from _visitors(t)
    yield from _taken_back(t)
    yield from _plans_and_hours(t)
    yield from _full_room(t)
    yield from _meeting_room(t)
    yield from _house_rules(t)
    yield from _harder_visits(t)


def _shows(at_us: int, who: Person, door: DoorRef, meant: Reason = Reason.OK, story: str = "") -> Showing:
    return Showing(at_us, who.name, door, meant, story=story)


def _noise(t: Instant) -> Iterator[Happening]:
    def noise(when: str, door: DoorRef, text: str, story: str) -> Showing:
        return Showing(t(when), "?", door, Reason.BAD_FORM, Manner.TEXT, text=text, story=story)

    yield noise("07:41:10", at.QUARANTE_IN, "https://quarante.example/menu", "the canteen's menu")
    yield noise("09:26:05", at.LOUVRE_IN, "'; DROP TABLE visits; --", "a joker's SQL")
    yield noise("11:17:40", at.LYON_IN, "PW1:\x00\x01\x1b[2J\x7f", "a code full of control characters")
    yield noise("16:02:30", at.QUARANTE_IN, "PW1:6BFOXN*TS0BI$ZD", "half a pass, torn off")


def _forgeries(t: Instant) -> Iterator[Happening]:
    basile = cast.BASILE
    yield _shows(t("08:12:20"), basile, at.QUARANTE_IN)
    yield Showing(
        t("08:31:00"),
        basile.name,
        at.LOUVRE_IN,
        Reason.BAD_SIGNATURE,
        Manner.FORGED,
        story="a pass made longer by hand",
    )
    yield Showing(
        t("10:21:15"), "?", at.LYON_IN, Reason.UNKNOWN_ISSUER, Manner.OUTSIDER, story="a club outside the federation"
    )
    yield _shows(t("12:21:00"), basile, at.QUARANTE_OUT)


def _clocks_and_copies(t: Instant) -> Iterator[Happening]:
    sacha, tina, ugo = cast.SACHA, cast.TINA, cast.UGO
    yield Showing(
        t("08:44:00"), sacha.name, at.LOUVRE_IN, Reason.STALE_PROOF, offset_s=-412, story="a screenshot from the train"
    )
    yield _shows(t("08:44:40"), sacha, at.LOUVRE_IN, story="the pass reopened")
    yield _shows(t("17:38:00"), sacha, at.LOUVRE_OUT)
    yield Showing(
        t("09:14:00"), tina.name, at.QUARANTE_IN, Reason.CLOCK_WRONG, offset_s=185, story="a phone three minutes fast"
    )
    yield _shows(t("09:15:30"), tina, at.QUARANTE_IN, story="the phone's clock set right")
    yield _shows(t("16:48:00"), tina, at.QUARANTE_OUT)
    yield _shows(t("09:03:00"), ugo, at.QUARANTE_IN)
    yield Showing(
        t("09:03:11"),
        ugo.name,
        at.QUARANTE_IN,
        Reason.REPLAYED,
        Manner.PICTURE_AGAIN,
        story="Ugo's screenshot, on another phone",
    )
    yield ReusedId(t("09:04:30"), at.QUARANTE_IN, "PW1:ANOTHER TEXT", "a used scan id with other bytes")
    yield _shows(t("18:07:00"), ugo, at.QUARANTE_OUT)


def _visitors(t: Instant) -> Iterator[Happening]:
    nour, otto, mira = cast.NOUR, cast.OTTO, cast.MIRA
    yield _shows(t("11:02:00"), nour, at.QUARANTE_IN, Reason.NOT_YET_VALID, "three hours early")
    yield _shows(t("14:05:00"), nour, at.QUARANTE_IN)
    yield _shows(t("14:20:00"), nour, at.MEETING_IN, Reason.WRONG_ZONE, "a desk pass at the meeting room")
    yield _shows(t("17:41:00"), nour, at.QUARANTE_OUT, story="a printed pass on the way out")
    yield _shows(t("09:32:00"), otto, at.QUARANTE_IN)
    yield _shows(t("11:50:00"), otto, at.QUARANTE_OUT)
    yield _shows(t("14:10:00"), otto, at.QUARANTE_IN, Reason.EXPIRED, "the morning's visitor, after lunch")
    yield _shows(t("10:11:00"), mira, at.LOUVRE_IN, Reason.WRONG_VENUE, "a pass for another house")
    yield _shows(t("10:52:00"), mira, at.QUARANTE_IN)
    yield _shows(t("11:31:00"), mira, at.QUARANTE_OUT)
    yield _shows(t("13:21:00"), mira, at.QUARANTE_IN, Reason.USED_UP, "one entry, and it is spent")


def _taken_back(t: Instant) -> Iterator[Happening]:
    paul, rosa = cast.PAUL, cast.ROSA
    yield PassRevoked(t("10:00:00"), paul.name, "Paul's phone is stolen: his pass is revoked")
    yield _shows(t("10:05:00"), paul, at.QUARANTE_IN, Reason.REVOKED, "the stolen phone, at home")
    yield _shows(t("10:41:00"), paul, at.LOUVRE_IN, Reason.ASK_HOME, "the stolen phone, abroad")
    yield MemberSet(t("08:55:00"), rosa.name, Standing.SUSPENDED, "Rosa's plan is unpaid: suspended")
    yield _shows(t("09:08:00"), rosa, at.QUARANTE_IN, Reason.SUSPENDED, "suspended, at home")
    yield MemberSet(t("11:55:00"), rosa.name, Standing.VALID, "Rosa has paid: taken back")
    yield _shows(t("12:06:00"), rosa, at.QUARANTE_IN, story="paid, and in")
    yield _shows(t("18:21:00"), rosa, at.QUARANTE_OUT)


def _plans_and_hours(t: Instant) -> Iterator[Happening]:
    celeste, dorian, vera, basile = cast.CELESTE, cast.DORIAN, cast.VERA, cast.BASILE
    yield _shows(t("09:41:00"), celeste, at.LYON_IN, Reason.ASK_HOME, "a plan that does not roam")
    yield _shows(t("10:46:00"), celeste, at.QUARANTE_IN)
    yield _shows(t("16:31:00"), celeste, at.QUARANTE_OUT)
    yield _shows(t("14:31:00"), dorian, at.QUARANTE_IN, Reason.PLAN, "a mornings plan in the afternoon")
    yield PlanChanged(
        t("12:40:00"),
        Plan(at.QRT, at.STUDIO, Service.DESK),
        "Le Quarante takes the meeting room out of its studio plan",
    )
    yield _shows(t("13:31:00"), basile, at.QUARANTE_IN)
    yield _shows(t("13:40:00"), basile, at.MEETING_IN, Reason.WRONG_ZONE, "a plan that lost its meeting room")
    yield _shows(t("17:11:00"), basile, at.QUARANTE_OUT)
    yield _shows(t("10:31:00"), vera, at.BAYEUX_COUNTER, story="round-the-clock plan, closed counter")
    yield _shows(t("22:14:00"), vera, at.LYON_IN, story="night access")
    yield _shows(t("23:06:00"), vera, at.LYON_OUT)
    yield _shows(t("11:26:00"), cast.ELIOT, at.BAYEUX_COUNTER, Reason.OUTSIDE_HOURS, "shut for works today")
    yield _shows(t("22:01:00"), cast.GABIN, at.QUARANTE_IN, Reason.OUTSIDE_HOURS, "after closing")


def _full_room(t: Instant) -> Iterator[Happening]:
    flore, eliot, gabin = cast.FLORE, cast.ELIOT, cast.GABIN
    yield _shows(t("08:36:00"), cast.HELOISE, at.BRUME_IN, story="at home in her own workshop")
    yield _shows(t("12:02:00"), cast.HELOISE, at.BRUME_OUT)
    yield _shows(t("13:02:00"), flore, at.BRUME_IN)
    yield _shows(t("13:06:00"), eliot, at.BRUME_IN)
    yield _shows(t("13:11:00"), gabin, at.BRUME_IN)
    yield _shows(t("13:16:00"), cast.WANDA, at.BRUME_IN, Reason.VENUE_FULL, "three chairs, three people")
    yield _shows(t("14:52:00"), eliot, at.BRUME_OUT)
    yield _shows(t("14:56:00"), cast.WANDA, at.BRUME_IN, story="a chair is free")
    yield _shows(t("16:12:00"), cast.WANDA, at.BRUME_OUT)
    yield _shows(t("16:21:00"), gabin, at.BRUME_OUT)
    yield _shows(t("18:41:00"), flore, at.BRUME_OUT)


def _meeting_room(t: Instant) -> Iterator[Happening]:
    wanda, flore = cast.WANDA, cast.FLORE
    yield _shows(t("08:51:00"), wanda, at.QUARANTE_IN)
    yield _shows(t("09:51:00"), wanda, at.MEETING_IN, story="into the meeting room")
    yield _shows(t("09:58:00"), wanda, at.MEETING_IN, Reason.ALREADY_INSIDE, "in again without having left")
    yield _shows(t("11:06:00"), wanda, at.MEETING_BACK, story="back to the hall, same stay")
    yield _shows(t("12:46:00"), wanda, at.QUARANTE_OUT)
    yield _shows(t("09:21:00"), flore, at.QUARANTE_IN)
    yield _shows(t("10:01:00"), flore, at.MEETING_IN, story="a guest in the meeting room")
    yield _shows(t("11:08:00"), flore, at.MEETING_BACK)
    yield _shows(t("12:01:00"), flore, at.QUARANTE_OUT)


def _house_rules(t: Instant) -> Iterator[Happening]:
    eliot, gabin, flore = cast.ELIOT, cast.GABIN, cast.FLORE
    yield _shows(t("14:40:00"), cast.YANN, at.LYON_IN, story="in again without having left: soft, let in and marked")
    yield ModeSet(t("15:00:00"), at.LYON, Mode.LOCKDOWN, "Poste de Lyon locks down")
    yield _shows(t("15:04:00"), eliot, at.LYON_IN, Reason.LOCKDOWN, "in during the lockdown")
    yield _shows(t("15:06:00"), cast.YANN, at.LYON_OUT, story="out during the lockdown: always")
    yield ModeSet(t("15:12:00"), at.LYON, Mode.NORMAL, "Poste de Lyon opens again")
    yield _shows(t("15:15:00"), eliot, at.LYON_IN)
    yield _shows(t("18:02:00"), eliot, at.LYON_OUT)
    yield BanSet(t("16:40:00"), at.PST, gabin.name, True, "Poste & Places bans Gabin")
    yield _shows(t("16:52:00"), gabin, at.LOUVRE_IN, Reason.BANNED_HERE, "banned by this host")
    yield _shows(t("17:16:00"), gabin, at.QUARANTE_IN, story="welcome at home")
    yield _shows(t("19:31:00"), gabin, at.QUARANTE_OUT)
    yield OperatorSet(t("18:50:00"), at.ART, OperatorState.SUSPENDED, "the cooperative suspends Atelier Brume")
    yield _shows(t("18:56:00"), flore, at.LOUVRE_IN, Reason.OPERATOR_SUSPENDED, "her operator is suspended")
    yield OperatorSet(t("19:05:00"), at.ART, OperatorState.ACTIVE, "Atelier Brume is taken back")
    yield _shows(t("19:11:00"), flore, at.LOUVRE_IN)
    yield _shows(t("19:52:00"), flore, at.LOUVRE_OUT)


def _harder_visits(t: Instant) -> Iterator[Happening]:
    yann, zoe, vera = cast.YANN, cast.ZOE, cast.VERA
    yield _shows(t("08:21:00"), yann, at.LYON_IN)
    yield TokenIssued(t("09:37:00"), zoe.name, "Zoé asks for a token of 15 minutes")
    yield _shows(t("09:38:00"), zoe, at.LOUVRE_IN, story="a token on a screen")
    yield _shows(t("10:26:00"), zoe, at.QUARANTE_IN, Reason.EXPIRED, "the token, 48 minutes later")
    yield TokenIssued(t("12:15:00"), zoe.name, "Zoé asks for another token")
    yield _shows(t("12:16:00"), zoe, at.LOUVRE_OUT)
    # forgotten at Lyon, then seen at Bayeux: the first stay ends as assumed
    yield _shows(t("07:52:00"), vera, at.LYON_IN, story="will forget to check out")
    # never seen again: the venue's rule ends the stay after fourteen hours
    yield _shows(t("07:47:00"), cast.IRIS, at.LOUVRE_IN, story="will forget to check out, all day")
