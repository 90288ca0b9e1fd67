//! The subject and the first sentence: what is worst, in how many images and snapshots.

use shared::text::{LONGEST_SUBJECT, verb};

use super::{ScanAlert, more_resources, resources};
use crate::email::headline::capitalized;
use crate::email::plain;
use crate::memory::FindingClass;
use crate::scan::ResourceNews;

/// The worst that an email reports about an image or a snapshot, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Category {
    Public,
    Shared,
    Lost,
    Ended,
}

/// Every category, worst first.
const CATEGORIES: [Category; 4] = [Category::Public, Category::Shared, Category::Lost, Category::Ended];

impl ScanAlert<'_> {
    /// `Image ami-0123456789abcdef0 is public`, `1 image is public, 2 snapshots are shared with untrusted grantees`.
    pub(super) fn summary(&self) -> String {
        let parts: Vec<String> = self.parts().into_iter().map(|(part, _)| part).collect();
        self.after_beginning(&parts.join(", "))
    }

    /// `[CRITICAL us-east-1] 2 images are public, in prod`. Where it would be too long, only the worst part is in it.
    /// The id of a single image or snapshot is in it.
    pub(super) fn subject(&self) -> String {
        let head = format!("[{} {}] ", self.severity().to_string().to_uppercase(), self.scan.region);
        let account = plain(self.scan.alias.as_deref().unwrap_or(&self.home.account));
        let whole = format!("{head}{}, in {account}", self.summary());
        if whole.chars().count() <= LONGEST_SUBJECT {
            return whole;
        }
        let parts = self.parts();
        let more: usize = parts.iter().skip(1).map(|(_, number)| number).sum();
        let worst = parts.into_iter().next().map(|(part, _)| part).unwrap_or_default();
        let more = if more == 0 { String::new() } else { format!(", {}", more_resources(more)) };
        format!("{head}{}, in {account}", self.after_beginning(&format!("{worst}{more}")))
    }

    fn after_beginning(&self, text: &str) -> String {
        if self.action() == "reminder" { format!("Still open: {text}") } else { capitalized(text) }
    }

    /// Each category that has an image or a snapshot, with their number.
    fn parts(&self) -> Vec<(String, usize)> {
        let of = |category| {
            let (names, number) =
                resources(self.news.iter().filter(move |news| category_of(news) == category));
            let names = match self.news {
                [only] => format!("{} {}", only.description.kind().name(), plain(only.description.id())),
                _ => names,
            };
            (number > 0).then(|| (part(category, &names, number), number))
        };
        CATEGORIES.into_iter().filter_map(of).collect()
    }
}

fn part(category: Category, names: &str, number: usize) -> String {
    let verb = verb(number, "is", "are");
    match category {
        Category::Public => format!("{names} {verb} public"),
        Category::Shared => format!("{names} {verb} shared with untrusted grantees"),
        Category::Lost => format!("trusted accounts lost access to {names}"),
        Category::Ended => format!("findings about {names} ended"),
    }
}

fn category_of(news: &ResourceNews<'_>) -> Category {
    match news.open.first() {
        _ if news.is_public() => Category::Public,
        Some(_) if news.open.iter().any(|open| open.class == FindingClass::Exposed) => Category::Shared,
        Some(_) => Category::Lost,
        None => Category::Ended,
    }
}
