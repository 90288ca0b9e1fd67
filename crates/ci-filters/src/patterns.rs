//! Owns lists of translated patterns: what is wider than the original, and what is left out.

use shared::config::Place;
use shared::glob::{Pattern, simplified};
use shared::language::{NameKind, can_match};

/// A pattern of another system, as patterns of pointsman.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Translation {
    /// The patterns, without `!`: one, or one for each alternative.
    pub(crate) texts: Vec<String>,
    /// Why they match more than the original, if they do.
    pub(crate) wider: Option<String>,
    /// Another difference, which changes nothing for most names.
    pub(crate) note: Option<String>,
}

/// A list that is translated pattern by pattern.
#[derive(Debug)]
pub(crate) struct TranslatedList {
    kind: NameKind,
    pub(crate) texts: Vec<String>,
    pub(crate) notes: Vec<String>,
}

impl TranslatedList {
    pub(crate) fn new(kind: NameKind) -> Self {
        Self { kind, texts: Vec::new(), notes: Vec::new() }
    }

    /// Adds what `original` includes. If in doubt, the list includes more.
    pub(crate) fn include(&mut self, original: &str, translation: Translation) {
        let mut kept = Vec::new();
        for text in &translation.texts {
            match self.judge(text) {
                Ok(()) => kept.push(text.clone()),
                Err(why) => self.notes.push(format!("`{original}` is left out: {why}")),
            }
        }
        if let (Some(why), false) = (&translation.wider, kept.is_empty()) {
            self.notes
                .push(format!("`{original}` became `{}`, which matches more: {why}", kept.join("`, `")));
        }
        self.notes.extend(translation.note.filter(|_| !kept.is_empty()));
        self.texts.extend(kept);
    }

    /// Adds what `original` excludes. If in doubt, the list includes it.
    pub(crate) fn exclude(&mut self, original: &str, translation: Translation) {
        if let Some(why) = translation.wider {
            self.notes.push(format!("`{original}` is left out, so more files count: {why}"));
            return;
        }
        for text in &translation.texts {
            match self.judge(text) {
                Ok(()) => self.texts.push(format!("!{text}")),
                Err(why) => self.notes.push(format!("`{original}` is left out: {why}")),
            }
        }
        self.notes.extend(translation.note);
    }

    pub(crate) fn includes_something(&self) -> bool {
        self.texts.iter().any(|text| !text.starts_with('!'))
    }

    /// The list without patterns that change nothing.
    pub(crate) fn finish(self) -> (Vec<String>, Vec<String>) {
        (simplified(self.texts, self.kind), self.notes)
    }

    fn judge(&self, text: &str) -> Result<(), String> {
        let pattern = Pattern::parse(text, Place::line("", 0), 0..0);
        let pattern =
            pattern.map_err(|bad| format!("it is no pattern of pointsman, because {}", bad.message))?;
        match can_match(&pattern.steps(), self.kind, true) {
            true => Ok(()),
            false => Err(format!("no {} can match it", self.kind.noun())),
        }
    }
}
