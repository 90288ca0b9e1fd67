//! Reads the rules file from where a deployment keeps it: a layer, an S3 object, or a DynamoDB table.
