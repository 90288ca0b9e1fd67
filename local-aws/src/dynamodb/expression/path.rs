//! Owns document paths, such as `a.b[1]`: reads and changes the value at a path of an item.

use std::fmt;

use serde_json::{Value, json};

use super::super::invalid;
use super::super::value::TableItem;
use crate::error_answer::ErrorAnswer;

/// Never empty, and begins with a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct DocumentPath(pub(super) Vec<PathStep>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum PathStep {
    Name(String),
    Index(usize),
}

impl DocumentPath {
    /// The attribute of the item that it is in.
    pub(in super::super) fn attribute(&self) -> &str {
        match &self.0[0] {
            PathStep::Name(name) => name,
            PathStep::Index(_) => unreachable!("a path begins with a name"),
        }
    }

    /// The attribute, when the path is no more than that.
    pub(in super::super) fn whole_attribute(&self) -> Option<&str> {
        (self.0.len() == 1).then(|| self.attribute())
    }

    pub(in super::super) fn get<'i>(&self, item: &'i TableItem) -> Option<&'i Value> {
        self.0[1..].iter().try_fold(item.get(self.attribute())?, |value, step| match step {
            PathStep::Name(name) => value["M"].get(name),
            PathStep::Index(index) => value["L"].get(index),
        })
    }

    /// Whether one path is the other, or within it.
    pub(super) fn overlaps(&self, other: &DocumentPath) -> bool {
        self.0.iter().zip(&other.0).all(|(mine, theirs)| mine == theirs)
    }

    pub(super) fn set(&self, item: &mut TableItem, value: Value) -> Result<(), ErrorAnswer> {
        let Some((last, inner)) = self.parent(item)? else {
            item.insert(self.attribute().to_owned(), value);
            return Ok(());
        };
        match (last, inner) {
            (PathStep::Name(name), Inner::Map(map)) => drop(map.insert(name.clone(), value)),
            (PathStep::Index(index), Inner::List(list)) if *index < list.len() => list[*index] = value,
            // "If you add multiple elements in a single SET operation, the elements are sorted by element number": at the end.
            (PathStep::Index(_), Inner::List(list)) => list.push(value),
            _ => return Err(no_such_path()),
        }
        Ok(())
    }

    /// Removes the value at the path. A missing value is no error; a missing parent is one.
    pub(super) fn remove(&self, item: &mut TableItem) -> Result<(), ErrorAnswer> {
        let Some((last, inner)) = self.parent(item)? else {
            item.shift_remove(self.attribute());
            return Ok(());
        };
        match (last, inner) {
            (PathStep::Name(name), Inner::Map(map)) => drop(map.shift_remove(name)),
            (PathStep::Index(index), Inner::List(list)) if *index < list.len() => drop(list.remove(*index)),
            (PathStep::Index(_), Inner::List(_)) => {}
            _ => return Err(no_such_path()),
        }
        Ok(())
    }

    /// The last step and its parent; `None` for an attribute of the item.
    fn parent<'i>(&self, item: &'i mut TableItem) -> Result<Option<(&PathStep, Inner<'i>)>, ErrorAnswer> {
        let [_, between @ .., last] = &self.0[..] else { return Ok(None) };
        let mut value = item.get_mut(self.attribute()).ok_or_else(no_such_path)?;
        for step in between {
            let below = match step {
                PathStep::Name(name) => value.get_mut("M").and_then(|map| map.get_mut(name)),
                PathStep::Index(index) => value.get_mut("L").and_then(|list| list.get_mut(index)),
            };
            value = below.ok_or_else(no_such_path)?;
        }
        let Value::Object(tagged) = value else { return Err(no_such_path()) };
        match tagged.iter_mut().next() {
            Some((_, Value::Object(map))) => Ok(Some((last, Inner::Map(map)))),
            Some((kind, Value::Array(list))) if kind == "L" => Ok(Some((last, Inner::List(list)))),
            _ => Err(no_such_path()),
        }
    }

    pub(super) fn steps_mut(&mut self) -> impl Iterator<Item = &mut String> {
        self.0.iter_mut().filter_map(|step| match step {
            PathStep::Name(name) => Some(name),
            PathStep::Index(_) => None,
        })
    }
}

enum Inner<'i> {
    Map(&'i mut TableItem),
    List(&'i mut Vec<Value>),
}

fn no_such_path() -> ErrorAnswer {
    invalid("The document path provided in the update expression is invalid for update")
}

/// The values at the paths, each at its place in the item; the elements of a list follow each other.
pub(in super::super) fn project(item: &TableItem, paths: &[DocumentPath]) -> TableItem {
    let mut out = TableItem::new();
    for path in paths {
        if let Some(value) = path.get(item) {
            place(&mut out, path, value.clone());
        }
    }
    out
}

fn place(out: &mut TableItem, path: &DocumentPath, value: Value) {
    let PathStep::Name(first) = &path.0[0] else { return };
    let built = path.0[1..].iter().rev().fold(value, |inner, step| match step {
        PathStep::Name(name) => json!({"M": {name: inner}}),
        PathStep::Index(_) => json!({"L": [inner]}),
    });
    match out.get_mut(first) {
        Some(there) => merge(there, built),
        None => drop(out.insert(first.clone(), built)),
    }
}

fn merge(there: &mut Value, more: Value) {
    match (there, more) {
        (Value::Object(there), Value::Object(more)) => {
            for (name, value) in more {
                match there.get_mut(&name) {
                    Some(inner) => merge(inner, value),
                    None => drop(there.insert(name, value)),
                }
            }
        }
        (Value::Array(there), Value::Array(more)) => there.extend(more),
        (there, more) => *there = more,
    }
}

impl fmt::Display for DocumentPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Name(name) if at == 0 => f.write_str(name)?,
                PathStep::Name(name) => write!(f, ".{name}")?,
                PathStep::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
