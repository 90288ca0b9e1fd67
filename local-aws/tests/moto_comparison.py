"""Makes the same calls to the local AWS and to moto, and compares the answers. Usage: moto_comparison.py ENDPOINT.

moto is a second opinion on AWS. Where it is known not to do as AWS does, the case stands under KNOWN with AWS's own
answer's source; a difference that is not listed fails, and so does one that is listed and gone.
"""

import os
import sys

os.environ["MOTO_ACCOUNT_ID"] = "111122223333"

import boto3
import moto
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

KEYS = {"region_name": "eu-west-1", "aws_access_key_id": "AKID", "aws_secret_access_key": "secret"}
SERVICES = ["dynamodb", "ec2", "iam", "sns", "sts"]
# The names of the image, the snapshot and the topic of the cases on each side.
LOCAL = {"ADDRESS": "eipalloc-0a1b2c3d4e5f60718", "FIRST": "i-0a1b2c3d4e5f60718", "SECOND": "i-0a1b2c3d4e5f60719",
         "IMAGE": "ami-0123456789abcdef0", "TOPIC": "arn:aws:sns:eu-west-1:111122223333:mail"}
ORGANIZATION = "arn:aws:organizations::111122223333:organization/o-abcde12345"
UNIT = "arn:aws:organizations::111122223333:ou/o-abcde12345/ou-ab12-cdefgh34"

# Members that either side invents, or that the other side does not have.
LEFT_OUT = {"AssociationId", "ResponseMetadata", "ConsumedCapacity", "MessageId", "UserId", "Arn"}
# The members of an image that both sides have.
OF_IMAGE = {"ImageId", "Name", "OwnerId", "Public", "State"}
# The members of an address that both sides have.
OF_ADDRESS = ["AllocationId", "Domain", "InstanceId"]

KNOWN = {
    "attribute of ami-00000000": "moto fails; AWS has InvalidAMIID.NotFound for every operation on one image",
    "attribute of base": "moto fails; AWS has InvalidAMIID.Malformed for every operation on one image",
    "alias": "moto leaves IsTruncated out; IAM's model has it in every page",
    "two lines of subject": "moto takes it; the API reference of Publish has no line breaks in a subject",
    "no message": "moto takes it; SNS answers InvalidParameter: Empty message",
    "value that is not given": "moto fails; DynamoDB answers ValidationException",
    "name that is not given": "moto fails; DynamoDB answers ValidationException",
    "value that is not used": "moto looks for that in updates only; DynamoDB in every expression",
    "two attributes at once": "moto carries out one of them; AWS: \"You can specify only one attribute at a time.\"",
    "nothing at all": "moto does nothing; AWS answers InvalidParameterCombination: No attributes specified.",
    "a new description": "moto forgets it",
    "a number with 39 digits": "moto keeps it; AWS: \"Numbers can have up to 38 digits of precision\"",
}


