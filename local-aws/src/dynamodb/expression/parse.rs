//! Reads expressions, after "Expressions in DynamoDB" of the developer guide.

mod parentheses;

use winnow::ascii::{Caseless, digit1, multispace0};
use winnow::combinator::{
    alt, delimited, not, opt, preceded, repeat, separated, separated_foldl1, terminated,
};
use winnow::error::ParseError;
use winnow::token::{one_of, take_while};
use winnow::{Parser, Result};

use super::path::{DocumentPath, PathStep};
use super::{Assignment, Clause, Comparator, Condition, FunctionCall, Operand};
use crate::dynamodb::invalid;
use crate::error_answer::ErrorAnswer;

/// "The maximum length of any expression string is 4 KB."
const MAX_BYTES: usize = 4096;
/// "The maximum number of operators or functions in an UpdateExpression is 300": the nesting of any expression here.
const MAX_NESTING: usize = 300;

/// The words that a name cannot be, since the grammar has them.
const GRAMMAR: &[&str] = &["ADD", "AND", "BETWEEN", "DELETE", "IN", "NOT", "OR", "REMOVE", "SET"];

pub(super) fn condition(text: &str, of: &str) -> Result<Condition, ErrorAnswer> {
    read(text, of, or)
}

pub(super) fn update(text: &str, of: &str) -> Result<Vec<Clause>, ErrorAnswer> {
    read(text, of, repeat(1.., clause))
}

pub(super) fn projection(text: &str, of: &str) -> Result<Vec<DocumentPath>, ErrorAnswer> {
    read(text, of, separated(1.., path, symbol(",")))
}

fn read<'i, T>(
    text: &'i str,
    of: &str,
    parser: impl Parser<&'i str, T, winnow::error::ContextError>,
) -> Result<T, ErrorAnswer> {
    let wrong = |what: String| invalid(format!("Invalid {of}: {what}"));
    if text.trim().is_empty() {
        return Err(wrong("The expression can not be empty;".to_owned()));
    }
    if text.len() > MAX_BYTES {
        let size = text.len();
        return Err(wrong(format!(
            "Expression size has exceeded the maximum allowed size; expression size: {size}"
        )));
    }
    let nesting = text.matches('(').count() + text.to_ascii_uppercase().matches("NOT").count();
    if nesting > MAX_NESTING {
        return Err(wrong(format!("The expression contains too many operators; operator count: {nesting}")));
    }
    let mut parser = preceded(multispace0, parser);
    let read =
        parser.parse(text).map_err(|error: ParseError<_, _>| wrong(syntax_error(text, error.offset())))?;
    match parentheses::are_redundant(text) {
        true => Err(wrong("The expression has redundant parentheses;".to_owned())),
        false => Ok(read),
    }
}

fn syntax_error(text: &str, offset: usize) -> String {
    let rest = &text[offset..];
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let token = if rest.is_empty() { "<EOF>" } else { &rest[..end] };
    let before = text[..offset].trim_end().rsplit(char::is_whitespace).next().unwrap_or_default();
    format!("Syntax error; token: \"{token}\", near: \"{}\"", format!("{before} {token}").trim())
}

fn or(input: &mut &str) -> Result<Condition> {
    let both = |left, _, right| Condition::Or(Box::new(left), Box::new(right));
    separated_foldl1(and, keyword("OR"), both).parse_next(input)
}

fn and(input: &mut &str) -> Result<Condition> {
    let both = |left, _, right| Condition::And(Box::new(left), Box::new(right));
    separated_foldl1(negation, keyword("AND"), both).parse_next(input)
}

fn negation(input: &mut &str) -> Result<Condition> {
    let negated = preceded(keyword("NOT"), negation).map(|inner| Condition::Not(Box::new(inner)));
    alt((negated, primary)).parse_next(input)
}

fn primary(input: &mut &str) -> Result<Condition> {
    let nested = delimited(symbol("("), or, symbol(")"));
    alt((nested, comparison, call.map(Condition::Call))).parse_next(input)
}

