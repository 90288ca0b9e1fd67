"""Drives every operation of the local AWS with boto3. Usage: boto3_client.py ENDPOINT.

Every raw answer is also compared with botocore's service model: no member that the model does not have, no required
one missing, every type, enum and pattern as it says. boto3 itself would not notice most of that.
"""

import json
import re
import sys
from xml.etree import ElementTree

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
    # A stack's own events have all of a stack's statuses; the model forgets these.
    forgotten = shape.name == "ResourceStatus" and value.endswith("_CLEANUP_IN_PROGRESS")
    assert not enum or value in enum or forgotten, f"{at} is {value!r}, not one of {enum}"
    pattern = shape.metadata.get("pattern")
    assert not pattern or re.fullmatch(pattern, value), f"{at} is {value!r}, which is not {pattern}"
    size = len(value) if isinstance(value, str) else value
    assert size >= shape.metadata.get("min", 0) or shape.type_name == "timestamp", f"{at} is {value!r}: too small"
    assert size <= shape.metadata.get("max", sys.maxsize), f"{at} is too large"


def conforms_xml(element, shape, at):
    """The same for an element of the Query protocol, where everything is text."""
    children = [(re.sub(r"{.*}", "", child.tag), child) for child in element]
    if shape.type_name == "structure":
        names = [name for name, _ in children]
        assert len(names) == len(set(names)), f"{at} has a member twice: {names}"
        unknown, missing = set(names) - set(shape.members), set(shape.required_members) - set(names)
        assert not unknown and not missing, f"{at} has {unknown} that the model does not, and lacks {missing}"
        for name, child in children:
            conforms_xml(child, shape.members[name], f"{at}.{name}")
    elif shape.type_name == "list":
        for index, (name, child) in enumerate(children):
            assert name == "member", f"{at}[{index}] is called {name}"
            conforms_xml(child, shape.member, f"{at}[{index}]")
    elif shape.type_name == "boolean":
        assert element.text in ("true", "false"), f"{at} is {element.text!r}"
    elif shape.type_name == "timestamp":
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", element.text), f"{at} is {element.text!r}"
    else:
        assert shape.type_name == "string", f"{at} is a {shape.type_name}: teach this script"
        scalar(element.text or "", shape, at)


SEEN = set()


def check_xml(http_response, model):
    root = ElementTree.fromstring(http_response.text)
    namespace = f"{{{model.service_model.metadata['xmlNamespace']}}}"
    if http_response.status_code == 200:
        assert root.tag == f"{namespace}{model.name}Response", root.tag
        results = [child for child in root if not child.tag.endswith("ResponseMetadata")]
        if model.output_shape is None:
            assert not results, f"{model.name} has no result"
        else:
            assert [result.tag for result in results] == [f"{namespace}{model.output_shape.serialization['resultWrapper']}"]
            conforms_xml(results[0], model.output_shape, model.name)
    else:
        assert root.tag == f"{namespace}ErrorResponse", root.tag
        code = root.find(f"{namespace}Error/{namespace}Code").text
        modelled = {shape.metadata.get("error", {}).get("code", shape.name) for shape in model.error_shapes}
        known = code in modelled or code == "ValidationError" or http_response.status_code == 501
        assert known, f"{model.name} has no error {code}"


def check(http_response, parsed, model, **_):
    SEEN.add(model.name)
    if model.service_model.metadata["protocol"] == "query":
        return check_xml(http_response, model)
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


TEMPLATE = """
Parameters: { Name: { Type: String, Default: a } }
Conditions: { Never: !Equals [!Ref Name, b] }
Resources:
  Topic: { Type: AWS::SNS::Topic }
  Role: { Type: AWS::IAM::Role, Condition: Never }
Outputs:
  Of: { Value: !Ref Topic, Description: the topic, Export: { Name: !Sub "${AWS::StackName}-topic" } }
"""


