//! The call that moves traffic: associates a reserved address with a recovered instance. It never takes an address from another
//! resource.

#![expect(clippy::disallowed_methods, reason = "this file carries the effects out")]

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_ec2::operation::associate_address::AssociateAddressError;
use serde_json::{Value, json};
use shared::act::Effect;
use shared::call_error::CallError;

use crate::facts::AssociationFailure;
use crate::traffic::Association;

/// The call, as IAM names it.
const ASSOCIATE: &str = "ec2:AssociateAddress";

/// Codes with which EC2 does not say whether it carried the call out ("Error codes for the Amazon EC2 API").
const UNCERTAIN: [&str; 3] = ["InternalError", "ServiceUnavailable", "Unavailable"];

/// An association of an address.
#[derive(Debug, Clone, Copy)]
pub(super) struct AssociateCall<'a>(pub(super) &'a Association);

impl Effect for AssociateCall<'_> {
    fn call(&self) -> &'static str {
        ASSOCIATE
    }

    fn subject(&self) -> String {
        self.0.allocation.clone()
    }

    fn input(&self) -> Value {
        json!({
            "allocationId": self.0.allocation,
            "networkInterfaceId": self.0.interface,
            "allowReassociation": false,
        })
    }
}

impl AssociateCall<'_> {
    /// Asks EC2. The network interface is named, because EC2 accepts an instance's id for instances with one interface only.
    /// The call is idempotent for the same interface (AssociateAddress, Amazon EC2 API Reference).
    pub(super) async fn send(self, ec2: &Client) -> Result<String, AssociationFailure> {
        let call = ec2.associate_address().allocation_id(&self.0.allocation);
        let call = call.network_interface_id(&self.0.interface).allow_reassociation(false);
        match call.send().await {
            Ok(output) => Ok(output.association_id.unwrap_or_default()),
            Err(error) if is_refusal(&error) => {
                Err(AssociationFailure::Refused(CallError::new(ASSOCIATE, error)))
            }
            Err(error) => Err(AssociationFailure::Unknown(CallError::new(ASSOCIATE, error))),
        }
    }
}

fn is_refusal<R>(error: &SdkError<AssociateAddressError, R>) -> bool {
    let code = error.as_service_error().and_then(|error| error.code());
    code.is_some_and(|code| !UNCERTAIN.contains(&code))
}
