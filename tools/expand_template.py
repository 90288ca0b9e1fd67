"""Writes template.yaml as CloudFormation sees it, after SAM's transform, for checkers that do not know SAM.

Usage: expand_template.py TEMPLATE OUTPUT.json

SAM generates policies and roles; only the expanded template shows them. The script reads nothing from AWS: artefacts get
invented addresses, and managed policies are named by ARN.
"""

import json
import os
import sys

# boto3 requires a region; no AWS endpoint is called.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from samtranslator.parser.parser import Parser  # noqa: E402
from samtranslator.translator.translator import Translator  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

LOCAL_ARTEFACTS = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
}


def with_uploaded_artefacts(template):
    """Replaces local folders by S3 addresses, as `sam package` would: the transform takes nothing else."""
    for resource in template["Resources"].values():
        artefact = LOCAL_ARTEFACTS.get(resource["Type"])
        if artefact:
            resource["Properties"][artefact] = "s3://artefacts/package.zip"
    return template


def main(source, target):
    with open(source, encoding="utf-8") as file:
        template = with_uploaded_artefacts(yaml_parse(file.read()))
    expanded = Translator({}, Parser()).translate(template, parameter_values={})
    with open(target, "w", encoding="utf-8") as file:
        json.dump(expanded, file, indent=2)


if __name__ == "__main__":
    main(*sys.argv[1:])