fn comparison(input: &mut &str) -> Result<Condition> {
    let left = operand.parse_next(input)?;
    let compared = (comparator, operand).map(|(how, right)| (Some(how), vec![right]));
    let between = preceded(keyword("BETWEEN"), (operand, preceded(keyword("AND"), operand)));
    let between = between.map(|(low, high)| (None, vec![low, high]));
    let one_of = preceded(keyword("IN"), arguments);
    alt((
        compared.map(|(how, mut right)| (how, right.pop(), Vec::new())),
        between.map(|(how, mut bounds)| (how, bounds.pop(), bounds)),
        one_of.map(|list| (None, None, list)),
    ))
    .map(|(how, last, mut rest)| match (how, last) {
        (Some(how), Some(right)) => Condition::Compare(left.clone(), how, right),
        (None, Some(high)) => {
            Condition::Between(left.clone(), rest.pop().expect("BETWEEN has two bounds"), high)
        }
        _ => Condition::In(left.clone(), rest),
    })
    .parse_next(input)
}

fn comparator(input: &mut &str) -> Result<Comparator> {
    alt((
        symbol("<>").value(Comparator::NotEqual),
        symbol("<=").value(Comparator::LessOrEqual),
        symbol(">=").value(Comparator::GreaterOrEqual),
        symbol("=").value(Comparator::Equal),
        symbol("<").value(Comparator::Less),
        symbol(">").value(Comparator::Greater),
    ))
    .parse_next(input)
}

fn operand(input: &mut &str) -> Result<Operand> {
    let nested = delimited(symbol("("), operand, symbol(")"));
    alt((call.map(Operand::Call), placeholder, path.map(Operand::Path), nested)).parse_next(input)
}

fn call(input: &mut &str) -> Result<FunctionCall> {
    let (name, arguments) = (word.verify(|word: &str| !is_grammar(word)), arguments).parse_next(input)?;
    Ok(FunctionCall { name: name.to_owned(), arguments })
}

fn arguments(input: &mut &str) -> Result<Vec<Operand>> {
    delimited(symbol("("), separated(1.., operand, symbol(",")), symbol(")")).parse_next(input)
}

fn placeholder(input: &mut &str) -> Result<Operand> {
    let name = (':', take_while(1.., is_inner)).take();
    terminated(name, multispace0).map(|name: &str| Operand::Placeholder(name.to_owned())).parse_next(input)
}

fn path(input: &mut &str) -> Result<DocumentPath> {
    let below = alt((
        preceded(symbol("."), name),
        delimited(symbol("["), digit1.try_map(str::parse).map(PathStep::Index), symbol("]")),
    ));
    let nested = delimited(symbol("("), path, symbol(")")).map(|DocumentPath(steps)| steps);
    let (mut steps, rest): (Vec<PathStep>, Vec<PathStep>) =
        (alt((name.map(|name| vec![name]), nested)), repeat(0.., below)).parse_next(input)?;
    steps.extend(rest);
    Ok(DocumentPath(steps))
}

/// An attribute's name, or a `#` placeholder for one.
fn name(input: &mut &str) -> Result<PathStep> {
    let alias = terminated(('#', take_while(1.., is_inner)).take(), multispace0);
    let plain = word.verify(|word: &str| !is_grammar(word));
    alt((alias, plain)).map(|name: &str| PathStep::Name(name.to_owned())).parse_next(input)
}

fn clause(input: &mut &str) -> Result<Clause> {
    let other = |word: &'static str| {
        let pairs = separated(1.., (path, operand).void(), symbol(","));
        preceded(keyword(word), pairs).map(move |_: Vec<()>| Clause::Other(word))
    };
    alt((
        preceded(keyword("SET"), separated(1.., assignment, symbol(","))).map(Clause::Set),
        preceded(keyword("REMOVE"), separated(1.., path, symbol(","))).map(Clause::Remove),
        other("ADD"),
        other("DELETE"),
    ))
    .parse_next(input)
}

fn assignment(input: &mut &str) -> Result<Assignment> {
    let sign = alt((symbol("+").value('+'), symbol("-").value('-')));
    let (path, _, first, then) = (path, symbol("="), operand, opt((sign, operand))).parse_next(input)?;
    Ok(Assignment { path, first, then })
}

/// A word and the space after it.
fn word<'i>(input: &mut &'i str) -> Result<&'i str> {
    let word = (one_of(|c: char| c.is_ascii_alphabetic() || c == '_'), take_while(0.., is_inner)).take();
    terminated(word, multispace0).parse_next(input)
}

fn keyword<'i>(word: &'static str) -> impl Parser<&'i str, (), winnow::error::ContextError> {
    (Caseless(word), not(one_of(is_inner)), multispace0).void()
}

fn symbol<'i>(symbol: &'static str) -> impl Parser<&'i str, (), winnow::error::ContextError> {
    (symbol, multispace0).void()
}

fn is_inner(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_grammar(word: &str) -> bool {
    GRAMMAR.iter().any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;
