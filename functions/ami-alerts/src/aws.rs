//! The services this function calls, and what it calls them for.

/// Every call this function makes, as IAM names it, and what it is made on.
pub const CALLS: &[(&str, On)] = &[
    ("dynamodb:DeleteItem", On::Table),
    ("dynamodb:PutItem", On::Table),
    ("dynamodb:Query", On::Table),
    ("dynamodb:UpdateItem", On::Table),
    ("ec2:DescribeImageAttribute", On::Everything),
    ("ec2:DescribeImages", On::Everything),
    ("ec2:DescribeSnapshotAttribute", On::Everything),
    ("ec2:GetImageBlockPublicAccessState", On::Everything),
    // Only where the template's Revert parameter allows it.
    ("ec2:ModifyImageAttribute", On::Image),
    ("iam:ListAccountAliases", On::Everything),
    ("sns:Publish", On::Topic),
    // Needs no permission: the role may always ask who it is.
    ("sts:GetCallerIdentity", On::Nothing),
];

/// What a call is made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The table that remembers what was mailed.
    Table,
    /// The topic for mails.
    Topic,
    /// An image.
    Image,
    /// No single resource.
    Everything,
    /// Nothing that a policy can name.
    Nothing,
}
