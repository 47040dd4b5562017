"""The live terminal: doors with their last decision, the feed, who is inside, what is owed, the day's clock."""

from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from simulators.demo.stage import ARROWS, FeedLine, Stage, euros, wall

DOOR_WIDTH, WHO_WIDTH, REASON_WIDTH = 22, 10, 18
COLOURS = {"granted": "green", "denied": "red", "unavailable": "yellow", "unanswered": "magenta", "ignored": "dim"}


def picture(stage: Stage, height: int) -> RenderableType:
    """The whole screen, for a terminal of that many lines."""
    layout = Layout()
    layout.split_column(Layout(_header(stage), size=3), Layout(name="middle"))
    layout["middle"].split_row(Layout(name="left", ratio=3), Layout(name="right", ratio=2))
    doors = len(stage.doors) + 4
    layout["left"].split_column(
        Layout(_doors(stage), size=doors), Layout(_feed(stage, max(3, height - doors - 5)), name="feed")
    )
    layout["right"].split_column(Layout(_inside(stage)), Layout(_owed(stage)))
    return layout


def _header(stage: Stage) -> RenderableType:
    counts = "  ".join(f"{outcome} {number}" for outcome, number in sorted(stage.counts.items()))
    line = Table.grid(expand=True, padding=(0, 2))
    line.add_column()
    line.add_column(ratio=1)
    line.add_column(justify="right")
    clock = Text(f"{stage.day.date:%a %d %b}  {wall(stage.now_us)}", style="bold")
    line.add_row(clock, ProgressBar(total=1.0, completed=stage.progress), counts)
    return Panel(line, title="Passerelle · yesterday, played again")


def _doors(stage: Stage) -> RenderableType:
    table = Table(expand=True, box=None, pad_edge=False)
    for name, width in (
        ("door", DOOR_WIDTH),
        ("", 1),
        ("last", REASON_WIDTH),
        ("who", WHO_WIDTH),
        ("what they read", 0),
    ):
        table.add_column(name, no_wrap=True, min_width=width)
    for door in stage.doors:
        last = stage.last.get(door.ref)
        if last is None:
            table.add_row(str(door.ref), ARROWS[door.direction])
        else:
            verdict = Text(last.reason or last.outcome, style=COLOURS.get(last.outcome, ""))
            table.add_row(str(door.ref), ARROWS[door.direction], verdict, last.who, Text(last.words, style="italic"))
    return Panel(table, title="doors")


def _feed(stage: Stage, lines: int) -> RenderableType:
    shown = list(stage.feed)[-lines:]
    return Panel(Group(*(feed_text(line) for line in shown)), title="decisions")


def feed_text(line: FeedLine) -> Text:
    """One line of the feed."""
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(wall(line.at_us), style="dim")
    if line.door is None:
        return text.append(f"  {line.text}", style="cyan")
    text.append(f"  {line.door!s:<{DOOR_WIDTH}} {line.who:<{WHO_WIDTH}} ")
    text.append(f"{line.outcome} {line.reason}".ljust(30), style=COLOURS.get(line.outcome, ""))
    if line.seconds:
        text.append(f" {line.seconds * 1000:5.1f} ms", style="dim")
    return text.append(f"  {line.text}", style="dim") if line.text else text


def _inside(stage: Stage) -> RenderableType:
    table = Table(expand=True, box=None, pad_edge=False)
    table.add_column("venue", no_wrap=True)
    table.add_column("", justify="right")
    table.add_column("who")
    for venue, names in sorted(stage.inside.items()):
        table.add_row(venue, str(len(names)), ", ".join(names))
    return Panel(table, title="inside")


def _owed(stage: Stage) -> RenderableType:
    table = Table(expand=True, box=None, pad_edge=False)
    table.add_column("home")
    table.add_column("owes host")
    table.add_column("", justify="right")
    for (home, host), cents in sorted(stage.owed.items()):
        table.add_row(home, host, euros(cents))
    table.add_section()
    table.add_row("", "all", euros(sum(stage.owed.values())), style="bold")
    return Panel(table, title="owed, VAT included")
