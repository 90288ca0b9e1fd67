//! The rules of a running function: read at the first event, read again when they are old, and the last good ones kept.

use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::{SignedDuration, Timestamp};
use shared::call_error::CallError;
use shared::config::{Document, Problem, RulesRemark, deployed};
use shared::decision::{Decision, Explain as _, Note};
use shared::function::{Function, Table};
use shared::lambda::{BAD_RULES, Failure, Invocation};
use shared::telemetry;
use tokio::sync::Mutex;

use crate::object::{MOST_VERSIONS, NewestObject, ObjectVersion, RulesObject};
use crate::source::RulesSource;
use crate::table::RulesTable;
use crate::understood::{self, FileTags, NotUnderstood, Reader};

/// The variable that limits how old rules of S3 or DynamoDB may be, in seconds, before they are read again.
pub const MAX_AGE: &str = "POINTSMAN_CONFIG_MAX_AGE";

/// The seconds without that variable.
pub const DEFAULT_MAX_AGE: u32 = 60;

/// The longest time that can be set, in seconds.
const LONGEST_AGE: u32 = 86_400;

/// The kind of failure when the rules cannot be read, and none were read before.
pub const RULES_UNAVAILABLE: &str = "RulesUnavailable";

/// A function's rules, as they are deployed.
pub struct DeployedRules<R> {
    read: Box<Reader<R>>,
    kept: KeptRules<R>,
}

enum KeptRules<R> {
    /// A file, read once: it cannot change while the process runs.
    File(Result<Arc<R>, Failure>),
    Elsewhere(Box<RulesElsewhere<R>>),
}

struct RulesElsewhere<R> {
    name: String,
    store: RulesStore,
    max_age: SignedDuration,
    known: Mutex<KnownRules<R>>,
}

enum RulesStore {
    Object(RulesObject),
    Table(RulesTable, Vec<&'static Table>),
}

/// What is known of the rules.
struct KnownRules<R> {
    /// The rules that decide.
    good: Option<GoodRules<R>>,
    /// The ETag of the newest version that was read, good or not.
    seen: Option<String>,
    /// The ETags of the files beside it.
    files: FileTags,
    /// Why the newest version does not decide.
    outdated: Option<RulesRemark>,
    /// Why the rules could not be read again.
    unreadable: Option<RulesRemark>,
    /// When the source was last asked.
    checked: Option<Timestamp>,
}

struct GoodRules<R> {
    rules: Arc<R>,
    /// The version, in words.
    version: String,
    /// When it was last known to be the newest, or the last good one.
    at: Timestamp,
    /// The disabled rows.
    remarks: Vec<RulesRemark>,
}

/// The rules that decide about an event.
pub struct CurrentRules<R> {
    /// The rules.
    pub rules: Arc<R>,
    remarks: Vec<RulesRemark>,
}

impl<R> CurrentRules<R> {
    /// The decision with a note for each problem of the rules.
    #[must_use]
    pub fn noted(&self, mut decision: Decision) -> Decision {
        let note =
            |remark: &RulesRemark| Note { subject: remark.subject().to_owned(), because: remark.into() };
        decision.notes.extend(self.remarks.iter().map(note));
        decision
    }
}

impl<R: 'static> DeployedRules<R> {
    /// The rules that `POINTSMAN_CONFIG` names, for a function. A file is read now, as a problem of it does not pass; other
    /// sources are read at the first event. Only then a client is built.
    pub fn open(
        function: &Function,
        config: &SdkConfig,
        read: impl Fn(&Document, &mut Vec<Problem>) -> R + 'static,
    ) -> Self {
        let read: Box<Reader<R>> = Box::new(read);
        let source = RulesSource::deployed().map_err(|error| Failure {
            kind: "BadSetting",
            message: format!("{}: {error}", deployed::VARIABLE),
        });
        let age = |source: &RulesSource| if source.is_file() { Ok(SignedDuration::ZERO) } else { max_age() };
        let source = source.and_then(|source| age(&source).map(|age| (source, age)));
        let kept = match source {
            Ok((source, max_age)) => kept(source, max_age, function, config, &read),
            Err(failure) => KeptRules::File(Err(failure)),
        };
        Self { read, kept }
    }

    /// The rules of a source, read again after `max_age`.
    pub fn of(
        source: RulesSource,
        max_age: SignedDuration,
        function: &Function,
        config: &SdkConfig,
        read: impl Fn(&Document, &mut Vec<Problem>) -> R + 'static,
    ) -> Self {
        let read: Box<Reader<R>> = Box::new(read);
        let kept = kept(source, max_age, function, config, &read);
        Self { read, kept }
    }

