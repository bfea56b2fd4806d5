"""``--help`` in plain text: options in groups, commands in groups, an example at the end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from typer.core import TyperCommand, TyperGroup

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
REST = "Other options"


class Command(TyperCommand):
    """A command; its epilog is an example."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the options, then each argument as its metavar has it."""
        parameters = cast("list[Any]", self.get_params(ctx))
        return ["[OPTIONS]", *(one.metavar for one in parameters if one.param_type_name == "argument")]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each group of parameters, in the order in which the groups come."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in cast("list[Any]", self.get_params(ctx)):
            is_argument = parameter.param_type_name == "argument"
            group = "Arguments" if is_argument else getattr(parameter, "rich_help_panel", None) or REST
            names = parameter.metavar if is_argument else _names(parameter)
            groups.setdefault(group, []).append((names, parameter.help or ""))
        rest = groups.pop(REST, None)
        for group, rows in groups.items():
            _write(formatter, group, rows)
        if rest:
            _write(formatter, REST, rest)

    def format_epilog(self, _ctx: Any, formatter: Any) -> None:
        """Write the example as it is."""
        if self.epilog:
            _write_example(formatter, self.epilog)


class Group(TyperGroup):
    """A command of commands: alone it shows its help."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take no arguments for ``--help``."""
        return super().parse_args(ctx, args or ["--help"])

    def get_help_option(self, ctx: Any) -> Any:
        """Return ``--help``, false where it is absent: for any value but a boolean typer imports pydantic."""
        option = super().get_help_option(ctx)
        if option:
            option.default = False
        return option

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands before the options."""
        self.format_commands(ctx, formatter)
        _write(formatter, "Options", [(_names(one), one.help or "") for one in cast("list[Any]", self.get_params(ctx))])

    def format_commands(self, _ctx: Any, formatter: Any) -> None:
        """Write a section for each group of commands; a summary is the first line of its help, never cut."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            group = getattr(command, "rich_help_panel", None) or "Commands"
            groups.setdefault(group, []).append((name, (command.help or "").partition("\n")[0]))
        for group, rows in groups.items():
            _write(formatter, group, rows)

    def format_epilog(self, _ctx: Any, formatter: Any) -> None:
        """Write the example as it is."""
        if self.epilog:
            _write_example(formatter, self.epilog)


def _names(option: Any) -> str:
    metavar = f" {option.metavar}" if option.metavar else ""
    return ", ".join(sorted(option.opts, key=len)) + metavar


def _write(formatter: Any, title: str, rows: Iterable[tuple[str, str]]) -> None:
    with formatter.section(title):
        formatter.write_dl(list(rows), col_max=24)


def _write_example(formatter: Any, text: str) -> None:
    with formatter.section("Examples" if "\n" in text else "Example"):
        for line in text.splitlines():
            formatter.write(f"  {line}\n")
