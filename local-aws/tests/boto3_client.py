"""Drives every operation of the local AWS with boto3. Usage: boto3_client.py ENDPOINT.

Every raw answer is also compared with botocore's service model: no member that the model does not have, no required
one missing, every type, enum and pattern as it says. boto3 itself would not notice most of that.
"""

import json
import re
import sys

import boto3
from botocore.config import Config

DIALECT = {"string": str, "integer": int, "long": int, "boolean": bool, "blob": str, "timestamp": (int, float)}


def conforms(value, shape, at):
    """Asserts that a JSON value is what the model says of its shape."""
    if shape.type_name == "structure":
        unknown = set(value) - set(shape.members)
        assert not unknown, f"{at} has members that the model does not: {unknown}"
        missing = set(shape.required_members) - set(value)
        assert not missing, f"{at} lacks {missing}"
        for name, member in value.items():
            conforms(member, shape.members[name], f"{at}.{name}")
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            conforms(item, shape.member, f"{at}[{index}]")
    elif shape.type_name == "map":
        for key, item in value.items():
            conforms(key, shape.key, f"{at} key")
            conforms(item, shape.value, f"{at}.{key}")
    else:
        scalar(value, shape, at)


def scalar(value, shape, at):
    assert isinstance(value, DIALECT[shape.type_name]), f"{at} is {value!r}, not a {shape.type_name}"
    enum = getattr(shape, "enum", None)
    assert not enum or value in enum, f"{at} is {value!r}, not one of {enum}"
    pattern = shape.metadata.get("pattern")
    assert not pattern or re.fullmatch(pattern, value), f"{at} is {value!r}, which is not {pattern}"
    size = len(value) if isinstance(value, str) else value
    assert size >= shape.metadata.get("min", 0) or shape.type_name == "timestamp", f"{at} is {value!r}: too small"
    assert size <= shape.metadata.get("max", sys.maxsize), f"{at} is too large"


SEEN = set()


def check(http_response, parsed, model, **_):
    SEEN.add(model.name)
    body = json.loads(http_response.text)
    if http_response.status_code == 200:
        conforms(body, model.output_shape, model.name)
    else:
        modelled = {shape.name for shape in model.error_shapes}
        code = body["__type"]
        assert code in modelled or http_response.status_code == 501, f"{model.name} has no error {code}"


def client(service, endpoint):
    # No retries: a fault of the world must be seen, and not tried away. No validation: the server must refuse.
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    made = boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="AKID",
        aws_secret_access_key="secret",
        config=config,
    )
    made.meta.events.register(f"after-call.{service}", lambda **event: check(**event))
    return made


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except Exception as error:  # the class is made by botocore, from the code
        assert type(error).__name__ == code, f"expected {code}, got {error!r}"
        return error
    raise AssertionError(f"expected {code}, got an answer")


def codecommit(aws):
    here = {"repositoryName": "storefront"}
    metadata = aws.get_repository(**here)["repositoryMetadata"]
    assert metadata["defaultBranch"] == "main" and metadata["creationDate"].year == 2026
    head = aws.get_branch(**here, branchName="main")["branch"]["commitId"]
    commit = aws.get_commit(**here, commitId=head)["commit"]
    assert commit["message"] == "head\n" and len(commit["parents"]) == 1
    repositories = aws.get_paginator("list_repositories").paginate(sortBy="repositoryName", order="ascending")
    assert [one["repositoryName"] for page in repositories for one in page["repositories"]] == ["storefront"]
    file = aws.get_file(**here, filePath="run", commitSpecifier=head)
    assert file["fileContent"] == b"#!/bin/sh\n" and file["fileMode"] == "EXECUTABLE"
    branches = [name for page in aws.get_paginator("list_branches").paginate(**here) for name in page["branches"]]
    assert branches == ["clash", "feature/x", "main"]
    pages = aws.get_paginator("get_differences").paginate(
        **here, beforeCommitSpecifier="v1", afterCommitSpecifier=head, PaginationConfig={"PageSize": 3}
    )
    found = [[difference["changeType"] for difference in page["differences"]] for page in pages]
    assert found == [["A", "A", "A"], ["A", "D", "M"], ["A"]], found
    options = aws.get_merge_options(**here, sourceCommitSpecifier="main", destinationCommitSpecifier="v1")
    assert options["baseCommitId"] == commit["parents"][0]


