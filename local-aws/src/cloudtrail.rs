//! Owns the records of CloudTrail that reach the event bus.
//!
//! Only a change of launch permissions is recorded, because no function here reacts to the event of another call. The
//! shape is that of "CloudTrail record contents for management, data, and network activity events" (AWS CloudTrail
//! User Guide). The event appears at the time of the call; AWS takes minutes.

use serde_json::{Value, json};

use crate::bus::BusEvent;
use crate::ids;
use crate::service::{ACCOUNT, Context};

/// Puts the record of a successful call to EC2 on the bus. `resource` is the ARN of the changed resource.
pub(crate) fn record(context: &Context<'_>, name: &str, resource: &str, request: Value) {
    let time = context.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let id = ids::uuid(&["cloudtrail", name, resource, &context.now.to_string(), &request.to_string()]);
    let detail = json!({
        "eventVersion": "1.11",
        "userIdentity": identity(&context.world.account.caller),
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
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    });
    context.world.bus.put(BusEvent {
        source: "aws.ec2",
        detail_type: "AWS API Call via CloudTrail",
        region: context.region,
        at: context.now,
        resource,
        detail,
    });
}

/// The caller, as far as an ARN describes it.
fn identity(caller: &str) -> Value {
    let name = caller.rsplit('/').next().unwrap_or(caller);
    let kind = match caller {
        arn if arn.contains(":assumed-role/") => "AssumedRole",
        arn if arn.ends_with(":root") => "Root",
        _ => "IAMUser",
    };
    match kind {
        "IAMUser" => json!({"type": kind, "arn": caller, "accountId": ACCOUNT, "userName": name}),
        kind => json!({"type": kind, "arn": caller, "accountId": ACCOUNT}),
    }
}
