//! Requests usage reports of images.

use aws_sdk_ec2::types::ImageUsageResourceTypeRequest;
use serde_json::{Value, json};
use shared::act::{Effect as _, Performed};
use shared::call_error::CallError;
use shared::decision::Action;

use crate::run::Run;
use crate::usage::UsageCase;

/// The resources that a report counts. Of a launch template EC2 checks the 20 newest versions, unless a request names another
/// number ("View your AMI usage", Amazon EC2 User Guide).
const RESOURCE_TYPES: [&str; 2] = ["ec2:Instance", "ec2:LaunchTemplate"];

/// The request of a report about one image and all accounts.
struct UsageReportCall<'a> {
    image: &'a str,
    token: String,
}

/// Requests a report, and returns its id.
pub async fn request_report(
    run: &Run<'_>,
    region: &str,
    case: &UsageCase,
    actions: &mut Vec<Action>,
) -> Performed<String> {
    let token = case.token(&run.home.account, region);
    let request = UsageReportCall { image: &case.image, token };
    let result = run.invocation.executor.perform(create(run, region, &request)).await;
    actions.push(request.action(result.result(String::clone)));
    result
}

async fn create(run: &Run<'_>, region: &str, request: &UsageReportCall<'_>) -> Result<String, CallError> {
    let ec2 = run.aws.ec2(region);
    let mut call = ec2.create_image_usage_report().image_id(request.image).client_token(&request.token);
    for name in RESOURCE_TYPES {
        call = call.resource_types(ImageUsageResourceTypeRequest::builder().resource_type(name).build());
    }
    let answer = call.send().await.map_err(|error| CallError::new(request.call(), error))?;
    let id = answer.report_id.filter(|id| !id.is_empty());
    id.ok_or_else(|| CallError::without_answer(request.call(), "EC2's answer has no report id"))
}

impl shared::act::Effect for UsageReportCall<'_> {
    fn call(&self) -> &'static str {
        "ec2:CreateImageUsageReport"
    }

    fn subject(&self) -> String {
        self.image.to_owned()
    }

    fn input(&self) -> Value {
        json!({"ImageId": self.image, "ResourceTypes": RESOURCE_TYPES, "ClientToken": self.token})
    }
}
