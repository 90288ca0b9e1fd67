//! The origin of a call: an IP address, an AWS service, or AWS itself.

use std::net::IpAddr;

use shared::home::service_name;

use crate::event::Record;

/// The origin of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// `sourceIPAddress`, as the record has it.
    pub address: Option<String>,
    /// An explanation, if that is not an IP address.
    pub meaning: Option<String>,
}

impl Origin {
    /// The origin of a recorded call ("sourceIPAddress", CloudTrail record contents, AWS CloudTrail User Guide).
    pub fn of(record: &Record) -> Self {
        let address = record.text("/sourceIPAddress");
        Self { address: address.map(str::to_owned), meaning: meaning(record, address) }
    }
}

fn meaning(record: &Record, address: Option<&str>) -> Option<String> {
    let endpoint = record.text("/vpcEndpointId");
    match address {
        None => Some("the record has no source address".to_owned()),
        Some(address) if address.parse::<IpAddr>().is_ok() => {
            endpoint.map(|endpoint| format!("through the VPC endpoint {endpoint}"))
        }
        // Since 2022 also for what a user does in the console.
        Some("AWS Internal") => {
            Some("not an IP address: the console or an AWS service made the call for this actor".to_owned())
        }
        Some(service) if service_name(service).is_some() => {
            Some(format!("not an IP address: the AWS service {service} made the call"))
        }
        Some(_) => Some("neither an IP address nor the name of an AWS service".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::event::{Event, Parsed, parse};

    fn meaning(address: Value) -> String {
        let event = json!({"detail-type": "AWS API Call via CloudTrail",
            "detail": {"eventName": "X", "sourceIPAddress": address}});
        let Ok(Parsed::Ours(Event::Call(record))) = parse(&event) else { panic!("no call") };
        Origin::of(&record).meaning.unwrap_or_default()
    }

    #[test]
    fn is_an_origin_without_an_address_explained() {
        for address in ["203.0.113.5", "2001:db8::1"] {
            assert_eq!(meaning(json!(address)), "");
        }
        assert!(meaning(json!("AWS Internal")).contains("the console or an AWS service"));
        assert!(meaning(json!("backup.amazonaws.com")).contains("the AWS service backup.amazonaws.com"));
        assert!(meaning(json!("ec2.amazonaws.eu")).contains("the AWS service ec2.amazonaws.eu"));
        assert!(meaning(json!("evil.example\n.amazonaws.com")).contains("neither"));
        assert!(meaning(json!("somewhere")).contains("neither"));
        assert!(meaning(Value::Null).contains("no source address"));
    }
}
