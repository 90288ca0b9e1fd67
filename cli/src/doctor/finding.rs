//! A finding of doctor: its code, its subject, the sentence and the remedy.

use std::fmt;

use serde::Serialize;

/// Whether a finding needs an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DoctorLevel {
    /// A pipeline starts twice, not at all, or could not be judged.
    Problem,
    /// Something that may be intended.
    Note,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct DoctorFinding {
    pub(super) level: DoctorLevel,
    /// A pipeline, a repository, or a call.
    pub(super) subject: String,
    /// Stable, in kebab case.
    pub(super) code: &'static str,
    pub(super) sentence: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) help: Option<String>,
    /// The rule that it is about: `file:line:column`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rule: Option<String>,
}

impl DoctorFinding {
    pub(super) fn problem(subject: &str, code: &'static str, sentence: impl Into<String>) -> Self {
        let (subject, sentence) = (subject.to_owned(), sentence.into());
        Self { level: DoctorLevel::Problem, subject, code, sentence, help: None, rule: None }
    }

    pub(super) fn note(subject: &str, code: &'static str, sentence: impl Into<String>) -> Self {
        Self { level: DoctorLevel::Note, ..Self::problem(subject, code, sentence) }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    pub(super) fn rule(self, place: &impl fmt::Display) -> Self {
        Self { rule: Some(place.to_string()), ..self }
    }
}

impl fmt::Display for DoctorFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            DoctorLevel::Problem => "problem",
            DoctorLevel::Note => "note",
        };
        write!(f, "{level}: {}: {}: {}", self.subject, self.code, self.sentence)?;
        self.help.iter().try_for_each(|help| write!(f, "; {help}"))?;
        self.rule.iter().try_for_each(|rule| write!(f, " ({rule})"))
    }
}