def cases(names):
    """Each case: its name, the service, the operation and its arguments; each starts from the state after the last."""
    image, topic = names["IMAGE"], names["TOPIC"]
    permissions = {"ImageId": image, "Attribute": "launchPermission"}

    def launch(**change):
        return "ec2", "modify_image_attribute", {"ImageId": image, "LaunchPermission": change}

    def older(operation, **grantees):
        return "ec2", "modify_image_attribute", permissions | {"OperationType": operation} | grantees

    described = "ec2", "describe_image_attribute", permissions
    yield "to begin with, nobody", *described
    every = [{"UserId": "444455556666"}, {"Group": "all"}, {"OrganizationArn": ORGANIZATION}, {"OrganizationalUnitArn": UNIT}]
    for grantee in every:
        yield f"add {grantee}", *launch(Add=[grantee])
        yield f"after adding {grantee}", *described
    public = [{"Name": "is-public", "Values": ["true"]}]
    yield "public images", "ec2", "describe_images", {"Owners": ["self"], "Filters": public}
    yield "add what is there", *launch(Add=[every[0]])
    yield "after adding it again", *described
    for grantee in every[1:]:
        yield f"remove {grantee}", *launch(Remove=[grantee])
    yield "after removing", *described
    yield "remove what is not there", *launch(Remove=[{"Group": "all"}])
    yield "no public images", "ec2", "describe_images", {"Owners": ["self"], "Filters": public}
    yield "the older form", *older("add", UserIds=["777788889999"])
    yield "the older form, group", *older("add", UserGroups=["all"])
    yield "after the older form", *described
    yield "the older form, remove", *older("remove", UserIds=["777788889999"], UserGroups=["all"])
    yield "after removing in the older form", *described
    yield "an account's id that is none", *launch(Add=[{"UserId": "44"}])
    yield "a group that is none", *launch(Add=[{"Group": "some"}])
    yield "dry run", "ec2", "modify_image_attribute", {"ImageId": image, "LaunchPermission": {"Add": every}, "DryRun": True}
    for id in ["ami-00000000", "base"]:
        yield f"modify {id}", "ec2", "modify_image_attribute", {"ImageId": id, "LaunchPermission": {"Add": every}}
        yield f"describe {id}", "ec2", "describe_images", {"ImageIds": [id]}
        yield f"attribute of {id}", "ec2", "describe_image_attribute", permissions | {"ImageId": id}
    by_name = [{"Name": "name", "Values": ["base-20*"]}, {"Name": "image-id", "Values": [image]}]
    yield "by name", "ec2", "describe_images", {"Filters": by_name}
    yield "by owner and state", "ec2", "describe_images", {
        "Filters": [{"Name": "owner-id", "Values": ["111122223333"]}, {"Name": "state", "Values": ["available"]}, by_name[1]]}
    yield "by tag", "ec2", "describe_images", {"Filters": [{"Name": "tag:team", "Values": ["shop & <co>"]}, by_name[1]]}
    yield "nothing at all", "ec2", "modify_image_attribute", {"ImageId": image}
    yield "two attributes at once", "ec2", "modify_image_attribute", {
        "ImageId": image, "LaunchPermission": {"Add": [every[0]]}, "Description": {"Value": "x"}}
    yield "a new description", "ec2", "modify_image_attribute", {"ImageId": image, "Description": {"Value": "new"}}
    yield "a new description", "ec2", "describe_image_attribute", {"ImageId": image, "Attribute": "description"}

    yield "a snapshot that does not exist", "ec2", "describe_snapshots", {"SnapshotIds": ["snap-00000000"]}

    address, first, second = names["ADDRESS"], names["FIRST"], names["SECOND"]
    kept = {"AllocationId": address, "AllowReassociation": False}
    yield "an allocation that does not exist", "ec2", "describe_addresses", {"AllocationIds": ["eipalloc-00000000"]}
    yield "an address to begin with", "ec2", "describe_addresses", {"AllocationIds": [address]}
    yield "associate nothing", "ec2", "associate_address", {"AllocationId": "eipalloc-00000000", "InstanceId": first}
    yield "associate an instance that does not exist", "ec2", "associate_address", kept | {"InstanceId": "i-00000000"}
    yield "associate", "ec2", "associate_address", kept | {"InstanceId": first}
    yield "associated", "ec2", "describe_addresses", {"AllocationIds": [address]}
    yield "associate what is in use", "ec2", "associate_address", kept | {"InstanceId": second}
    yield "still associated", "ec2", "describe_addresses", {"AllocationIds": [address]}
    yield "disassociate nothing", "ec2", "disassociate_address", {"AssociationId": "eipassoc-00000000"}

    yield "alias", "iam", "list_account_aliases", {}
    yield "caller", "sts", "get_caller_identity", {}

    yield "publish", "sns", "publish", {"TopicArn": topic, "Subject": "s" * 99, "Message": "m"}
    yield "long subject", "sns", "publish", {"TopicArn": topic, "Subject": "s" * 101, "Message": "m"}
    yield "two lines of subject", "sns", "publish", {"TopicArn": topic, "Subject": "a\nb", "Message": "m"}
    yield "no message", "sns", "publish", {"TopicArn": topic, "Message": ""}
    yield "long message", "sns", "publish", {"TopicArn": topic, "Message": "m" * 262_145}
    yield "longest message", "sns", "publish", {"TopicArn": topic, "Message": "m" * 262_144}
    yield "no such topic", "sns", "publish", {"TopicArn": topic.replace("1111", "9999"), "Message": "m"}

    yield from of_items()


