//! The partition, region and account that the function runs in, and the form of a region's name.

/// The partition, region and account that the function runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// `aws`, `aws-cn`, `aws-us-gov`, `aws-eusc`.
    pub partition: String,
    /// Its region.
    pub region: String,
    /// Its account.
    pub account: String,
}

impl Home {
    /// From the ARN of the function: `arn:aws:lambda:REGION:ACCOUNT:function:NAME`. A part that the ARN lacks is empty.
    pub fn of(function_arn: &str) -> Self {
        let part = |at: usize| function_arn.split(':').nth(at).unwrap_or_default().to_owned();
        Self { partition: part(1), region: part(3), account: part(4) }
    }

    /// The domain of the console in this partition; `None` in a partition whose console is not known ("AWS Management Console
    /// endpoints", AWS General Reference; "Service endpoints", AWS European Sovereign Cloud Reference).
    pub fn console(&self) -> Option<&'static str> {
        match self.partition.as_str() {
            // Only a test has no partition.
            "aws" | "" => Some("console.aws.amazon.com"),
            "aws-cn" => Some("console.amazonaws.cn"),
            "aws-eusc" => Some("console.amazonaws-eusc.eu"),
            "aws-us-gov" => Some("console.amazonaws-us-gov.com"),
            _ => None,
        }
    }
}

/// The domains that follow the name of a service: in records, in addresses and in policies of each partition. Partitions whose
/// services have another domain still record most services with the first one.
const SERVICE_DOMAINS: [&str; 5] =
    [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.cn", ".amazonaws.eu", ".amazonaws-us-gov.com"];

/// The name of a service without its partition's domain: `ec2` of `ec2.amazonaws.com` and of `ec2.amazonaws.eu`; `None` if
/// the text is not the name of a service.
pub fn service_name(text: &str) -> Option<&str> {
    let name = SERVICE_DOMAINS.iter().find_map(|domain| text.strip_suffix(domain))?;
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    (!name.is_empty() && name.bytes().all(is_legal)).then_some(name)
}

/// Whether a text is an account's id: 12 digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text has the form of a region's name: `eu-west-1`. The text comes from an event and
/// becomes part of the name of a host.
pub fn is_region(text: &str) -> bool {
    let words: Vec<&str> = text.split('-').collect();
    let Some((number, names)) = words.split_last() else { return false };
    let is_name = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    (2..=4).contains(&names.len())
        && text.len() <= 25
        && names.iter().all(is_name)
        && matches!(number.len(), 1 | 2)
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_knows_its_region_and_account() {
        let home = Home::of("arn:aws-cn:lambda:cn-north-1:111122223333:function:alerts");
        assert_eq!((home.region.as_str(), home.account.as_str()), ("cn-north-1", "111122223333"));
        assert_eq!(home.console(), Some("console.amazonaws.cn"));
        assert_eq!(Home::of("").account, "");
    }

    #[test]
    fn each_partition_has_its_console_and_its_names_of_services() {
        let console = |partition: &str| Home::of(&format!("arn:{partition}:lambda:r:1:function:f")).console();
        assert_eq!(console("aws"), Some("console.aws.amazon.com"));
        assert_eq!(console("aws-us-gov"), Some("console.amazonaws-us-gov.com"));
        assert_eq!(console("aws-eusc"), Some("console.amazonaws-eusc.eu"));
        assert_eq!(console("aws-iso"), None, "a link to another partition's console would be wrong");
        for text in ["ec2.amazonaws.com", "ec2.amazonaws.com.cn", "ec2.amazonaws.eu"] {
            assert_eq!(service_name(text), Some("ec2"), "{text}");
        }
        for text in
            ["", ".amazonaws.com", "ec2.example.com", "e\n.amazonaws.com", "ec2.amazonaws.com.example", "ec2"]
        {
            assert_eq!(service_name(text), None, "{text:?}");
        }
    }

    #[test]
    fn only_a_regions_name_becomes_part_of_a_host() {
        for region in [
            "eu-west-1",
            "us-gov-east-1",
            "ap-southeast-3",
            "us-iso-east-1",
            "me-central-1",
            "eusc-de-east-1",
        ] {
            assert!(is_region(region), "{region}");
        }
        for text in ["", "x", "evil.example/", "us-east-1.evil", "us-east-", "-1", "US-EAST-1", "us-east-1\n"]
        {
            assert!(!is_region(text), "{text}");
        }
    }
}
