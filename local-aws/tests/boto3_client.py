"""Drives every operation of the local AWS with boto3. Usage: boto3_client.py ENDPOINT."""

import sys

import boto3

from model import SEEN, client, refused


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
    error = refused("ClientError", aws.get_folder, **here, folderPath="a")
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def pull_requests(aws):
    listed = aws.get_paginator("list_pull_requests").paginate(repositoryName="storefront", pullRequestStatus="OPEN")
    assert [one for page in listed for one in page["pullRequestIds"]] == ["1"]
    request = {"pullRequestId": "1"}
    [target] = aws.get_pull_request(**request)["pullRequest"]["pullRequestTargets"]
    commits = {"beforeCommitId": target["destinationCommit"], "afterCommitId": target["sourceCommit"]}
    about = request | commits | {"repositoryName": "storefront", "clientRequestToken": "t"}
    posted = aws.post_comment_for_pull_request(**about, content="one")["comment"]
    refused("IdempotencyParameterMismatchException", aws.post_comment_for_pull_request, **about, content="two")
    refused("InvalidCommitIdException", aws.post_comment_for_pull_request, **(about | {"beforeCommitId": "main"}), content="x")
    aws.update_comment(commentId=posted["commentId"], content="two")
    pages = aws.get_paginator("get_comments_for_pull_request").paginate(**request)
    [data] = [data for page in pages for data in page["commentsForPullRequestData"]]
    assert [(one["commentId"], one["content"]) for one in data["comments"]] == [(posted["commentId"], "two")]
    refused("CommentDoesNotExistException", aws.update_comment, commentId="none", content="x")
    refused("PullRequestDoesNotExistException", aws.get_pull_request, pullRequestId="9")


def events(aws):
    entry = {"Source": "shop", "DetailType": "Ready", "Detail": "{}", "Resources": ["arn:aws:x"]}
    answer = aws.put_events(Entries=[entry, entry | {"Source": "aws.ec2"}])
    assert answer["FailedEntryCount"] == 1 and answer["Entries"][1]["ErrorCode"] == "NotAuthorizedForSourceException"
    first = aws.list_rules(Limit=1)
    assert [rule["Name"] for rule in first["Rules"]] == ["nightly"] and first["Rules"][0]["State"] == "DISABLED"
    second = aws.list_rules(Limit=1, NextToken=first["NextToken"])
    assert "aws.codecommit" in second["Rules"][0]["EventPattern"] and "NextToken" not in second
    assert [rule["Name"] for rule in aws.list_rules(NamePrefix="start")["Rules"]] == ["start-web"]
    web = "arn:aws:codepipeline:us-east-1:111122223333:web"
    targets = aws.list_targets_by_rule(Rule="start-web")["Targets"]
    assert [target["Arn"] for target in targets] == ["arn:aws:sns:us-east-1:111122223333:pushes", web]
    assert aws.list_rule_names_by_target(TargetArn=web)["RuleNames"] == ["nightly", "start-web"]
    refused("ResourceNotFoundException", aws.list_targets_by_rule, Rule="none")
    error = refused("ClientError", aws.list_rules, EventBusName="other")
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def codepipeline(aws):
    pipelines = aws.get_paginator("list_pipelines").paginate(PaginationConfig={"PageSize": 1})
    assert [one["name"] for page in pipelines for one in page["pipelines"]] == ["from-s3", "web"]
    for name in ["from-s3", "web"]:
        described = aws.get_pipeline(name=name)
        assert described["metadata"]["created"].year == 2026
        assert ("pollingDisabledAt" in described["metadata"]) == (name == "from-s3")
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
    # Without a token boto3 creates a random one.
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


IMAGE, FOREIGN = "ami-0123456789abcdef0", "ami-0aaaaaaaaaaaaaaa1"
ORGANIZATION = "arn:aws:organizations::111122223333:organization/o-abcde12345"


