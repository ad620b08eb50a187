"""Keys of programs: keys add, keys list, keys revoke."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ragqa.cli.app import Common, JsonOption, app, verb

keys = typer.Typer(help="Keys of programs that ask the server: add, list, revoke.", no_args_is_help=True)
app.add_typer(keys, name="keys")

NameArgument = Annotated[str, typer.Argument(help="Who or what uses the key.")]


@verb("add", of=keys)
def add(
    name: NameArgument,
    per_minute: Annotated[
        int | None, typer.Option("--per-minute", min=1, help="Requests a minute that the key may make.")
    ] = None,
    as_json: JsonOption = False,
    *,
    common: Common,
) -> None:
    """Make a key and show it, once: only its hash is kept. From the first key on, programs need one.

    Example: ragqa keys add newsroom --per-minute 60
    """
    from ragqa.server import keys as stored

    settings = common.settings()
    secret = stored.add(settings.keys, name, per_minute=per_minute or settings.key_rate)
    if as_json:
        print(json.dumps({"schema": stored.SCHEMA, "name": name, "key": secret}, ensure_ascii=False))
    else:
        print(secret)
    common.say("this key is not shown again; send it as Authorization: Bearer KEY")


@verb("list", of=keys)
def list_keys(as_json: JsonOption = False, *, common: Common) -> None:
    """List the keys, without their secrets.

    Example: ragqa keys list --json
    """
    from ragqa.server import keys as stored

    path = common.settings().keys
    known = [stored.public(key) for key in stored.read(path)]
    if as_json:
        print(json.dumps({"schema": stored.SCHEMA, "keys": known}, ensure_ascii=False))
        return
    for key in known:
        state = f"revoked {key['revoked']}" if key["revoked"] else "in use"
        print(f"{key['name']:24} {key['per_minute']:6} a minute  made {key['made']}  {state}")
    if not known:
        common.say(f"there are no keys in {path}")


@verb("revoke", of=keys)
def revoke(name: NameArgument, as_json: JsonOption = False, *, common: Common) -> None:
    """Revoke a key for good; a running server refuses it at once.

    Example: ragqa keys revoke newsroom
    """
    from ragqa.server import keys as stored

    stored.revoke(common.settings().keys, name)
    print(
        json.dumps({"schema": stored.SCHEMA, "revoked": name}, ensure_ascii=False)
        if as_json
        else f"{name} is revoked"
    )
