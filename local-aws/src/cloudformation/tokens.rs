//! Owns the client request tokens that were used, and for what.

use std::collections::BTreeMap;

use super::invalid;
use crate::members::Members;
use crate::refusal::Refusal;

/// What a token was used for: the operation, and the stack's name or id as the caller gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Use {
    operation: &'static str,
    stack: String,
    id: String,
}

/// Every token of the account, by region.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    used: BTreeMap<(String, String), Use>,
}

impl Tokens {
    /// The id of the stack that the same operation with the same token was about already.
    ///
    /// A token is remembered for as long as the world lasts, also when its stack is gone: AWS documents no end.
    pub(super) fn earlier(
        &self,
        region: &str,
        token: Option<&str>,
        operation: &'static str,
        stack: &str,
    ) -> Result<Option<String>, Refusal> {
        let Some(token) = token else { return Ok(None) };
        match self.used.get(&(region.to_owned(), token.to_owned())) {
            None => Ok(None),
            Some(earlier)
                if earlier.operation == operation
                    && [&earlier.stack, &earlier.id].contains(&&stack.to_owned()) =>
            {
                Ok(Some(earlier.id.clone()))
            }
            Some(_) => Err(Refusal::new(
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
            let used = Use { operation, stack: stack.to_owned(), id: id.to_owned() };
            self.used.insert((region.to_owned(), token.to_owned()), used);
        }
    }
}

/// `ClientRequestToken`: 1 to 128 of `[a-zA-Z0-9][-a-zA-Z0-9]*`.
pub(super) fn token(input: &mut Members) -> Result<Option<String>, Refusal> {
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
