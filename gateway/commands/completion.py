"""`passerelle completion`: the script that lets a shell complete commands and options."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_PASSERELLE_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of SHELL, to be read by it at its start.

    \b
    Example:
      passerelle completion bash >> ~/.bashrc
      passerelle completion zsh > ~/.zfunc/_passerelle
      passerelle completion fish > ~/.config/fish/completions/passerelle.fish
    """
    made = get_completion_class(shell)
    if made is None:
        raise click.ClickException(f"there is no completion for {shell}")
    click.echo(made(ctx.find_root().command, {}, "passerelle", VARIABLE).source())
