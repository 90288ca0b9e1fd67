//! A pushed image or a created object: from the event to the starts of the pipelines whose rules cover it.
//!
//! The steps are those of a push: `gather` the facts, `decide` (pure), `act`. The event names the revision, so nothing is read
//! about the source itself, unless a rule compares archives.

mod decide;
mod declared;
mod gather;
mod values;

use std::fmt;

use serde_json::Value;
use shared::decision::{Decision, Verdict};
use shared::lambda::{Failure, Invocation};
use shared::report::Report;
use shared::token::client_token;

use crate::FUNCTION;
use crate::act::act;
use crate::aws::Clients;
use crate::because::Because;
use crate::image::{self, ImagePush, ParsedImage};
use crate::object::{self, CreatedObject};
use crate::report::report;
use crate::rules::{ArtifactRule, ObjectRule, PushedImageRule, Rules};
use crate::settings::Settings;
use crate::window::hold::{HeldKind, HeldSource};
use crate::window::holding::Holding;
use crate::window::judge::{CommitFacts, judge};

pub use decide::{ArtifactFacts, ArtifactPipeline, decide};
pub use declared::DeclaredSource;

/// What an event is about, if it is not a push to CodeCommit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Artifact {
    /// An image that was pushed to ECR.
    Image(ImagePush),
    /// An object that was created in S3.
    Object(CreatedObject),
}

/// A rule that names the repository of the image, or the bucket of the object.
#[derive(Debug, Clone, Copy)]
pub enum RuleOfArtifact<'r> {
    /// With `image`.
    Image(&'r PushedImageRule),
    /// With `bucket`.
    Object(&'r ObjectRule),
}

impl<'r> RuleOfArtifact<'r> {
    /// What rules of both kinds have.
    pub fn common(&self) -> &'r ArtifactRule {
        match self {
            Self::Image(rule) => &rule.common,
            Self::Object(rule) => &rule.common,
        }
    }
}

impl Artifact {
    /// The rules that name its repository or bucket, in the order of the file.
    pub fn rules<'r>(&self, rules: &'r Rules) -> Vec<RuleOfArtifact<'r>> {
        match self {
            Self::Image(push) => {
                rules.of_image(&push.repository).into_iter().map(RuleOfArtifact::Image).collect()
            }
            Self::Object(object) => {
                rules.of_bucket(&object.bucket).into_iter().map(RuleOfArtifact::Object).collect()
            }
        }
    }

    /// The repository or the bucket.
    fn source(&self) -> &str {
        match self {
            Self::Image(push) => &push.repository,
            Self::Object(object) => &object.bucket,
        }
    }

    fn kind(&self) -> HeldKind {
        match self {
            Self::Image(_) => HeldKind::Image,
            Self::Object(_) => HeldKind::Object,
        }
    }

    /// What later events replace, while a window is closed: the image, or the key.
    fn reference(&self) -> &str {
        match self {
            Self::Image(_) => "image",
            Self::Object(object) => &object.key,
        }
    }

    /// The same token for every delivery of an event.
    fn token(&self, pipeline: &str) -> String {
        match self {
            Self::Image(ImagePush { repository, tag, digest, time }) => client_token([
                "image",
                repository,
                tag.as_deref().unwrap_or_default(),
                digest,
                time,
                pipeline,
            ]),
            Self::Object(CreatedObject { bucket, key, version, sequencer, time, held_since: _ }) => {
                let version = version.as_deref().unwrap_or_default();
                client_token(["object", bucket, key, version, sequencer, time, pipeline])
            }
        }
    }
}

impl fmt::Display for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(push) => push.fmt(f),
            Self::Object(object) => object.fmt(f),
        }
    }
}

/// Whether an event reports an image or an object.
pub fn is_artifact_event(event: &Value) -> bool {
    image::is_image_event(event) || object::is_object_event(event)
}

/// From an event of ECR or S3 to what was decided and done about it. `opened` is the pipeline whose schedule held the event: then
/// only its rules are asked.
///
/// # Errors
/// When the event is malformed. What fails later is in the decision.
pub async fn handle_artifact(
    event: &Value,
    opened: Option<&str>,
    rules: &Rules,
    invocation: &Invocation,
    settings: &Settings,
    aws: &Clients,
) -> Result<Decision, Failure> {
    let malformed = |error| Failure::new("MalformedEvent", &error);
    let artifact = match image::is_image_event(event) {
        false => Artifact::Object(object::parse(event).map_err(malformed)?),
        true => match image::parse(event).map_err(malformed)? {
            ParsedImage::Push(push) => Artifact::Image(push),
            ParsedImage::Other { action, result } => {
                let report = Report::of(Verdict::Skip, "event", &Because::ImageNotPushed { action, result });
                return Ok(report.decision(FUNCTION.name, "an event of ECR that is no push", invocation));
            }
        },
    };
    let mut rules = artifact.rules(rules);
    rules.retain(|rule| opened.is_none_or(|pipeline| rule.common().name == pipeline));
    let title = match opened {
        Some(_) => format!("window opened: {artifact}"),
        None => artifact.to_string(),
    };
    if let Some(pipeline) = opened.filter(|_| rules.is_empty()) {
        let because = Because::HeldRuleGone { repository: artifact.source().to_owned() };
        let report = Report::of(Verdict::Skip, pipeline, &because);
        return Ok(report.decision(FUNCTION.name, &title, invocation));
    }
    let facts = gather::gather(&artifact, &rules, aws, invocation.deadline).await;
    let mut plan = decide(&artifact, &facts, &rules);
    let source = HeldSource {
        kind: artifact.kind(),
        source: artifact.source(),
        reference: artifact.reference(),
        event,
        from_schedule: opened.is_some(),
    };
    let holding = Holding { source, settings, aws, invocation };
    let windows: Vec<_> = rules.iter().map(|rule| rule.common().window.as_deref()).collect();
    let held = judge(&mut plan, &windows, None, &CommitFacts::NotAsked, invocation.now);
    let of_holds = holding.hold_all(&mut plan, &held, &artifact.to_string()).await;
    let results = act(&plan.starts, aws, invocation).await;
    // Each event has a revision of its own, so that an older one must not run last.
    let may_hold: Vec<bool> = windows.iter().map(Option::is_some).collect();
    let of_releases = holding.release_all(&plan, &may_hold, &results).await;
    let mut report = report(plan, &facts.remarks, &results);
    report.add(of_holds);
    report.add(of_releases);
    Ok(report.decision(FUNCTION.name, &title, invocation))
}
