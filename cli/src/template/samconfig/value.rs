//! Values of `samconfig.toml`, and the texts that SAM makes of them: SAM is written in Python, and writes `true` as `True`.

use serde_json::{Value, json};

/// The value without TOML's dates, which this command does not read.
pub(super) fn of_toml(value: &toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => json!(text),
        toml::Value::Integer(number) => json!(number),
        toml::Value::Float(number) if number.is_finite() => json!(number),
        toml::Value::Float(number) => json!(number.to_string().to_lowercase()),
        toml::Value::Boolean(value) => json!(value),
        toml::Value::Datetime(date) => {
            return Err(format!("the date {date} is not a text: put it into quotation marks"));
        }
        toml::Value::Array(elements) => elements.iter().map(of_toml).collect::<Result<Value, String>>()?,
        toml::Value::Table(table) => {
            let member = |(name, value): (&String, &toml::Value)| Ok((name.clone(), of_toml(value)?));
            Value::Object(table.iter().map(member).collect::<Result<_, String>>()?)
        }
    })
}

/// Python's `str` of a scalar; `None` for null, a list and a table.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        Value::Number(number) if number.is_f64() => number.as_f64().map(float),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Python writes `1e+16` and `1e-05` where Rust writes `1e16` and `1e-5`.
fn float(number: f64) -> String {
    let text = format!("{number:?}");
    // Rust has no exponent for 0.0001, and neither has Python.
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{}e{sign}{exponent:0>2}", digits.strip_suffix(".0").unwrap_or(digits))
}

#[cfg(test)]
mod tests {
    use super::float;

    #[test]
    fn a_float_is_written_as_python_writes_it() {
        let all = [0.5, 1.0, 1e16, 1.5e300, 1e-5, 0.0001, -2.5e-7].map(float);
        assert_eq!(all, ["0.5", "1.0", "1e+16", "1.5e+300", "1e-05", "0.0001", "-2.5e-07"]);
    }
}
