//! Owns the used client request tokens, each with its operation.

use std::collections::BTreeMap;

use super::invalid;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;

/// The use of a token: the operation, and the stack's name or id as the caller wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TokenUse {
    operation: &'static str,
    stack: String,
    id: String,
}

/// Every token of the account, by region.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    used: BTreeMap<(String, String), TokenUse>,
}

impl Tokens {
    /// The id of the stack of an earlier call of the same operation with the same token.
    ///
    /// The world remembers a token until it ends, also after its stack is deleted: AWS documents no limit.
    pub(super) fn earlier(
        &self,
        region: &str,
        token: Option<&str>,
        operation: &'static str,
        stack: &str,
    ) -> Result<Option<String>, ErrorAnswer> {
        let Some(token) = token else { return Ok(None) };
        match self.used.get(&(region.to_owned(), token.to_owned())) {
            None => Ok(None),
            Some(earlier)
                if earlier.operation == operation
                    && [&earlier.stack, &earlier.id].contains(&&stack.to_owned()) =>
            {
                Ok(Some(earlier.id.clone()))
            }
            Some(_) => Err(ErrorAnswer::new(
                "TokenAlreadyExistsException",
                format!("The client request token {token} already exists"),
            )),
        }
    }

    pub(super) fn remember(
        &mut self,
        region: &str,
        token: Option<&str>,
        operation: &'static str,
        stack: &str,
        id: &str,
    ) {
        if let Some(token) = token {
            let used = TokenUse { operation, stack: stack.to_owned(), id: id.to_owned() };
            self.used.insert((region.to_owned(), token.to_owned()), used);
        }
    }
}

/// `ClientRequestToken`: 1 to 128 of `[a-zA-Z0-9][-a-zA-Z0-9]*`.
pub(super) fn token(input: &mut Members) -> Result<Option<String>, ErrorAnswer> {
    let Some(token) = input.string("ClientRequestToken")? else { return Ok(None) };
    let fits = token.starts_with(|c: char| c.is_ascii_alphanumeric())
        && token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if fits && token.len() <= 128 {
        return Ok(Some(token));
    }
    Err(invalid(format!(
        "1 validation error detected: Value '{token}' at 'clientRequestToken' failed to satisfy constraint: Member must \
         satisfy regular expression pattern: [a-zA-Z0-9][-a-zA-Z0-9]* and have length less than or equal to 128"
    )))
}
