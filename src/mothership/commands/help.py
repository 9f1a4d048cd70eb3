"""`mothership help COMMAND`: what `--help` says, for who looks for it before the command."""

import click


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, metavar="[COMMAND]…")
@click.pass_context
def help(ctx: click.Context, words: tuple[str, ...]) -> None:  # noqa: A001 - commands are found by their name
    """Show the help of a command, as `mothership COMMAND --help` does."""
    shown = ctx.find_root()
    for word in words:
        command = shown.command
        if not isinstance(command, click.Group):
            raise click.UsageError(f"`{shown.command_path}` has no commands of its own", ctx=shown)
        name, found, _ = command.resolve_command(shown, [word])
        if found is None:
            raise click.NoSuchCommand(word, ctx=shown)
        shown = click.Context(found, parent=shown, info_name=name)
    click.echo(shown.get_help())