def cloudformation(aws):
    tags = [{"Key": "pointsman:branch", "Value": "größe & <more>"}]
    role = "arn:aws:iam::111122223333:role/branch-stacks"
    given = {"TemplateBody": TEMPLATE, "Parameters": [{"ParameterKey": "Name", "ParameterValue": "x"}], "RoleARN": role}
    made = aws.create_stack(StackName="one", Tags=tags, ClientRequestToken="t1", EnableTerminationProtection=True, **given)
    stack = aws.describe_stacks(StackName=made["StackId"])["Stacks"][0]
    assert stack["Tags"] == tags and stack["RoleARN"] == role and stack["EnableTerminationProtection"] is True
    assert stack["CreationTime"].isoformat() == "2026-03-02T10:00:05+00:00"
    assert stack["StackStatus"] == "CREATE_COMPLETE" and stack["Outputs"][0]["ExportName"] == "one-topic"
    aws.update_stack(StackName="one", Tags=[], Capabilities=["CAPABILITY_IAM"], **given)
    assert "Tags" not in stack or not aws.describe_stacks(StackName="one")["Stacks"][0]["Tags"]
    aws.update_termination_protection(StackName="one", EnableTerminationProtection=False)
    aws.create_stack(StackName="two", **given)
    names = [one["StackName"] for page in aws.get_paginator("describe_stacks").paginate() for one in page["Stacks"]]
    assert names == ["two", "one"], names
    aws.delete_stack(StackName=made["StackId"], ClientRequestToken="t2")
    assert aws.describe_stacks(StackName=made["StackId"])["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    pages = aws.get_paginator("describe_stack_events").paginate(StackName=made["StackId"])
    events = [one for page in pages for one in page["StackEvents"]]
    assert events[0]["ResourceStatus"] == "DELETE_COMPLETE" and events[-1]["ResourceStatusReason"] == "User Initiated"
    assert {one.get("ClientRequestToken") for one in events} == {"t1", "t2", None}


def cloudformation_errors(aws):
    refused("AlreadyExistsException", aws.create_stack, StackName="two", TemplateBody=TEMPLATE)
    aws.create_stack(StackName="three", TemplateBody=TEMPLATE, ClientRequestToken="t3")
    refused("TokenAlreadyExistsException", aws.delete_stack, StackName="three", ClientRequestToken="t3")
    named = TEMPLATE.replace(", Condition: Never", "")
    refused("InsufficientCapabilitiesException", aws.create_stack, StackName="four", TemplateBody=named)
    refused("LimitExceededException", aws.create_stack, StackName="five", TemplateBody=TEMPLATE)
    for call in [aws.describe_stacks, aws.describe_stack_events]:
        error = refused("ClientError", call, StackName="nobody")
        assert error.response["Error"]["Code"] == "ValidationError", error
    aws.delete_stack(StackName="nobody")
    error = refused("ClientError", aws.list_stacks)
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def sns(aws):
    topic = "arn:aws:sns:eu-west-1:111122223333:mail"
    attributes = {"severity": {"DataType": "String", "StringValue": "low"}}
    sent = aws.publish(TopicArn=topic, Subject="one", Message="<a>\n", MessageAttributes=attributes)
    assert len(sent["MessageId"]) == 36
    refused("InvalidParameterException", aws.publish, TopicArn=topic, Message="m", Subject="two\nlines")
    refused("NotFoundException", aws.publish, TopicArn=topic.replace("1111", "9999"), Message="m")


def main():
    endpoint = sys.argv[1]
    commits, pipelines = client("codecommit", endpoint), client("codepipeline", endpoint)
    codecommit(commits)
    codecommit_errors(commits)
    codepipeline(pipelines)
    codepipeline_errors(pipelines)
    stacks = client("cloudformation", endpoint)
    cloudformation(stacks)
    cloudformation_errors(stacks)
    sns(client("sns", endpoint))
    print(f"boto3 {boto3.__version__}: {len(SEEN)} operations checked")
    assert len(SEEN) == 23, SEEN


main()