    /// The rules for an event.
    ///
    /// # Errors
    /// When there are none: the source cannot be read, or the rules and all earlier versions have errors. The next event tries
    /// again.
    pub async fn current(&self, invocation: &Invocation) -> Result<CurrentRules<R>, Failure> {
        let elsewhere = match &self.kept {
            KeptRules::File(rules) => {
                let rules = rules.as_ref().map_err(Failure::clone)?.clone();
                return Ok(CurrentRules { rules, remarks: Vec::new() });
            }
            KeptRules::Elsewhere(elsewhere) => elsewhere,
        };
        let current = Box::pin(elsewhere.current(&self.read, invocation)).await?;
        for remark in &current.remarks {
            let message = format!("{}: {remark}", remark.subject());
            telemetry::log_rules(&invocation.request_id, remark.code(), &message);
        }
        Ok(current)
    }
}

fn kept<R: 'static>(
    source: RulesSource,
    max_age: SignedDuration,
    function: &Function,
    config: &SdkConfig,
    read: &Reader<R>,
) -> KeptRules<R> {
    let name = source.to_string();
    let store = match source {
        RulesSource::File(path) => return KeptRules::File(deployed::rules(&path, read).map(Arc::new)),
        RulesSource::Object { bucket, key } => {
            RulesStore::Object(RulesObject { client: aws_sdk_s3::Client::new(config), bucket, key })
        }
        RulesSource::Table { name } => {
            let table = RulesTable { client: aws_sdk_dynamodb::Client::new(config), name };
            RulesStore::Table(table, function.tables.iter().collect())
        }
    };
    let known = KnownRules {
        good: None,
        seen: None,
        files: FileTags::new(),
        outdated: None,
        unreadable: None,
        checked: None,
    };
    KeptRules::Elsewhere(Box::new(RulesElsewhere { name, store, max_age, known: Mutex::new(known) }))
}

fn max_age() -> Result<SignedDuration, Failure> {
    let given = std::env::var(MAX_AGE).unwrap_or_default();
    let seconds = if given.is_empty() { Ok(DEFAULT_MAX_AGE) } else { given.parse() };
    match seconds {
        Ok(seconds) if seconds <= LONGEST_AGE => Ok(SignedDuration::from_secs(seconds.into())),
        _ => {
            let message = format!(
                "{MAX_AGE} is `{given}`; its value must be a number of seconds from 0 to {LONGEST_AGE}"
            );
            Err(Failure { kind: "BadSetting", message })
        }
    }
}

