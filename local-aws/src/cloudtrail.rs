//! Owns the records of CloudTrail that reach the event bus.
//!
//! Only a change of the permissions of an image or a snapshot is recorded, because no function here reacts to the event
//! of another call. The shape is that of "CloudTrail record contents for management, data, and network activity events" (AWS CloudTrail
//! User Guide). The event appears at the time of the call; AWS takes minutes.

use serde_json::{Value, json};

use crate::account::CallIdentity;
use crate::bus::BusEvent;
use crate::ids;
use crate::service::Context;

/// Puts the record of a successful call to EC2 on the bus. `resource` is the ARN of the changed resource.
pub(crate) fn record(context: &Context<'_>, name: &str, resource: &str, request: Value) {
    let time = context.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let id = ids::uuid(&["cloudtrail", name, resource, &context.now.to_string(), &request.to_string()]);
    let detail = json!({
        "eventVersion": "1.11",
        "userIdentity": identity(&context.caller),
        "eventTime": time,
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "awsRegion": context.region,
        "sourceIPAddress": "127.0.0.1",
        "requestParameters": request,
        "responseElements": {"_return": true, "requestId": id},
        "requestID": id,
        "eventID": id,
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": context.account(),
        "eventCategory": "Management",
    });
    let happened = BusEvent {
        source: "aws.ec2",
        detail_type: "AWS API Call via CloudTrail",
        region: context.region,
        at: context.now,
        resource,
        detail,
    };
    context.world.bus.put_of(context.account(), happened);
}

/// The caller, as far as an ARN describes it.
fn identity(caller: &CallIdentity) -> Value {
    let CallIdentity { account, arn: caller } = caller;
    let name = caller.rsplit('/').next().unwrap_or_default();
    let kind = match caller.as_str() {
        arn if arn.contains(":assumed-role/") => "AssumedRole",
        arn if arn.ends_with(":root") => "Root",
        _ => "IAMUser",
    };
    match kind {
        "IAMUser" => json!({"type": kind, "arn": caller, "accountId": account, "userName": name}),
        kind => json!({"type": kind, "arn": caller, "accountId": account}),
    }
}
