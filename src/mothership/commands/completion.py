"""`mothership completion`: how a shell learns to complete what is typed."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_MOTHERSHIP_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script by which SHELL completes commands, options and files.

    The Debian package installs it. Elsewhere: `mothership completion bash >
    ~/.local/share/bash-completion/completions/mothership`, `mothership completion fish >
    ~/.config/fish/completions/mothership.fish`, or for zsh the file `_mothership` in a directory of `$fpath`.
    """
    click.echo(script(ctx.find_root().command, shell))


def script(cli: click.Command, shell: str) -> str:
    """The script for bash, zsh or fish."""
    made = get_completion_class(shell)
    if made is None:
        raise ValueError(shell)
    return made(cli, {}, "mothership", VARIABLE).source()
