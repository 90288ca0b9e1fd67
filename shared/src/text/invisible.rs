//! The characters that a reader does not see: they have no glyph, or change how other characters are drawn.

/// Characters without a glyph of their own, in order: the properties Default_Ignorable_Code_Point and
/// General_Category=Format of the Unicode Character Database 16.0 (DerivedCoreProperties.txt,
/// DerivedGeneralCategory.txt). A test compares this table with that of `regex-syntax`. Soft hyphens, joiners, bidi controls,
/// variation selectors, tags and interlinear annotations are among them.
const INVISIBLE: [(char, char); 25] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Symbols whose glyph is empty, and that are no spaces: the blank Braille pattern and the null notehead.
const BLANK: [char; 2] = ['\u{2800}', '\u{1d159}'];

/// Whether a reader does not see the character.
pub(super) fn is_invisible(c: char) -> bool {
    BLANK.contains(&c) || INVISIBLE.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

#[cfg(test)]
mod tests {
    use regex_syntax::hir::{Class, HirKind};

    use super::*;

    #[test]
    fn the_table_is_that_of_unicode() {
        let class = regex_syntax::parse(r"[\p{Default_Ignorable_Code_Point}\p{Cf}]").expect("it is a class");
        let HirKind::Class(Class::Unicode(class)) = class.kind() else { panic!("{class:?} is no class") };
        let ranges: Vec<(char, char)> =
            class.ranges().iter().map(|range| (range.start(), range.end())).collect();
        assert_eq!(INVISIBLE.as_slice(), ranges);
    }
}