def ec2(aws):
    pages = aws.get_paginator("describe_images").paginate(Owners=["self"], PaginationConfig={"PageSize": 1})
    assert [[one["ImageId"] for one in page["Images"]] for page in pages] == [[IMAGE], ["ami-0123456789abcdef1"]]
    tagged = [{"Name": "tag:team", "Values": ["sh*<co>"]}, {"Name": "is-public", "Values": ["false"]}]
    image = aws.describe_images(Filters=tagged)["Images"][0]
    assert image["Name"] == "base-2026" and image["Tags"] == [{"Key": "team", "Value": "shop & <co>"}]
    assert image["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is False
    shared = {"UserId": "444455556666"}
    aws.modify_image_attribute(
        ImageId=IMAGE, LaunchPermission={"Add": [{"Group": "all"}, {"OrganizationArn": ORGANIZATION}], "Remove": [shared]}
    )
    permissions = aws.describe_image_attribute(ImageId=IMAGE, Attribute="launchPermission")["LaunchPermissions"]
    assert permissions == [{"Group": "all"}, {"OrganizationArn": ORGANIZATION}], permissions
    assert aws.describe_images(ExecutableUsers=["all"], Owners=["self"])["Images"][0]["Public"] is True
    aws.modify_image_attribute(ImageId=IMAGE, Description={"Value": "größer"})
    assert aws.describe_image_attribute(ImageId=IMAGE, Attribute="description")["Description"] == {"Value": "größer"}
    aws.reset_image_attribute(ImageId=IMAGE, Attribute="launchPermission")
    assert aws.describe_image_attribute(ImageId=IMAGE, Attribute="launchPermission")["LaunchPermissions"] == []
    assert aws.get_image_block_public_access_state()["ImageBlockPublicAccessState"] == "unblocked"
    aws.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")
    assert aws.get_image_block_public_access_state()["ImageBlockPublicAccessState"] == "block-new-sharing"
    public = {"ImageId": IMAGE, "LaunchPermission": {"Add": [{"Group": "all"}]}}
    error = refused("ClientError", aws.modify_image_attribute, **public)
    assert error.response["Error"]["Code"] == "OperationNotPermitted", error
    assert aws.disable_image_block_public_access()["ImageBlockPublicAccessState"] == "unblocked"
    snapshot = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    aws.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission={"Add": [shared]})
    described = aws.describe_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission")
    assert described["CreateVolumePermissions"] == [shared]


def snapshots(aws):
    pages = aws.get_paginator("describe_snapshots").paginate(OwnerIds=["self"], PaginationConfig={"PageSize": 5})
    found = [one for page in pages for one in page["Snapshots"]]
    assert [one["Encrypted"] for one in found] == [False, True] and found[1]["KmsKeyId"].startswith("arn:aws:kms:"), found
    assert found[0]["State"] == "completed" and found[0]["StartTime"].year == 2026 and found[0]["VolumeSize"] == 8
    snapshot = found[0]["SnapshotId"]
    aws.modify_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
    )
    assert aws.describe_snapshots(RestorableByUserIds=["all"], Filters=[{"Name": "encrypted", "Values": ["false"]}])["Snapshots"]
    assert aws.enable_snapshot_block_public_access(State="block-all-sharing")["State"] == "block-all-sharing"
    assert aws.get_snapshot_block_public_access_state()["ManagedBy"] == "account"
    assert not aws.describe_snapshots(RestorableByUserIds=["all"])["Snapshots"]
    assert aws.disable_snapshot_block_public_access()["State"] == "unblocked"
    aws.reset_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission")
    described = aws.describe_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission")
    assert described["CreateVolumePermissions"] == []


def usage(aws):
    types = [{"ResourceType": "ec2:Instance"},
             {"ResourceType": "ec2:LaunchTemplate", "ResourceTypeOptions": [{"OptionName": "version-depth", "OptionValues": ["20"]}]}]
    tags = [{"ResourceType": "image-usage-report", "Tags": [{"Key": "for", "Value": "alert"}]}]
    asked = {"ImageId": IMAGE, "ResourceTypes": types, "ClientToken": "t", "TagSpecifications": tags}
    [report] = {aws.create_image_usage_report(**asked)["ReportId"] for _ in range(2)}
    [described] = aws.describe_image_usage_reports(Filters=[{"Name": "tag:for", "Values": ["alert"]}])["ImageUsageReports"]
    assert described["State"] == "available" and described["ResourceTypes"] == types, described
    assert (described["ExpirationTime"] - described["CreationTime"]).days == 30
    pages = aws.get_paginator("describe_image_usage_report_entries").paginate(ReportIds=[report], PaginationConfig={"PageSize": 1})
    assert [[one["UsageCount"] for one in page["ImageUsageReportEntries"]] for page in pages] == [[3], [1]]
    assert aws.delete_image_usage_report(ReportId=report)["Return"] is True
    chain = aws.get_image_ancestry(ImageId=IMAGE)["ImageAncestryEntries"]
    assert [one["ImageId"] for one in chain] == [IMAGE, "ami-0bbbbbbbbbbbbbbb1"] and chain[1]["ImageOwnerAlias"] == "amazon"


