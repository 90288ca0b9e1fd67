"""Reads the parameter overrides of every environment of a samconfig.toml with the parser of aws-sam-cli.

Usage: sam_overrides.py FOLDER [--check ANSWERS.json]

Prints the overrides of each environment as JSON, null for an environment that SAM refuses. With --check, compares them with the
file, and fails if they differ. FOLDER has the samconfig.toml; files that it names are read from FOLDER.
"""

import json
import os
import sys

import click
import tomlkit
from samcli.cli.cli_config_file import ConfigProvider
from samcli.cli.types import CfnParameterOverridesType
from samcli.commands.exceptions import ConfigException


def overrides(environment):
    with click.Context(click.Command("deploy")):
        config = ConfigProvider(section="parameters")("samconfig.toml", environment, ["deploy"])
    return CfnParameterOverridesType().convert(config.get("parameter_overrides", {}), None, None)


def answer(environment):
    try:
        return overrides(environment)
    except (click.UsageError, ConfigException):
        return None


def main(folder, *check):
    expected = None
    if check:
        with open(check[1], encoding="utf-8") as file:
            expected = json.load(file)
    os.chdir(folder)
    with open("samconfig.toml", encoding="utf-8") as file:
        document = tomlkit.load(file)
    answers = {name: answer(name) for name, value in document.items() if isinstance(value, dict)}
    if not check:
        print(json.dumps(answers, indent=1, ensure_ascii=False))
        return 0
    different = [name for name in answers.keys() | expected.keys() if answers.get(name, "?") != expected.get(name, "?")]
    print(f"SAM reads other overrides than {check[1]} says: {different}" if different else "SAM reads the overrides as recorded")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
