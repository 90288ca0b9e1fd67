//! Owns document paths, such as `a.b[1]`: what is there in an item, and how it is changed.

use std::fmt;

use serde_json::{Value, json};

use super::super::invalid;
use super::super::value::Item;
use crate::refusal::Refusal;

/// Never empty, and begins with a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Path(pub(super) Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Step {
    Name(String),
    Index(usize),
}

impl Path {
    /// The attribute of the item that it is in.
    pub(in super::super) fn attribute(&self) -> &str {
        match &self.0[0] {
            Step::Name(name) => name,
            Step::Index(_) => unreachable!("a path begins with a name"),
        }
    }

    /// The attribute, when the path is no more than that.
    pub(in super::super) fn whole_attribute(&self) -> Option<&str> {
        (self.0.len() == 1).then(|| self.attribute())
    }

    pub(in super::super) fn get<'i>(&self, item: &'i Item) -> Option<&'i Value> {
        self.0[1..].iter().try_fold(item.get(self.attribute())?, |value, step| match step {
            Step::Name(name) => value["M"].get(name),
            Step::Index(index) => value["L"].get(index),
        })
    }

    /// Whether one is the other, or within it.
    pub(super) fn overlaps(&self, other: &Path) -> bool {
        self.0.iter().zip(&other.0).all(|(mine, theirs)| mine == theirs)
    }

    pub(super) fn set(&self, item: &mut Item, value: Value) -> Result<(), Refusal> {
        let Some((last, inner)) = self.parent(item)? else {
            item.insert(self.attribute().to_owned(), value);
            return Ok(());
        };
        match (last, inner) {
            (Step::Name(name), Inner::Map(map)) => drop(map.insert(name.clone(), value)),
            (Step::Index(index), Inner::List(list)) if *index < list.len() => list[*index] = value,
            // "If you add multiple elements in a single SET operation, the elements are sorted by element number": at the end.
            (Step::Index(_), Inner::List(list)) => list.push(value),
            _ => return Err(no_such_path()),
        }
        Ok(())
    }

    /// Nothing happens when there is nothing at the path's end; what it is in must be there.
    pub(super) fn remove(&self, item: &mut Item) -> Result<(), Refusal> {
        let Some((last, inner)) = self.parent(item)? else {
            item.shift_remove(self.attribute());
            return Ok(());
        };
        match (last, inner) {
            (Step::Name(name), Inner::Map(map)) => drop(map.shift_remove(name)),
            (Step::Index(index), Inner::List(list)) if *index < list.len() => drop(list.remove(*index)),
            (Step::Index(_), Inner::List(_)) => {}
            _ => return Err(no_such_path()),
        }
        Ok(())
    }

    /// The last step, and what it is a step into; `None` for an attribute of the item.
    fn parent<'i>(&self, item: &'i mut Item) -> Result<Option<(&Step, Inner<'i>)>, Refusal> {
        let [_, between @ .., last] = &self.0[..] else { return Ok(None) };
        let mut value = item.get_mut(self.attribute()).ok_or_else(no_such_path)?;
        for step in between {
            let below = match step {
                Step::Name(name) => value.get_mut("M").and_then(|map| map.get_mut(name)),
                Step::Index(index) => value.get_mut("L").and_then(|list| list.get_mut(index)),
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
            Step::Name(name) => Some(name),
            Step::Index(_) => None,
        })
    }
}

enum Inner<'i> {
    Map(&'i mut Item),
    List(&'i mut Vec<Value>),
}

fn no_such_path() -> Refusal {
    invalid("The document path provided in the update expression is invalid for update")
}

/// What is at the paths, each where it is in the item; elements of a list follow each other.
pub(in super::super) fn project(item: &Item, paths: &[Path]) -> Item {
    let mut out = Item::new();
    for path in paths {
        if let Some(value) = path.get(item) {
            place(&mut out, path, value.clone());
        }
    }
    out
}

fn place(out: &mut Item, path: &Path, value: Value) {
    let Step::Name(first) = &path.0[0] else { return };
    let built = path.0[1..].iter().rev().fold(value, |inner, step| match step {
        Step::Name(name) => json!({"M": {name: inner}}),
        Step::Index(_) => json!({"L": [inner]}),
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

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Name(name) if at == 0 => f.write_str(name)?,
                Step::Name(name) => write!(f, ".{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