def other_accounts(sts, organizations, endpoint):
    assumed = sts.assume_role(RoleArn="arn:aws:iam::999988887777:role/alerts", RoleSessionName="one")
    keys = assumed["Credentials"]
    theirs = client("ec2", endpoint, keys=keys)
    assert [one["ImageId"] for one in theirs.describe_images(Owners=["self"])["Images"]] == [FOREIGN]
    assert client("sts", endpoint, keys=keys).get_caller_identity()["Arn"] == assumed["AssumedRoleUser"]["Arn"]
    error = refused("ClientError", sts.assume_role, RoleArn="arn:aws:iam::999988887777:role/other", RoleSessionName="one")
    assert error.response["Error"]["Code"] == "AccessDenied", error
    account = organizations.describe_account(AccountId="444455556666")["Account"]
    assert account["Arn"] == "arn:aws:organizations::111122223333:account/o-abcde12345/444455556666"
    refused("InvalidInputException", organizations.describe_account, AccountId="44")


def findings(aws):
    finding = {
        "SchemaVersion": "2018-10-08", "Id": "a", "GeneratorId": "ami-alerts", "AwsAccountId": "111122223333",
        "ProductArn": "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default",
        "CreatedAt": "2026-03-02T10:00:00Z", "UpdatedAt": "2026-03-02T10:00:00Z", "Severity": {"Label": "HIGH"},
        "Title": "t", "Description": "d", "Resources": [{"Type": "Other", "Id": IMAGE}],
    }
    answer = aws.batch_import_findings(Findings=[finding, finding | {"Id": "b", "Title": "t" * 257}])
    assert (answer["SuccessCount"], answer["FailedCount"]) == (1, 1), answer
    assert answer["FailedFindings"][0]["ErrorCode"] == "InvalidInput"
    refused("InvalidInputException", aws.batch_import_findings, Findings=[])


def addresses(aws):
    allocation, first, second = "eipalloc-0a1b2c3d4e5f60718", "i-0a1b2c3d4e5f60718", "i-0a1b2c3d4e5f60719"
    by_id = [{"Name": "instance-id", "Values": [first]}]
    pages = aws.get_paginator("describe_instances").paginate(Filters=by_id)
    instance = [page["Reservations"][0]["Instances"][0] for page in pages][0]
    assert instance["State"] == {"Code": 16, "Name": "running"}, instance
    interface = instance["NetworkInterfaces"][0]
    assert interface["Attachment"]["DeviceIndex"] == 0 and interface["Attachment"]["NetworkCardIndex"] == 0, interface
    to_first = {"AllocationId": allocation, "NetworkInterfaceId": interface["NetworkInterfaceId"], "AllowReassociation": False}
    association = aws.associate_address(**to_first)["AssociationId"]
    assert aws.associate_address(**to_first)["AssociationId"] == association
    address = aws.describe_addresses(AllocationIds=[allocation])["Addresses"][0]
    assert (address["PublicIp"], address["InstanceId"]) == ("203.0.113.10", first), address
    assert (address["AssociationId"], address["Domain"]) == (association, "vpc"), address
    instance = aws.describe_instances(InstanceIds=[first])["Reservations"][0]["Instances"][0]
    of_interface = instance["NetworkInterfaces"][0]["Association"]
    assert (of_interface["PublicIp"], of_interface["IpOwnerId"]) == ("203.0.113.10", "111122223333"), of_interface
    to_second = {"AllocationId": allocation, "InstanceId": second, "AllowReassociation": False}
    error = refused("ClientError", aws.associate_address, **to_second).response["Error"]["Code"]
    assert error == "Resource.AlreadyAssociated", error
    aws.disassociate_address(AssociationId=association)
    aws.associate_address(**to_second)


def ec2_errors(aws):
    def code(call, **arguments):
        return refused("ClientError", call, **arguments).response["Error"]["Code"]

    assert code(aws.describe_images, ImageIds=["ami-00000000"]) == "InvalidAMIID.NotFound"
    assert code(aws.describe_images, ImageIds=["base"]) == "InvalidAMIID.Malformed"
    assert code(aws.describe_image_attribute, ImageId=FOREIGN, Attribute="launchPermission") == "AuthFailure"
    assert code(aws.describe_images, DryRun=True) == "DryRunOperation"
    assert code(aws.describe_snapshots, SnapshotIds=["snap-00000000"]) == "InvalidSnapshot.NotFound"
    assert code(aws.describe_snapshots, SnapshotIds=["base"]) == "InvalidSnapshotID.Malformed"
    assert code(aws.create_image_usage_report, ImageId=IMAGE) == "MissingParameter"
    assert code(aws.describe_regions) == "NotServedLocally"


