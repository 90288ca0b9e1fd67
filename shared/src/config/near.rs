//! "Did you mean": the known name that a misspelt one is nearest to.

/// The known name that is nearest to `word`, if one is near.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |text: &str| text.to_lowercase().replace(['_', ' '], "-");
    let word = plain(word);
    let near = known.into_iter().filter_map(|name| {
        let distance = strsim::damerau_levenshtein(&word, &plain(name));
        let begins_alike = strsim::jaro_winkler(&word, &plain(name)) >= 0.88;
        let most = (name.chars().count() / 3).clamp(1, 3);
        (distance <= most || begins_alike).then_some((distance, name))
    });
    near.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// The beginning of a help line about a misspelt name: `did you mean [[pipeline]]? `, or nothing.
pub fn did_you_mean<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str>,
    shown: impl Fn(&str) -> String,
) -> String {
    nearest(word, known).map(|name| format!("did you mean {}? ", shown(name))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelt_name_has_a_near_one() {
        let keys =
            ["name", "repository", "branches", "tags", "paths", "ignore", "ignore-file", "source-action"];
        for (word, near) in [
            ("path", Some("paths")),
            ("Paths", Some("paths")),
            ("branch", Some("branches")),
            ("repo", Some("repository")),
            ("repositories", Some("repository")),
            ("ignore_file", Some("ignore-file")),
            ("ingore", Some("ignore")),
            ("source", Some("source-action")),
            ("owner", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, keys), near, "{word}");
        }
    }
}
