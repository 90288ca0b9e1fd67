"""Runs AWS's own cloudformation-validate over templates; fails on anything of severity WARN or worse.

Usage: validate_template.py TEMPLATE...

No other checker knows which EventBridge patterns AWS refuses.
"""

import sys

from cloudformation_validate import CompositeEngine

# Rules that misjudge this template, each with the reason.
SET_ASIDE = {
    "W1001": "it does not see that Fn::If has the condition of the resource; cfn-lint, which does, checks the same",
    "W1030": "an optional ARN defaults to '', and Fn::If leaves its property out when it is empty",
    "W3011": "SAM turns a layer's RetentionPolicy into DeletionPolicy alone",
    "W8003": "it takes a parameter without a default for one that equals nothing",
}
TOLERATED = {"INFO", "DEBUG"}


def problems(engine, path):
    for found in engine.validate_template(path).diagnostics:
        if found.severity.name not in TOLERATED and found.rule_id not in SET_ASIDE:
            yield f"{path}: {found.severity.name} {found.rule_id}: {found.message}"


def main(paths):
    engine = CompositeEngine()
    found = [problem for path in paths for problem in problems(engine, path)]
    print("\n".join(found) or f"cloudformation-validate: no problems in {', '.join(paths)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