impl<R: 'static> RulesElsewhere<R> {
    async fn current(&self, read: &Reader<R>, invocation: &Invocation) -> Result<CurrentRules<R>, Failure> {
        let mut known = self.known.lock().await;
        if known.is_old(self.max_age, invocation.now) {
            let before = known.good.as_ref().map(|good| good.version.clone());
            match &self.store {
                RulesStore::Object(object) => {
                    self.read_object(object, read, &mut known, invocation.now).await?
                }
                RulesStore::Table(table, tables) => {
                    self.read_table(table, tables, read, &mut known, invocation.now).await?;
                }
            }
            if let Some(good) = known.good.as_ref().filter(|good| before.as_ref() != Some(&good.version)) {
                let message = format!("the rules {} are read: {}", self.name, good.version);
                telemetry::log_rules_read(&invocation.request_id, &message);
            }
        }
        let good = known.good.as_ref().ok_or_else(|| self.unavailable("no rules were read"))?;
        let remarks = [&known.outdated, &known.unreadable].into_iter().flatten().chain(&good.remarks);
        Ok(CurrentRules { rules: good.rules.clone(), remarks: remarks.cloned().collect() })
    }

    async fn read_object(
        &self,
        object: &RulesObject,
        read: &Reader<R>,
        known: &mut KnownRules<R>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        // Without rules, the newest version is read whatever it was before.
        let seen = known.seen.clone().filter(|_| known.good.is_some());
        match object.newest(seen.as_deref()).await {
            Err(error) => self.keep(known, &format!("{}: {error}", error.operation), now),
            Ok(NewestObject::Same) => match understood::files_changed(&known.files, object).await {
                Err(error) => self.keep(known, &format!("{}: {error}", error.operation), now),
                Ok(false) => {
                    known.confirm(now);
                    Ok(())
                }
                // Another calendar gives other rules: the object is read again, whatever its ETag is.
                Ok(true) => {
                    known.seen = None;
                    Box::pin(self.read_object(object, read, known, now)).await
                }
            },
            Ok(NewestObject::Missing) => {
                let why = NotUnderstood::because("the object does not exist");
                self.fall_back(object, read, known, (why, None), now).await
            }
            Ok(NewestObject::Read(version)) => match self.understood(&version, object, read).await {
                Err(error) => self.keep(known, &format!("{}: {error}", error.operation), now),
                Ok((Ok(rules), files)) => {
                    let rules = Arc::new(rules);
                    known.take(GoodRules { rules, version: version.name, at: now, remarks: Vec::new() });
                    (known.seen, known.files) = (version.etag, files);
                    Ok(())
                }
                Ok((Err(why), files)) => {
                    // A broken file that is fixed makes the newest version good.
                    known.files = files;
                    self.fall_back(object, read, known, (why, version.etag), now).await
                }
            },
        }
    }

    /// The rules of a version with the files beside it, and the ETags of these.
    async fn understood(
        &self,
        version: &ObjectVersion,
        object: &RulesObject,
        read: &Reader<R>,
    ) -> Result<(Result<R, NotUnderstood>, FileTags), CallError> {
        let document = match understood::document_of(&self.name, version) {
            Ok(document) => document,
            Err(why) => return Ok((Err(why), FileTags::new())),
        };
        let (document, files) = understood::with_files(document, object).await?;
        Ok((understood::whole(document, read), files))
    }

    /// The newest version is broken: the rules that were read before decide or, without any, the last good version.
    async fn fall_back(
        &self,
        object: &RulesObject,
        read: &Reader<R>,
        known: &mut KnownRules<R>,
        (why, etag): (NotUnderstood, Option<String>),
        now: Timestamp,
    ) -> Result<(), Failure> {
        if known.good.is_none() {
            let found = self.last_good(object, read).await;
            let (rules, version) = found.map_err(|more| Failure {
                kind: BAD_RULES,
                message: format!("{}: {}\n\n{more}", self.name, why.rendered),
            })?;
            known.take(GoodRules { rules: Arc::new(rules), version, at: now, remarks: Vec::new() });
        }
        known.confirm(now);
        known.seen = etag;
        let used = known.good.as_ref().map(|good| good.version.clone()).unwrap_or_default();
        known.outdated =
            Some(RulesRemark::Outdated { source: self.name.clone(), used, problem: why.summary });
        Ok(())
    }

    /// The newest good version of the earlier ones; in words, why there is none.
    async fn last_good(&self, object: &RulesObject, read: &Reader<R>) -> Result<(R, String), String> {
        let failed =
            |error: &CallError| format!("no earlier version could be read: {}: {error}", error.operation);
        let earlier = object.earlier().await.map_err(|error| failed(&error))?;
        let count = earlier.len().min(MOST_VERSIONS);
        for id in earlier.iter().take(MOST_VERSIONS) {
            // A version that is deleted meanwhile is none; one that cannot be read may be the last good one.
            let Some(version) = object.version(id).await.map_err(|error| failed(&error))? else { continue };
            let understood = self.understood(&version, object, read).await.map_err(|error| failed(&error))?;
            if let (Ok(rules), _) = understood {
                return Ok((rules, version.name));
            }
        }
        Err(match count {
            0 => "there is no earlier version".to_owned(),
            count => format!("{} cannot be used either", shared::text::count(count, "earlier version")),
        })
    }

    async fn read_table(
        &self,
        table: &RulesTable,
        tables: &[&'static Table],
        read: &Reader<R>,
        known: &mut KnownRules<R>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let rows = match table.rows(tables, false).await {
            Ok(rows) => rows,
            Err(error) => return self.keep(known, &error.to_string(), now),
        };
        let count = shared::text::count(rows.rows.len(), "item");
        match understood::rows(&self.name, rows, read) {
            Ok((rules, remarks)) => {
                known.take(GoodRules { rules: Arc::new(rules), version: count, at: now, remarks });
                Ok(())
            }
            Err(why) if known.good.is_some() => self.keep(known, &why.summary, now),
            Err(why) => Err(Failure { kind: BAD_RULES, message: format!("{}: {}", self.name, why.rendered) }),
        }
    }

    /// The rules that were read before decide, if there are any.
    fn keep(&self, known: &mut KnownRules<R>, problem: &str, now: Timestamp) -> Result<(), Failure> {
        let since = known.good.as_ref().map(|good| good.at).ok_or_else(|| self.unavailable(problem))?;
        let problem = problem.to_owned();
        known.unreadable = Some(RulesRemark::Unreadable { source: self.name.clone(), since, problem });
        known.checked = Some(now);
        Ok(())
    }

    fn unavailable(&self, problem: &str) -> Failure {
        Failure {
            kind: RULES_UNAVAILABLE,
            message: format!("cannot read the rules {}: {problem}", self.name),
        }
    }
}

impl<R> KnownRules<R> {
    /// Whether the source has to be asked. A clock that was set back makes no rules younger.
    fn is_old(&self, max_age: SignedDuration, now: Timestamp) -> bool {
        let age = self.checked.map(|checked| now.duration_since(checked));
        self.good.is_none() || age.is_none_or(|age| age >= max_age || age.is_negative())
    }

    /// The newest version decides.
    fn take(&mut self, good: GoodRules<R>) {
        self.checked = Some(good.at);
        (self.outdated, self.unreadable) = (None, None);
        self.good = Some(good);
    }

    /// The source still has the version that was seen.
    fn confirm(&mut self, now: Timestamp) {
        self.checked = Some(now);
        self.unreadable = None;
        if let Some(good) = &mut self.good {
            good.at = now;
        }
    }
}
