//! Reads the rules from an S3 object: the newest version, or an earlier one of a bucket with versioning.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use shared::call_error::CallError;

pub(crate) const GET_OBJECT: &str = "s3:GetObject";
const LIST_OBJECT_VERSIONS: &str = "s3:ListObjectVersions";

/// The most bytes of an object. A file of a thousand rules has about 200 kB.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// The most earlier versions that are read for a good one.
pub(crate) const MOST_VERSIONS: usize = 20;

/// The versions that one call lists.
const LISTED: i32 = 100;

/// An object with rules.
#[derive(Debug, Clone)]
pub(crate) struct RulesObject {
    pub(crate) client: Client,
    pub(crate) bucket: String,
    pub(crate) key: String,
}

/// A version of the object.
#[derive(Debug, Clone)]
pub(crate) struct ObjectVersion {
    /// The version and, where the bucket has no versioning, the ETag.
    pub(crate) name: String,
    pub(crate) etag: Option<String>,
    pub(crate) content: ObjectContent,
}

/// The content of a version.
#[derive(Debug, Clone)]
pub(crate) enum ObjectContent {
    Bytes(Vec<u8>),
    /// The version cannot be a rules file; why.
    Unusable(String),
}

/// The newest version.
#[derive(Debug)]
pub(crate) enum NewestObject {
    /// It is the version of that ETag.
    Same,
    /// There is none: the object was deleted, or never existed.
    Missing,
    Read(ObjectVersion),
}

impl RulesObject {
    /// The object of that name beside this one.
    pub(crate) fn beside(&self, name: &str) -> Self {
        let folder = self.key.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        Self { key: format!("{folder}{name}"), ..self.clone() }
    }

    /// The newest version, unless it has this ETag.
    pub(crate) async fn newest(&self, seen: Option<&str>) -> Result<NewestObject, CallError> {
        let call = self.client.get_object().bucket(&self.bucket).key(&self.key);
        let call = call.set_if_none_match(seen.map(str::to_owned));
        match call.send().await {
            Ok(output) => Ok(NewestObject::Read(version(output).await?)),
            Err(error) if is_not_modified(&error) => Ok(NewestObject::Same),
            Err(error) if is_missing(&error) => Ok(NewestObject::Missing),
            Err(error) => Err(CallError::new(GET_OBJECT, error)),
        }
    }

    /// The ids of the earlier versions, the newest first. Of a bucket without versioning there is none.
    pub(crate) async fn earlier(&self) -> Result<Vec<String>, CallError> {
        // Keys are listed in their order: the key itself comes before every longer one.
        let call = self.client.list_object_versions().bucket(&self.bucket).prefix(&self.key);
        let listed = call.max_keys(LISTED).send().await;
        let listed = listed.map_err(|error| CallError::new(LIST_OBJECT_VERSIONS, error))?;
        let own = listed.versions().iter().filter(|version| version.key() == Some(&self.key));
        let earlier = own.filter(|version| version.is_latest() != Some(true));
        Ok(earlier.filter_map(|version| version.version_id()).map(str::to_owned).collect())
    }

    /// A version; `None` if it was deleted.
    pub(crate) async fn version(&self, id: &str) -> Result<Option<ObjectVersion>, CallError> {
        let call = self.client.get_object().bucket(&self.bucket).key(&self.key).version_id(id);
        match call.send().await {
            Ok(output) => version(output).await.map(Some),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(CallError::new(GET_OBJECT, error)),
        }
    }
}

async fn version(output: GetObjectOutput) -> Result<ObjectVersion, CallError> {
    let etag = output.e_tag().map(str::to_owned);
    let id = output.version_id().filter(|id| *id != "null").map(|id| format!("version {id}"));
    let changed = output.last_modified().map(|at| format!(" of {at}")).unwrap_or_default();
    let name = id.or_else(|| etag.as_ref().map(|etag| format!("ETag {}", etag.trim_matches('"'))));
    let name = format!("{}{changed}", name.unwrap_or_else(|| "a version".to_owned()));
    Ok(ObjectVersion { name, etag, content: content(output).await? })
}

/// The whole body. An answer that ends early is an error of the call.
async fn content(output: GetObjectOutput) -> Result<ObjectContent, CallError> {
    let too_long = || ObjectContent::Unusable(format!("the object has more than {MOST_BYTES} bytes"));
    if output
        .content_length()
        .is_some_and(|bytes| usize::try_from(bytes).is_ok_and(|bytes| bytes > MOST_BYTES))
    {
        return Ok(too_long());
    }
    let (mut body, mut bytes) = (output.body, Vec::new());
    while let Some(part) = body.next().await {
        let part = part.map_err(|error| {
            CallError::without_answer(
                GET_OBJECT,
                format!("the answer ended early: {}", shared::text::chain(&error)),
            )
        })?;
        bytes.extend_from_slice(&part);
        if bytes.len() > MOST_BYTES {
            return Ok(too_long());
        }
    }
    Ok(ObjectContent::Bytes(bytes))
}

/// S3 answers a conditional read with 304 if the ETag is the same, which the SDK takes for an error.
fn is_not_modified(error: &SdkError<GetObjectError>) -> bool {
    error.raw_response().is_some_and(|response| response.status().as_u16() == 304)
}

/// A deleted object and a deleted version; a bucket that does not exist is another error.
fn is_missing(error: &SdkError<GetObjectError>) -> bool {
    let code = error.as_service_error().and_then(|error| error.meta().code());
    matches!(code, Some("NoSuchKey" | "NoSuchVersion" | "MethodNotAllowed"))
}
