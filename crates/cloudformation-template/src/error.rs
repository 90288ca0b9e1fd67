//! Owns the errors of this crate.

/// The text of a template is neither YAML nor JSON.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SyntaxError(Box<serde_saphyr::Error>);

impl SyntaxError {
    pub(crate) fn new(error: serde_saphyr::Error) -> SyntaxError {
        SyntaxError(Box::new(error))
    }

    /// The line and the column of the problem, both from 1, if they are known.
    pub fn location(&self) -> Option<(u64, u64)> {
        self.0.location().map(|at| (at.line(), at.column()))
    }
}

/// The reason for which CloudFormation would refuse a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateProblem {
    /// CloudFormation would answer with a `ValidationError` that has this message.
    #[error("{0}")]
    Invalid(String),
    /// This crate cannot know what CloudFormation would answer. The text names the feature.
    #[error("{0} cannot be evaluated")]
    NotSupported(String),
    /// CloudFormation would answer with this message, or accept the template: a condition or a value that is not known decides.
    #[error("{0}")]
    Undecided(String),
}

impl TemplateProblem {
    pub(crate) fn invalid(message: impl Into<String>) -> TemplateProblem {
        TemplateProblem::Invalid(message.into())
    }

    pub(crate) fn format(message: &str) -> TemplateProblem {
        TemplateProblem::Invalid(format!("Template format error: {message}"))
    }

    pub(crate) fn unresolved(name: &str, block: &str) -> TemplateProblem {
        TemplateProblem::format(&format!(
            "Unresolved resource dependencies [{name}] in the {block} block of the template"
        ))
    }

    pub(crate) fn not_supported(feature: impl Into<String>) -> TemplateProblem {
        TemplateProblem::NotSupported(feature.into())
    }
}

/// The reason for which a template's parameters have no values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// A value is given for a parameter that the template does not declare.
    #[error("the template has no parameter `{name}`")]
    Unknown {
        /// The parameter's name.
        name: String,
    },
    /// No value is given for a parameter without a default.
    #[error("parameter `{name}` has neither a default nor an override")]
    NoValue {
        /// The parameter's name.
        name: String,
    },
    /// The parameter's declaration does not allow the value.
    #[error("parameter `{name}` does not allow `{value}`: {why}")]
    NotAllowed {
        /// The parameter's name.
        name: String,
        /// The value.
        value: String,
        /// CloudFormation's message.
        why: String,
    },
}