def of_items():
    table, key = {"TableName": "claims"}, {"id": {"S": "e1"}}

    def put(condition=None, values=None, names=None, **more):
        arguments = table | {"Item": key | {"expires": {"N": "100"}}} | more
        for name, value in [("ConditionExpression", condition), ("ExpressionAttributeValues", values), ("ExpressionAttributeNames", names)]:
            arguments |= {name: value} if value else {}
        return "dynamodb", "put_item", arguments

    def update(expression, values=None, condition=None, **more):
        arguments = table | {"Key": key, "UpdateExpression": expression, "ReturnValues": "ALL_NEW"} | more
        for name, value in [("ConditionExpression", condition), ("ExpressionAttributeValues", values)]:
            arguments |= {name: value} if value else {}
        return "dynamodb", "update_item", arguments

    five, fifty = {":n": {"N": "5"}}, {":n": {"N": "50"}}
    new = "attribute_not_exists(id)"
    yield "claim", *put(new)
    yield "claim again", *put(new)
    yield "claim again, and say what is there", *put(new, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    yield "claim before it is over", *put(f"{new} OR expires < :n", five)
    yield "claim when it is over", *put(f"{new} OR (attribute_not_exists(#c) AND expires < :n)", {":n": {"N": "1000"}}, {"#c": "confirmed"})
    conditions = ["expires = :n", "expires <> :n", "expires < :n", "expires > :n", "NOT expires > :n", "id = :n", "gone = :n",
                  "gone <> :n", "gone < :n", "NOT gone = :n", "expires BETWEEN :n AND :n", "expires IN (:n)", "size(id) < :n",
                  "attribute_exists(id) AND NOT (expires = :n OR attribute_exists(gone))"]
    for condition in conditions:
        yield condition, *put(condition, fifty)
    yield "confirm", *update("SET confirmed = :n REMOVE expires", fifty, "attribute_exists(expires)")
    yield "confirm again", *update("SET confirmed = :n REMOVE expires", fifty, "attribute_exists(expires)")
    yield "count", *update("SET hits = if_not_exists(hits, :n) + :n", fifty, ReturnValues="UPDATED_NEW")
    yield "count on", *update("SET hits = hits - :n", five)
    yield "what is there", "dynamodb", "get_item", table | {"Key": key}
    yield "a part of it", "dynamodb", "get_item", table | {"Key": key, "ProjectionExpression": "hits"}
    yield "reserved word", *put("status = :n", five)
    yield "value that is not given", *put("a = :m", five)
    yield "value that is not used", *put(new, five)
    yield "name that is not given", *put("#a = :n", five)
    yield "update of the key", *update("SET id = :n", five)
    yield "no key in the item", "dynamodb", "put_item", table | {"Item": {"name": {"S": "x"}}}
    yield "a number with 39 digits", *put(None, None, None, Item={"id": {"S": "e2"}, "n": {"N": "1" * 39}})
    yield "key that is none", "dynamodb", "get_item", table | {"Key": {"name": {"S": "x"}}}
    yield "delete under a condition", "dynamodb", "delete_item", table | {"Key": key, "ConditionExpression": new}
    yield "delete", "dynamodb", "delete_item", table | {"Key": key, "ReturnValues": "ALL_OLD"}
    yield "delete again", "dynamodb", "delete_item", table | {"Key": key}
    yield "no such table", "dynamodb", "get_item", {"TableName": "nothing", "Key": key}
    query = {"TableName": "findings", "KeyConditionExpression": "image = :i", "ExpressionAttributeValues": {":i": {"S": "ami-1"}}}
    yield "query", "dynamodb", "query", query
    yield "query backwards, one", "dynamodb", "query", query | {"ScanIndexForward": False, "Limit": 1}


def clients(endpoint=None):
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    return {name: boto3.client(name, endpoint_url=endpoint, config=config, **KEYS) for name in SERVICES}


def shown(answer, names):
    """The answer without invented members, and with the same names on both sides."""
    if isinstance(answer, dict):
        if "AllocationId" in answer:
            answer = {key: answer[key] for key in OF_ADDRESS if answer.get(key)}
        kept = OF_IMAGE if "ImageLocation" in answer or "CreationDate" in answer else set(answer) - LEFT_OUT
        return {key: shown(value, names) for key, value in answer.items() if key in kept}
    if isinstance(answer, list):
        return [shown(item, names) for item in answer]
    for name, own in names.items():
        answer = answer.replace(own, name) if isinstance(answer, str) else answer
    return answer


def ask(services, names):
    answers = []
    for case, service, operation, arguments in cases(names):
        try:
            answer = shown(getattr(services[service], operation)(**arguments), names)
        except ClientError as error:
            # The messages differ if AWS documents none; the codes do not.
            answer = error.response["Error"]["Code"], shown(error.response.get("Item"), names)
        except (KeyError, NotImplementedError) as error:  # from within moto, which runs in this process
            answer = repr(error)
        answers.append((case, answer))
    return answers


def of_moto():
    with mock_aws():
        services = clients()
        image = services["ec2"].register_image(Name="base-2026")["ImageId"]
        services["ec2"].create_tags(Resources=[image], Tags=[{"Key": "team", "Value": "shop & <co>"}])
        services["iam"].create_account_alias(AccountAlias="shop-prod")
        topic = services["sns"].create_topic(Name="mail")["TopicArn"]
        launched = services["ec2"].run_instances(ImageId=image, MinCount=2, MaxCount=2)["Instances"]
        first, second = [instance["InstanceId"] for instance in launched]
        address = services["ec2"].allocate_address(Domain="vpc")["AllocationId"]
        for name, hash, range in [("claims", "id", None), ("findings", "image", "seen")]:
            keys = [(hash, "HASH", "S")] + ([(range, "RANGE", "N")] if range else [])
            services["dynamodb"].create_table(
                TableName=name,
                KeySchema=[{"AttributeName": key, "KeyType": role} for key, role, _ in keys],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, _, kind in keys],
                BillingMode="PAY_PER_REQUEST",
            )
        for of, seen in [("ami-1", "10"), ("ami-2", "1"), ("ami-1", "2")]:
            services["dynamodb"].put_item(TableName="findings", Item={"image": {"S": of}, "seen": {"N": seen}})
        return ask(services, {"ADDRESS": address, "FIRST": first, "SECOND": second, "IMAGE": image, "TOPIC": topic})


def of_local_aws(endpoint):
    services = clients(endpoint)
    # The case begins with an image without launch permissions.
    services["ec2"].reset_image_attribute(ImageId=LOCAL["IMAGE"], Attribute="launchPermission")
    return ask(services, LOCAL)


def main():
    ours, theirs = of_local_aws(sys.argv[1]), of_moto()
    differ = [(case, mine, other) for (case, mine), (_, other) in zip(ours, theirs, strict=True) if mine != other]
    for case, mine, other in differ:
        if case not in KNOWN:
            print(f"{case}\n  local-aws: {mine}\n  moto:      {other}")
    unexpected = {case for case, _, _ in differ} - set(KNOWN)
    gone = set(KNOWN) - {case for case, _, _ in differ}
    same = len(ours) - len(differ)
    print(f"moto {moto.__version__}: {same} of {len(ours)} answers are the same, {len(differ)} differ")
    assert not unexpected, f"these differ and nobody said so: {unexpected}"
    assert not gone, f"these are said to differ and do not: {gone}"


main()