def identity(iam, sts):
    assert iam.list_account_aliases() | {"ResponseMetadata": 0} == {
        "AccountAliases": ["shop-prod"], "IsTruncated": False, "ResponseMetadata": 0}
    assert sts.get_caller_identity()["Account"] == "111122223333"


def dynamodb(aws):
    key, claims = {"id": {"S": "event-1"}}, {"TableName": "claims"}
    claim = {"ConditionExpression": "attribute_not_exists(id) OR (attribute_not_exists(#c) AND expires < :now)",
             "ExpressionAttributeNames": {"#c": "confirmed"}, "ExpressionAttributeValues": {":now": {"N": "1000"}},
             "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    item = key | {"expires": {"N": "1e3"}, "note": {"M": {"größe": {"L": [{"BOOL": True}, {"NULL": True}, {"B": b"x"}]}}}}
    aws.put_item(**claims, Item=item, **claim)
    error = refused("ConditionalCheckFailedException", aws.put_item, **claims, Item=item, **claim)
    assert error.response["Item"] == item | {"expires": {"N": "1000"}}, error.response
    confirm = {"UpdateExpression": "SET confirmed = :yes REMOVE expires", "ExpressionAttributeValues": {":yes": {"BOOL": True}}}
    updated = aws.update_item(**claims, Key=key, ReturnValues="ALL_NEW", ConditionExpression="attribute_exists(id)", **confirm)
    assert updated["Attributes"] == key | {"note": item["note"], "confirmed": {"BOOL": True}}
    found = aws.get_item(**claims, Key=key, ConsistentRead=True, ProjectionExpression="confirmed")
    assert found["Item"] == {"confirmed": {"BOOL": True}}
    asked = {"KeyConditionExpression": "image = :i", "ExpressionAttributeValues": {":i": {"S": "ami-1"}}}
    pages = aws.get_paginator("query").paginate(TableName="findings", PaginationConfig={"PageSize": 1}, **asked)
    assert [one["seen"] for page in pages for one in page["Items"]] == [{"N": "2"}, {"N": "10"}]
    assert aws.delete_item(**claims, Key=key, ReturnValues="ALL_OLD")["Attributes"]["id"] == key["id"]
    assert "Item" not in aws.get_item(**claims, Key=key)
    refused("ResourceNotFoundException", aws.get_item, TableName="nothing", Key=key)
    error = refused("ClientError", aws.get_item, **claims, Key={"name": {"S": "x"}})
    assert error.response["Error"]["Code"] == "ValidationException", error


def transactions(aws):
    put = {"Put": {"TableName": "claims", "Item": {"id": {"S": "t1"}, "n": {"N": "1"}}, "ConditionExpression": "attribute_not_exists(id)",
                   "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}
    aws.transact_write_items(TransactItems=[put], ClientRequestToken="once")
    aws.transact_write_items(TransactItems=[put], ClientRequestToken="once")
    error = refused("TransactionCanceledException", aws.transact_write_items, TransactItems=[put])
    reason = error.response["CancellationReasons"][0]
    assert reason["Code"] == "ConditionalCheckFailed" and reason["Item"]["n"] == {"N": "1"}, reason
    aws.transact_write_items(TransactItems=[{"Delete": {"TableName": "claims", "Key": {"id": {"S": "t1"}}}}])


def signals(cloudwatch, ssm):
    assert cloudwatch.describe_alarms()["CompositeAlarms"] == []
    both = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"], AlarmNamePrefix="shop-")
    assert [one["AlarmName"] for one in both["MetricAlarms"]] == ["shop-a", "shop-b"], both
    assert both["MetricAlarms"][1]["StateUpdatedTimestamp"].year == 2026
    assert both["CompositeAlarms"][0]["ActionsSuppressedBy"] == "WaitPeriod"
    pages = cloudwatch.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 1})
    assert [len(page["MetricAlarms"]) for page in pages] == [1, 1]
    assert cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"][0]["AlarmName"] == "shop-b"
    assert ssm.get_parameter(Name="/switch", WithDecryption=True)["Parameter"]["Value"] == "enabled"
    refused("ParameterNotFound", ssm.get_parameter, Name="/none")


def drs(aws):
    plan = {"recoveryPlanArn": "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1"}
    server = {"sourceServerID": "s-0000000000000db01"}
    assert aws.get_recovery_plan(**plan)["recoveryPlan"]["status"] == "ACTIVE"
    steps = aws.list_recovery_plan_steps(**plan)["recoveryPlanSteps"]
    assert steps[0]["configuration"]["serverStepConfiguration"]["servers"][0]["impactLevel"] == "CRITICAL"
    snapshot = aws.describe_recovery_snapshots(**server, order="DESC")["items"][0]
    assert aws.describe_source_servers(filters={"sourceServerIDs": [server["sourceServerID"]]})["items"][0]["dataReplicationInfo"]
    instances = aws.describe_recovery_instances(filters={"sourceServerIDs": [server["sourceServerID"]]})["items"]
    assert [(one["ec2InstanceState"], one["isDrill"]) for one in instances] == [("STOPPED", True)]
    chosen = [server | {"recoverySnapshotID": snapshot["snapshotID"]}]
    started = aws.start_recovery_plan_execution(**plan, mode="DRILL", clientToken="t", sourceServers=chosen, tags={"a": "b"})
    arn = {"recoveryPlanExecutionArn": started["recoveryPlanExecution"]["recoveryPlanExecutionArn"]}
    assert aws.get_recovery_plan_execution(**arn)["recoveryPlanExecution"]["tags"] == {"a": "b"}
    assert len(aws.list_recovery_plan_executions(**plan, status="CREATED")["recoveryPlanExecutions"]) == 1
    assert aws.list_recovery_plan_execution_steps(**arn)["recoveryPlanExecutionSteps"][0]["status"] == "NOT_STARTED"
    assert aws.describe_jobs(filters={"fromDate": "2026-03-01T00:00:00Z"})["items"][0]["initiatedBy"] == "START_RECOVERY"
    refused("ConflictException", aws.start_recovery_plan_execution, **plan, mode="DRILL")
    error = refused("ResourceNotFoundException", aws.get_recovery_plan, recoveryPlanArn=plan["recoveryPlanArn"] + "0")
    assert error.response["resourceType"] == "RecoveryPlan", error.response
    refused("ValidationException", aws.describe_recovery_snapshots, sourceServerID="s-00000000000000bad!")


def objects(aws):
    here = {"Bucket": "sources", "Key": "web app/a+b.zip"}
    latest = aws.get_object(**here)
    assert latest["Body"].read() == b"second" and latest["VersionId"] == "two" and latest["ContentLength"] == 6
    part = aws.get_object(**here, VersionId="one", Range="bytes=-2")
    assert part["Body"].read() == b"st" and part["ContentRange"] == "bytes 3-4/5", part
    assert aws.head_object(**here)["ETag"] == latest["ETag"]
    pages = aws.get_paginator("list_object_versions").paginate(Bucket="sources", PaginationConfig={"PageSize": 1})
    assert [(one["Key"], one["VersionId"]) for page in pages for one in page.get("Versions", [])] == [
        ("web app/a+b.zip", "two"),
        ("web app/a+b.zip", "one"),
    ]
    refused("NoSuchKey", aws.get_object, Bucket="sources", Key="none")
    refused("NoSuchBucket", aws.list_object_versions, Bucket="none")
    refused("ClientError", aws.get_object, **here, IfNoneMatch=latest["ETag"])
    refused("ClientError", aws.get_object, **here, Range="bytes=6-")


def main():
    endpoint = sys.argv[1]
    commits, pipelines = client("codecommit", endpoint), client("codepipeline", endpoint)
    codecommit(commits)
    codecommit_errors(commits)
    pull_requests(commits)
    events(client("events", endpoint))
    codepipeline(pipelines)
    codepipeline_errors(pipelines)
    stacks = client("cloudformation", endpoint)
    cloudformation(stacks)
    cloudformation_errors(stacks)
    sns(client("sns", endpoint))
    images = client("ec2", endpoint)
    ec2(images)
    ec2_errors(images)
    addresses(images)
    snapshots(images)
    usage(images)
    identity(client("iam", endpoint), client("sts", endpoint))
    other_accounts(client("sts", endpoint), client("organizations", endpoint), endpoint)
    findings(client("securityhub", endpoint))
    dynamodb(client("dynamodb", endpoint))
    transactions(client("dynamodb", endpoint))
    signals(client("cloudwatch", endpoint), client("ssm", endpoint))
    drs(client("drs", endpoint, "us-east-1"))
    objects(client("s3", endpoint))
    print(f"boto3 {boto3.__version__}: {len(SEEN)} operations checked")
    assert len(SEEN) == 82, SEEN


main()