def codecommit_errors(aws):
    here = {"repositoryName": "storefront"}
    gone = "0123456789" * 4
    refused("RepositoryDoesNotExistException", aws.get_repository, repositoryName="nobody")
    refused("InvalidRepositoryNameException", aws.get_repository, repositoryName="x.git")
    refused("RepositoryNameRequiredException", aws.get_repository)
    refused("BranchDoesNotExistException", aws.get_branch, **here, branchName="none")
    refused("CommitIdDoesNotExistException", aws.get_commit, **here, commitId=gone)
    refused("CommitDoesNotExistException", aws.get_differences, **here, afterCommitSpecifier=gone)
    refused("InvalidMaxResultsException", aws.get_differences, **here, afterCommitSpecifier="main", MaxResults=0)
    refused("FileDoesNotExistException", aws.get_file, **here, filePath="none")
    refused("FileTooLargeException", aws.get_file, **here, filePath="big")
    refused("CommitRequiredException", aws.get_merge_options, **here)
    refused("InvalidSortByException", aws.list_repositories, sortBy="size")
    error = refused("ClientError", aws.list_pull_requests)
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def codepipeline(aws):
    pipelines = aws.get_paginator("list_pipelines").paginate(PaginationConfig={"PageSize": 1})
    assert [one["name"] for page in pipelines for one in page["pipelines"]] == ["from-s3", "web"]
    for name in ["from-s3", "web"]:
        described = aws.get_pipeline(name=name)
        assert described["metadata"]["created"].year == 2026
    assert described["pipeline"]["variables"] == [{"name": "BRANCH"}, {"name": "COUNT"}]
    source = described["pipeline"]["stages"][0]["actions"][0]
    assert source["configuration"]["PollForSourceChanges"] == "false"
    revision = {"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": "a" * 40}
    refused("ConflictException", aws.start_pipeline_execution, name="web")
    start = {"name": "web", "sourceRevisions": [revision], "clientRequestToken": "token-1",
             "variables": [{"name": "BRANCH", "value": "main"}]}
    ids = {aws.start_pipeline_execution(**start)["pipelineExecutionId"] for _ in range(2)}
    assert len(ids) == 1, "the same token started two executions"
    execution = aws.get_pipeline_execution(pipelineName="web", pipelineExecutionId=min(ids))["pipelineExecution"]
    assert execution["variables"] == [{"name": "BRANCH", "resolvedValue": "main"}]
    # Without a token boto3 makes a random one.
    ids |= {aws.start_pipeline_execution(name="web")["pipelineExecutionId"] for _ in range(2)}
    assert len(ids) == 3
    pages = aws.get_paginator("list_pipeline_executions").paginate(pipelineName="web", PaginationConfig={"PageSize": 2})
    executions = [one for page in pages for one in page["pipelineExecutionSummaries"]]
    assert {one["pipelineExecutionId"] for one in executions} == ids
    assert executions[-1]["sourceRevisions"] == [{"actionName": "Source", "revisionId": "a" * 40}]
    assert executions[-1]["startTime"].isoformat() == "2026-03-02T10:00:05+00:00"


def codepipeline_errors(aws):
    refused("PipelineNotFoundException", aws.get_pipeline, name="none")
    refused("PipelineVersionNotFoundException", aws.get_pipeline, name="web", version=7)
    refused("PipelineNotFoundException", aws.start_pipeline_execution, name="none")
    refused("ValidationException", aws.start_pipeline_execution, name="no spaces")
    refused("InvalidNextTokenException", aws.list_pipelines, nextToken="x")
    refused("ValidationException", aws.list_pipeline_executions, pipelineName="web", maxResults=101)
    undeclared = [{"name": "STAGE", "value": "ci"}]
    refused("ValidationException", aws.start_pipeline_execution, name="web", variables=undeclared)
    refused("PipelineExecutionNotFoundException", aws.get_pipeline_execution, pipelineName="web",
            pipelineExecutionId="11111111-1111-4111-a111-111111111111")
    error = refused("ClientError", aws.list_action_types)
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def main():
    endpoint = sys.argv[1]
    commits, pipelines = client("codecommit", endpoint), client("codepipeline", endpoint)
    codecommit(commits)
    codecommit_errors(commits)
    codepipeline(pipelines)
    codepipeline_errors(pipelines)
    print(f"boto3 {boto3.__version__}: {len(SEEN)} operations checked")
    assert len(SEEN) == 14, SEEN


main()
