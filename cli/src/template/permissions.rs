//! Decides whether a function's own policy statements allow an action on a resource.

use serde_json::Value;

/// The effect of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementEffect {
    Allow,
    Deny,
}

/// One statement of an inline policy, its intrinsic functions evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub sid: Option<String>,
    pub effect: StatementEffect,
    /// Such as `codepipeline:StartPipelineExecution`; may hold `*` and `?`.
    pub actions: Vec<String>,
    /// ARNs, which may hold `*` and `?`. An ARN that only a deployment knows is left out.
    pub resources: Vec<String>,
    /// Whether the statement has a `Condition`, which is not evaluated.
    pub conditional: bool,
}

impl Statement {
    /// Reads a statement; `None` for one with `NotAction` or `NotResource`, which this project does not use.
    pub(super) fn read(statement: &Value) -> Option<Statement> {
        Some(Statement {
            sid: statement["Sid"].as_str().map(str::to_owned),
            effect: if statement["Effect"] == "Deny" {
                StatementEffect::Deny
            } else {
                StatementEffect::Allow
            },
            actions: one_or_more(statement.get("Action")?),
            resources: one_or_more(statement.get("Resource")?),
            conditional: statement.get("Condition").is_some(),
        })
    }

    fn covers(&self, action: &str, resource: &str) -> bool {
        // IAM ignores case in actions, not in resources.
        let action = action.to_lowercase();
        self.actions.iter().any(|pattern| glob(&pattern.to_lowercase(), &action))
            && self.resources.iter().any(|pattern| glob(pattern, resource))
    }
}

/// Whether statements allow an action on a resource. An explicit deny wins over every allow (IAM User Guide, "Policy evaluation
/// logic"). An allow's condition counts as met, a deny's as not met.
pub(super) fn allows(statements: &[Statement], action: &str, resource: &str) -> bool {
    let covering = |effect| move |one: &&Statement| one.effect == effect && one.covers(action, resource);
    let denied = statements.iter().filter(covering(StatementEffect::Deny)).any(|one| !one.conditional);
    !denied && statements.iter().any(|one| covering(StatementEffect::Allow)(&one))
}

fn one_or_more(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        one => one.as_str().map(str::to_owned).into_iter().collect(),
    }
}

/// IAM's wildcards: `*` is any run of characters, with colons and slashes, and `?` is one character. After a mismatch only the last
/// star takes one more, so the time is bounded by pattern times text.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut retry = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(wanted) if *wanted == '?' || *wanted == text[t] => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((after_star, taken)) = retry else { return false };
                retry = Some((after_star, taken + 1));
                (p, t) = (after_star, taken + 1);
            }
        }
    }
    pattern[p..].iter().all(|char| *char == '*')
}
