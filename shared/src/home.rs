//! The partition, region and account that the function runs in, and the form of a region's name.

/// The partition, region and account that the function runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// `aws`, `aws-cn`, `aws-us-gov`.
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

    /// The domain of the console in this partition ("AWS Management Console endpoints", AWS General Reference).
    pub fn console(&self) -> &'static str {
        match self.partition.as_str() {
            "aws-cn" => "console.amazonaws.cn",
            "aws-us-gov" => "console.amazonaws-us-gov.com",
            _ => "console.aws.amazon.com",
        }
    }
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
        assert_eq!(home.console(), "console.amazonaws.cn");
        assert_eq!(Home::of("").account, "");
    }

    #[test]
    fn only_a_regions_name_becomes_part_of_a_host() {
        for region in ["eu-west-1", "us-gov-east-1", "ap-southeast-3", "us-iso-east-1", "me-central-1"] {
            assert!(is_region(region), "{region}");
        }
        for text in ["", "x", "evil.example/", "us-east-1.evil", "us-east-", "-1", "US-EAST-1", "us-east-1\n"]
        {
            assert!(!is_region(text), "{text}");
        }
    }
}
