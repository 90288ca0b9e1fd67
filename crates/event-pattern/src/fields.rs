//! Flattens an event into its leaf values, each with its path and the array elements that contain it.

use serde_json::Value;

/// One value of an event that is neither an object nor an array.
pub(crate) struct EventField<'a> {
    pub(crate) path: String,
    pub(crate) value: &'a Value,
    pub(crate) elements: Vec<ArrayElement>,
}

/// One element of one array. Arrays are numbered in the order of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ArrayElement {
    array: usize,
    element: usize,
}

/// All leaf values of an event. An empty array or object has none, which is why it counts as absent.
pub(crate) fn flatten(event: &Value) -> Vec<EventField<'_>> {
    let mut flattener = Flattener::default();
    flattener.value(String::new(), event);
    flattener.fields
}

/// Whether fields in these elements can match together: no two of them are different elements of one array.
pub(crate) fn are_consistent(elements: &[ArrayElement]) -> bool {
    let clash = |a: &ArrayElement, b: &ArrayElement| a.array == b.array && a.element != b.element;
    elements.iter().enumerate().all(|(i, a)| !elements[i + 1..].iter().any(|b| clash(a, b)))
}

#[derive(Default)]
struct Flattener<'a> {
    fields: Vec<EventField<'a>>,
    elements: Vec<ArrayElement>,
    arrays: usize,
}

impl<'a> Flattener<'a> {
    fn value(&mut self, path: String, value: &'a Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    self.value(join(&path, name), member);
                }
            }
            Value::Array(elements) => self.array(&path, elements),
            leaf => self.fields.push(EventField { path, value: leaf, elements: self.elements.clone() }),
        }
    }

    fn array(&mut self, path: &str, elements: &'a [Value]) {
        let array = self.arrays;
        self.arrays += 1;
        for (element, value) in elements.iter().enumerate() {
            self.elements.push(ArrayElement { array, element });
            self.value(path.to_owned(), value);
            self.elements.pop();
        }
    }
}

/// A member's dotted path.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
