//! The changed lines of files that would start a pipeline, for the rules that ignore changes in some lines.
//!
//! What cannot be read counts as changed.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::timeout_at;

use super::Gathering;
use crate::facts::IgnoredLines;
use crate::matching::Matching;
use crate::reader::{BlobPair, LinePage, Reader};
use crate::remark::Remark;
use crate::rules::line_rules::{LineJudge, LineRules};
use crate::unread::LinesUnread;

/// How many comparisons of files a push may take. Each is at least one call.
pub const MOST_FILES: usize = 100;

/// How many pages of 1,000 runs of lines are read of one file.
pub const MOST_PAGES: usize = 10;

/// What was read of lines for one push.
#[derive(Debug)]
pub(super) struct LineReads {
    left: usize,
    unread: BTreeSet<String>,
    pub(super) remarks: Vec<Remark>,
}

impl Default for LineReads {
    fn default() -> Self {
        Self { left: MOST_FILES, unread: BTreeSet::new(), remarks: Vec::new() }
    }
}

impl LineReads {
    /// Notes once for a file, and once for the limit, that its lines are unknown.
    fn note(&mut self, file: &str, why: LinesUnread) {
        let key = if matches!(why, LinesUnread::TooManyFiles) { "" } else { file };
        if self.unread.insert(key.to_owned()) {
            self.remarks.push(Remark::LinesUnread { file: file.to_owned(), why });
        }
    }
}

impl<R: Reader> Gathering<'_, R> {
    /// The rules for which the file counts as not changed, by their index in `matching`.
    pub(super) async fn ignored_lines(
        &self,
        matching: &mut Matching<'_>,
        file: &str,
        blobs: Option<&BlobPair>,
        reads: &mut LineReads,
    ) -> BTreeMap<usize, IgnoredLines> {
        let mut ignored = BTreeMap::new();
        let Some(blobs) = blobs else { return ignored };
        let asking = matching.asking_for_lines(file);
        for ignore_whitespace in [false, true] {
            let of_kind = asking.iter().filter(|(_, rules)| rules.ignore_whitespace == ignore_whitespace);
            let judges: Vec<(usize, LineJudge<'_>)> =
                of_kind.map(|(index, rules): &(usize, &LineRules)| (*index, LineJudge::new(rules))).collect();
            if judges.is_empty() {
                continue;
            }
            match self.judged(blobs, ignore_whitespace, judges, reads).await {
                Ok(judged) => ignored.extend(judged),
                Err(why) => reads.note(file, why),
            }
        }
        ignored
    }

    async fn judged(
        &self,
        blobs: &BlobPair,
        ignore_whitespace: bool,
        mut judges: Vec<(usize, LineJudge<'_>)>,
        reads: &mut LineReads,
    ) -> Result<Vec<(usize, IgnoredLines)>, LinesUnread> {
        reads.left = reads.left.checked_sub(1).ok_or(LinesUnread::TooManyFiles)?;
        let mut next: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page = self.line_page(blobs, ignore_whitespace, next).await?;
            if page.is_binary {
                return Ok(Vec::new());
            }
            for line in &page.lines {
                judges.iter_mut().for_each(|(_, judge)| judge.see(line));
            }
            judges.retain(|(_, judge)| !judge.is_settled());
            if page.next.is_none() || judges.is_empty() {
                let judged =
                    judges.into_iter().filter_map(|(index, judge)| Some((index, judge.finish()?.into())));
                return Ok(judged.collect());
            }
            next = page.next;
        }
        Err(LinesUnread::TooManyLines)
    }

    async fn line_page(
        &self,
        blobs: &BlobPair,
        ignore_whitespace: bool,
        token: Option<String>,
    ) -> Result<LinePage, LinesUnread> {
        let page = self.reader.lines(blobs, ignore_whitespace, token);
        let page = timeout_at(self.deadlines.changes.into(), page).await;
        page.map_err(|_| LinesUnread::NoTime)?.map_err(LinesUnread::Call)
    }
}
