//! Reads a source once, for the command line: the newest rules, without the last good ones of a running function.

use aws_config::SdkConfig;
use shared::config::{ConfigError, Document, RulesRemark};
use shared::function::Table;

use crate::object::{NewestObject, RulesObject};
use crate::source::RulesSource;
use crate::table::{RulesTable, TableUnreadable};
use crate::understood::{self, NotUnderstood, Reader};

/// Why a source gives no document, or no rules.
#[derive(Debug, thiserror::Error)]
pub enum RulesUnreadable {
    /// The file could not be read.
    #[error(transparent)]
    File(#[from] ConfigError),
    /// The object or the table could not be read, or has no rule.
    #[error("cannot read the rules {rules}: {why}")]
    Elsewhere {
        /// The source.
        rules: String,
        /// Why.
        why: String,
    },
    /// The rules have errors: all of them, as they are shown.
    #[error("the rules have problems\n\n{0}")]
    Problems(String),
}

/// The rules of a source.
#[derive(Debug)]
pub struct LoadedRules<R> {
    /// The rules.
    pub rules: R,
    /// The rows that are disabled.
    pub remarks: Vec<RulesRemark>,
}

/// The newest document of a source, with all rows of a table. `tables` are those of every function.
///
/// # Errors
/// When the source could not be read, or holds nothing.
pub async fn document(
    source: &RulesSource,
    tables: &[&'static Table],
    config: &SdkConfig,
) -> Result<Document, RulesUnreadable> {
    let failed = |why: String| RulesUnreadable::Elsewhere { rules: source.to_string(), why };
    match source {
        RulesSource::File(path) => Ok(Document::read(path)?),
        RulesSource::Object { bucket, key } => {
            let client = aws_sdk_s3::Client::new(config);
            let object = RulesObject { client, bucket: bucket.clone(), key: key.clone() };
            match object.newest(None).await.map_err(|error| failed(error.to_string()))? {
                NewestObject::Read(version) => {
                    let document = understood::document_of(&source.to_string(), &version);
                    let document = document.map_err(|why| failed(why.summary))?;
                    let with_files = understood::with_files(document, &object).await;
                    Ok(with_files.map_err(|error| failed(error.to_string()))?.0)
                }
                NewestObject::Missing | NewestObject::Same => {
                    Err(failed("there is no such object".to_owned()))
                }
            }
        }
        RulesSource::Table { name } => {
            let table = RulesTable { client: aws_sdk_dynamodb::Client::new(config), name: name.clone() };
            let items =
                table.rows(tables, true).await.map_err(|error: TableUnreadable| failed(error.to_string()))?;
            Ok(Document::of_rows(&source.to_string(), &items.rows).with_files(items.files))
        }
    }
}

/// A function's rules of a source. An error in an object stops it, and one in a row disables the row.
///
/// # Errors
/// When the source could not be read, or has errors.
pub async fn load<R>(
    source: &RulesSource,
    tables: &[&'static Table],
    config: &SdkConfig,
    read: &Reader<R>,
) -> Result<LoadedRules<R>, RulesUnreadable> {
    let problems = |why: NotUnderstood| RulesUnreadable::Problems(why.rendered);
    if let RulesSource::Table { name } = source {
        let table = RulesTable { client: aws_sdk_dynamodb::Client::new(config), name: name.clone() };
        let failed = |error: TableUnreadable| RulesUnreadable::Elsewhere {
            rules: source.to_string(),
            why: error.to_string(),
        };
        let rows = table.rows(tables, false).await.map_err(failed)?;
        let (rules, remarks) = understood::rows(&source.to_string(), rows, read).map_err(problems)?;
        return Ok(LoadedRules { rules, remarks });
    }
    let document = document(source, tables, config).await?;
    Ok(LoadedRules { rules: understood::whole(document, read).map_err(problems)?, remarks: Vec::new() })
}
