//! Gives a branch its CloudFormation stack, keeps it current, and takes it away again.
