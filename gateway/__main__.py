"""The `passerelle` command: finds subcommands by entry point and loads the body of the one that is called."""

import difflib
import re
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distribution, entry_points

import click
from click.shell_completion import CompletionItem

from gateway import __version__

GROUP = "passerelle.commands"
SUMMARIES = {
    "audit": "Check the chain over everything that was recorded.",
    "bench": "Measure passes, decisions and the store against their bare operations.",
    "broker": "Write a configuration for a Mosquitto of your own.",
    "charges": "List sealed charge records, or write them as CSV.",
    "completion": "Print the completion script of your shell.",
    "demo": "Play a day of three operators, their doors and their members, to the last cent.",
    "doctor": "Say what is wrong with an installation, and how to mend it.",
    "door": "Run a door: its reader, its lock and its journal.",
    "doors": "Register, list and change doors.",
    "drill": "Kill the gateway under load and count what was lost.",
    "init": "Make a first installation: operator, venue, plan, door.",
    "keys": "Make, show, rotate and revoke signing keys; publish the trust list.",
    "members": "Add, list, suspend and restore members.",
    "migrate": "Bring a database to this release's form.",
    "operators": "Add, list, suspend and admit operators.",
    "pass": "Issue, show, verify and revoke passes.",
    "plans": "Set and list plans.",
    "serve": "Run the gateway.",
    "statements": "List what operators owe each other, or issue the statements of a period.",
    "tokens": "Make, list and revoke tokens of the API.",
    "venues": "Add, change and list venues; set modes and bans.",
    "visits": "List visits, or write them as CSV.",
    "webhooks": "Tell billing systems by webhook what happens.",
}
"""One line each, so that `--help` loads nobody's body."""
_OWN = ("gateway", "devices", "keys", "simulators")
_EXTRA = re.compile(r"""\bextra\s*==\s*["']([^"']+)["']""")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


class MissingExtra(click.ClickException):
    """The command needs an extra that is not installed; exit code 1."""

    def __init__(self, command: str, extra: str, lacking: str) -> None:
        super().__init__(f"passerelle {command} needs {lacking}. Run: pip install 'passerelle[{extra}]'")


class Commands(click.Group):
    """Every installed subcommand, loaded when it is called and not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names in alphabetical order."""
        return sorted(_installed())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The subcommand's body; exits with 1 and a remedy when its extra is not installed."""
        point = _installed().get(cmd_name)
        if point is None:
            return None
        for extra in point.extras:
            if missing := _missing(extra):
                raise MissingExtra(cmd_name, extra, missing[0])
        try:
            return _load(point)
        except ModuleNotFoundError as error:
            lacking = (error.name or "").partition(".")[0]
            if not point.extras or lacking in _OWN:
                raise
            raise MissingExtra(cmd_name, point.extras[0], lacking) from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion for a name that nobody has."""
        name = args[0]
        if not ctx.resilient_parsing and name not in _installed() and not name.startswith("-"):
            near = difflib.get_close_matches(name, self.list_commands(ctx), n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" See '{ctx.command_path} --help'."
            raise click.UsageError(f"No such command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names and summaries of the subcommands; a press of the tab key loads nobody's body."""
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        options = click.Command.shell_complete(self, ctx, incomplete) if incomplete.startswith("-") else []
        return [CompletionItem(name, help=SUMMARIES.get(name)) for name in names] + options

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list under `--help`, from the table above."""
        rows = [(name, SUMMARIES.get(name, "")) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: passerelle demo. Each command has its own --help.",
)
@click.version_option(__version__, "--version", prog_name="passerelle", message="%(prog)s %(version)s")
def main() -> None:
    """Passerelle: one pass, any member venue's door, every visit billed once and provable."""


def _installed() -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, point)
    if not found:
        message = "no command is installed: run pip install '.[gateway]' in the project's directory"
        raise click.ClickException(message)
    return found


def _load(point: EntryPoint) -> click.Command:
    command = point.load()
    if not isinstance(command, click.Command):
        message = f"{point.value} is not a command"
        raise click.ClickException(message)
    return command


def _missing(extra: str) -> list[str]:
    """Distributions that the extra asks for on every platform and that are not installed."""
    missing = []
    for requirement in _own_distribution().requires or []:
        needed, _, marker = requirement.partition(";")
        name = _NAME.match(needed.strip())
        wanted = _EXTRA.fullmatch(marker.strip())
        if name and wanted and wanted[1] == extra and not _is_installed(name[0]):
            missing.append(name[0])
    return missing


def _own_distribution() -> Distribution:
    return distribution("passerelle")


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    main()
