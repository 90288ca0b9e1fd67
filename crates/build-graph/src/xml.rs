//! Owns XML as a tree of elements with their lines. Entities of a document's own are not expanded, and nesting is bounded.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// Deeper than any pom.xml needs.
const DEEPEST: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct XmlElement {
    pub(crate) name: String,
    /// The text, without that of inner elements and without spaces around it.
    pub(crate) text: String,
    pub(crate) line: usize,
    pub(crate) children: Vec<XmlElement>,
}

impl XmlElement {
    /// Reads a document's first element.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(text);
        // Maven reads a pom.xml with a bare `&`.
        reader.config_mut().allow_dangling_amp = true;
        let mut open = vec![XmlElement::default()];
        let mut lines = LineCounter::of(text);
        loop {
            let event = reader.read_event().map_err(|error| format!("cannot be read: {error}"))?;
            let line = lines.line(reader.buffer_position());
            match event {
                Event::Start(_) if open.len() > DEEPEST => {
                    return Err(format!("is nested more than {DEEPEST} deep"));
                }
                Event::Start(tag) => open.push(XmlElement::named(tag.local_name().as_ref(), line)),
                Event::Empty(tag) => close(&mut open, XmlElement::named(tag.local_name().as_ref(), line)),
                Event::End(_) => {
                    let element = open.pop().unwrap_or_default();
                    close(&mut open, element);
                }
                Event::Text(text) => add_text(&mut open, &text.xml10_content()),
                Event::CData(text) => add_text(&mut open, &text.xml10_content()),
                Event::GeneralRef(entity) => {
                    let character = entity.resolve_char_ref().ok().flatten().map(String::from);
                    let known = resolve_predefined_entity(&entity.xml10_content()).map(str::to_owned);
                    add_text(&mut open, &character.or(known).unwrap_or_default());
                }
                Event::Eof if open.len() == 1 => break,
                Event::Eof => return Err("ends inside an element".to_owned()),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        let document = open.pop().unwrap_or_default();
        document.children.into_iter().next().ok_or_else(|| "has no element".to_owned())
    }

    fn named(name: &str, line: usize) -> Self {
        Self { name: name.to_owned(), line, ..Self::default() }
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The elements at the end of a path of names.
    pub(crate) fn all<'x>(&'x self, path: &[&str]) -> Vec<&'x Self> {
        let mut found = vec![self];
        for name in path {
            let next = found.into_iter().flat_map(|element| &element.children);
            found = next.filter(|child| child.name == *name).collect();
        }
        found
    }

    /// The text of a child, if it has any.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim()).filter(|text| !text.is_empty())
    }
}

fn close(open: &mut [XmlElement], element: XmlElement) {
    if let Some(outer) = open.last_mut() {
        outer.children.push(element);
    }
}

fn add_text(open: &mut [XmlElement], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// Counts lines from the last place on, so that a long document is read once.
pub(crate) struct LineCounter<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl<'t> LineCounter<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        Self { text: text.as_bytes(), at: 0, line: 1 }
    }

    /// The line of a place that is not before the last one.
    pub(crate) fn line(&mut self, offset: u64) -> usize {
        let offset = usize::try_from(offset).unwrap_or(self.at).min(self.text.len());
        let passed = self.text.get(self.at..offset).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.at = offset.max(self.at);
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_have_text_and_lines() {
        let text = "<?xml version='1.0'?>\n<!DOCTYPE p [<!ENTITY x 'y'>]>\n<p:p xmlns:p='x'>\n <a> 1 &amp;&#50; & &x; </a>\n <b><!-- c --><![CDATA[<]]></b>\n</p:p>";
        let element = XmlElement::parse(text).unwrap();
        assert_eq!(
            (element.name.as_str(), element.text_of("a"), element.text_of("b")),
            ("p", Some("1 &2 &"), Some("<"))
        );
        assert_eq!(element.children.iter().map(|child| child.line).collect::<Vec<_>>(), [4, 5]);
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for text in ["", "<a>", "<a></b>", "text", &"<a>".repeat(300)] {
            assert!(XmlElement::parse(text).is_err(), "{text}");
        }
    }
}
