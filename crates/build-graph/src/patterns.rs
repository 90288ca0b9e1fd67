//! Owns the patterns that name a workspace's members.

use globset::{GlobBuilder, GlobMatcher};

use crate::paths::{join, parent, resolve};

/// No workspace lists so many members; each pattern is compared with every manifest.
pub(crate) const MOST_PATTERNS: usize = 5_000;

/// Longer patterns are no names of folders.
const LONGEST_PATTERN: usize = 1_000;

/// A pattern of folders, and the manifest that each of them must have.
#[derive(Debug)]
pub(crate) struct MemberPattern {
    matcher: GlobMatcher,
    /// From the top of the repository.
    text: String,
    /// The one folder that it names, if it has no wildcard.
    pub(crate) literal: Option<String>,
}

impl MemberPattern {
    /// The pattern of a workspace in a folder; or why it cannot be one.
    pub(crate) fn new(root: &str, pattern: &str, manifest: &str) -> Result<Self, String> {
        if pattern.len() > LONGEST_PATTERN {
            return Err(format!("a pattern has more than {LONGEST_PATTERN} characters"));
        }
        let pattern = pattern.trim_start_matches('/');
        let is_wild = |part: &&str| part.contains(['*', '?', '[', '{']);
        let parts: Vec<&str> = pattern.split('/').collect();
        let fixed = parts.iter().position(is_wild).unwrap_or(parts.len());
        let folder = resolve(root, &parts[..fixed].join("/"))
            .ok_or_else(|| format!("the pattern {pattern} leads out of the repository"))?;
        let wild: Vec<&str> =
            parts[fixed..].iter().copied().filter(|part| !matches!(*part, "" | ".")).collect();
        if wild.contains(&"..") {
            return Err(format!("the pattern {pattern} has .. after a wildcard"));
        }
        let text = join(&globset::escape(&folder), &wild.join("/"));
        let literal = wild.is_empty().then_some(folder);
        let glob = GlobBuilder::new(&join(&text, manifest)).literal_separator(true).build();
        let matcher = glob.map_err(|error| format!("the pattern {pattern} cannot be read: {error}"))?;
        Ok(Self { matcher: matcher.compile_matcher(), text, literal })
    }

    /// Does the pattern match a folder, given its manifest's path? A wildcard does not match a hidden folder.
    pub(crate) fn matches(&self, manifest: &str) -> bool {
        let hidden = |part: &&str| part.starts_with('.');
        let named = |part: &str| {
            self.text.split('/').any(|own| own.starts_with('.') && (own == part || own.contains('*')))
        };
        if let Some(literal) = &self.literal {
            return parent(manifest) == literal;
        }
        self.matcher.is_match(manifest) && manifest.split('/').filter(hidden).all(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, folder: &str) -> bool {
        let pattern = MemberPattern::new("web", pattern, "package.json").unwrap();
        pattern.matches(&join(folder, "package.json"))
    }

    #[test]
    fn a_star_is_one_folder_and_two_are_any_number() {
        assert!(matches("packages/*", "web/packages/a") && !matches("packages/*", "web/packages/a/b"));
        assert!(matches("packages/**", "web/packages") && matches("packages/**", "web/packages/a/b"));
        assert!(matches("./{apps,libs}/*/", "web/libs/a") && matches("../other", "other"));
        assert!(!matches("packages/*", "packages/a") && matches(".", "web"));
    }

    #[test]
    fn a_wildcard_matches_no_hidden_folder() {
        assert!(!matches("**", "web/.next/a") && matches(".next/*", "web/.next/a"));
    }

    #[test]
    fn no_pattern_leads_out_of_the_repository() {
        assert!(MemberPattern::new("web", "../../*", "package.json").is_err());
        assert!(MemberPattern::new("web", "*/../../../x", "package.json").is_err());
    }
}
