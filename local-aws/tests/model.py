"""A boto3 client whose every raw answer is compared with botocore's service model.

No member that the model does not have, no required one missing, every type, enum and pattern as it says. boto3 itself
would not notice most of that.
"""

import json
import re
import sys
from xml.etree import ElementTree

import boto3
from botocore.config import Config

DIALECT = {"string": str, "integer": int, "long": int, "boolean": bool, "blob": str, "timestamp": (int, float)}


def conforms(value, shape, at):
    """Asserts that a JSON value has the shape of the model."""
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
    # A stack's own events have all of a stack's statuses; the model lacks these.
    forgotten = shape.name == "ResourceStatus" and value.endswith("_CLEANUP_IN_PROGRESS")
    assert not enum or value in enum or forgotten, f"{at} is {value!r}, not one of {enum}"
    pattern = shape.metadata.get("pattern")
    assert not pattern or re.fullmatch(pattern, value), f"{at} is {value!r}, which is not {pattern}"
    size = len(value) if isinstance(value, str) else value
    assert size >= shape.metadata.get("min", 0) or shape.type_name == "timestamp", f"{at} is {value!r}: too small"
    assert size <= shape.metadata.get("max", sys.maxsize), f"{at} is too large"


def conforms_xml(element, shape, at):
    """The same for an element of a Query protocol, in which every value is text. EC2's names in the protocol differ from those of its API."""
    children = [(re.sub(r"{.*}", "", child.tag), child) for child in element]
    if shape.type_name == "structure":
        names = [name for name, _ in children]
        assert len(names) == len(set(names)), f"{at} has a member twice: {names}"
        members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        required = {shape.members[name].serialization.get("name", name) for name in shape.required_members}
        unknown, missing = set(names) - set(members), required - set(names)
        assert not unknown and not missing, f"{at} has {unknown} that the model does not, and lacks {missing}"
        for name, child in children:
            conforms_xml(child, members[name], f"{at}.{name}")
    elif shape.type_name == "list":
        for index, (name, child) in enumerate(children):
            assert name == shape.member.serialization.get("name", "member"), f"{at}[{index}] is called {name}"
            conforms_xml(child, shape.member, f"{at}[{index}]")
    elif shape.type_name == "boolean":
        assert element.text in ("true", "false"), f"{at} is {element.text!r}"
    elif shape.type_name in ("integer", "long"):
        scalar(int(element.text), shape, at)
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
        # "Common Error Types" of the Query services are not in their models.
        known = code in modelled or code in ("AccessDenied", "ValidationError") or http_response.status_code == 501
        assert known, f"{model.name} has no error {code}"


def check_ec2(http_response, model):
    """The model has none of EC2's errors: the codes are only in its API reference."""
    root = ElementTree.fromstring(http_response.text)
    if http_response.status_code != 200:
        assert [child.tag for child in root] == ["Errors", "RequestID"] and root.tag == "Response", http_response.text
        return
    assert root.tag == f"{{{model.service_model.metadata['xmlNamespace']}/}}{model.name}Response", root.tag
    request_id, *members = root
    assert request_id.tag.endswith("}requestId"), request_id.tag
    if model.output_shape is None:
        assert [(member.tag.endswith("}return"), member.text) for member in members] == [(True, "true")]
    else:
        root.remove(request_id)
        conforms_xml(root, model.output_shape, model.name)


def check_s3(http_response, parsed, model):
    """The body of an object is a stream that is not read yet. S3's model has few of its errors."""
    if http_response.status_code >= 300:
        return
    parsed = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
    missing = set(model.output_shape.required_members) - set(parsed)
    assert not missing, f"{model.name} lacks {missing}"
    if model.name != "ListObjectVersions":
        assert {"ETag", "LastModified", "ContentLength", "AcceptRanges"} <= set(parsed), parsed
        return
    root = ElementTree.fromstring(http_response.content)
    assert root.tag == "{http://s3.amazonaws.com/doc/2006-03-01/}ListVersionsResult", root.tag
    members = {member.serialization.get("name", name) for name, member in model.output_shape.members.items()}
    unknown = {re.sub(r"{.*}", "", child.tag) for child in root} - members
    assert not unknown, f"{model.name} has members that the model does not: {unknown}"


def check(http_response, parsed, model, **_):
    SEEN.add(model.name)
    if model.service_model.metadata["protocol"] == "query":
        return check_xml(http_response, model)
    if model.service_model.metadata["protocol"] == "ec2":
        return check_ec2(http_response, model)
    if model.service_model.metadata["protocol"] == "rest-xml":
        return check_s3(http_response, parsed, model)
    body = json.loads(http_response.text)
    if http_response.status_code < 300:
        # REST JSON's model has the status of a success.
        assert http_response.status_code == model.http.get("responseCode", 200), http_response.status_code
        conforms(body, model.output_shape, model.name)
    else:
        modelled = {shape.name for shape in model.error_shapes}
        rest = model.service_model.metadata["protocol"] == "rest-json"
        code = http_response.headers["x-amzn-errortype"] if rest else body["__type"].split("#")[-1]
        if rest and code in modelled:
            [shape] = [shape for shape in model.error_shapes if shape.name == code]
            assert http_response.status_code == shape.metadata["error"]["httpStatusCode"], http_response.status_code
            conforms(body, shape, code)
        # DynamoDB's model has no error for an invalid request.
        modelled |= {"ValidationException"} if model.service_model.service_name == "dynamodb" else set()
        assert code in modelled or http_response.status_code == 501, f"{model.name} has no error {code}"


def client(service, endpoint, region="eu-west-1", keys=None):
    # No retries: a retry would hide a fault of the world. No validation: the server must refuse the request.
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    made = boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=keys["AccessKeyId"] if keys else "AKID",
        aws_secret_access_key=keys["SecretAccessKey"] if keys else "secret",
        aws_session_token=keys["SessionToken"] if keys else None,
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
