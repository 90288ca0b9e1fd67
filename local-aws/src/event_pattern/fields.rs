//! Flattens an event into its leaf values, each with its path and with where in arrays it was found.

use serde_json::Value;

/// One value of an event that is neither an object nor an array.
pub(super) struct Field<'a> {
    pub(super) path: String,
    pub(super) value: &'a Value,
    pub(super) steps: Vec<Step>,
}

/// Which element of which array a field lies in. Arrays are numbered in the order they are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    array: usize,
    element: usize,
}

/// All leaf values of an event. An empty array or object has none, which is why it counts as absent.
pub(super) fn flatten(event: &Value) -> Vec<Field<'_>> {
    let mut walk = Walk::default();
    walk.value(String::new(), event);
    walk.fields
}

/// Whether fields with these steps can be matched together: none of them in two elements of one array.
pub(super) fn consistent(steps: &[Step]) -> bool {
    let clash = |a: &Step, b: &Step| a.array == b.array && a.element != b.element;
    steps.iter().enumerate().all(|(i, a)| !steps[i + 1..].iter().any(|b| clash(a, b)))
}

#[derive(Default)]
struct Walk<'a> {
    fields: Vec<Field<'a>>,
    steps: Vec<Step>,
    arrays: usize,
}

impl<'a> Walk<'a> {
    fn value(&mut self, path: String, value: &'a Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    self.value(join(&path, name), member);
                }
            }
            Value::Array(elements) => self.array(&path, elements),
            leaf => self.fields.push(Field { path, value: leaf, steps: self.steps.clone() }),
        }
    }

    fn array(&mut self, path: &str, elements: &'a [Value]) {
        let array = self.arrays;
        self.arrays += 1;
        for (element, value) in elements.iter().enumerate() {
            self.steps.push(Step { array, element });
            self.value(path.to_owned(), value);
            self.steps.pop();
        }
    }
}

/// A member's dotted path.
pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
