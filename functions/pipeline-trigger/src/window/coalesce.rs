//! The event that a schedule holds, and how a later event joins it: the newest commit, and the oldest commit before. Pure.

use serde_json::{Value, json};

use crate::event::{Change, Parsed, Push, parse};

/// The event of `pointsman` with which a schedule invokes the function.
pub const DETAIL_TYPE: &str = "window-opened";

/// A member of the object in a held event of S3: the oldest version that is held.
pub const HELD_SINCE: &str = "held-since-version";

/// A member of the detail of a held push: the time of the oldest push that is held. The commit before that push counts.
pub const HELD_SINCE_TIME: &str = "held-since-time";

/// What a schedule holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldEvent {
    /// The pipeline that it starts.
    pub pipeline: String,
    /// The window that it waits for.
    pub window: String,
    /// The event that made the function hold it; of several events, all of them as one.
    pub event: Value,
    /// The request of the invocation that created the schedule: a retry of it sends its email.
    pub request: String,
}

impl HeldEvent {
    /// The input of the schedule.
    pub fn to_input(&self) -> Value {
        let Self { pipeline, window, event, request } = self;
        let detail = json!({"pipeline": pipeline, "window": window, "request": request, "event": event});
        json!({"source": "pointsman", "detail-type": DETAIL_TYPE, "detail": detail})
    }

    /// Reads the input of a schedule; none if it has another form.
    pub fn of_input(input: &Value) -> Option<Self> {
        let detail = &input["detail"];
        let text = |name: &str| detail[name].as_str().map(str::to_owned);
        let event = detail["event"].as_object().map(|event| Value::Object(event.clone()))?;
        let is_ours = input["source"] == "pointsman" && input["detail-type"] == DETAIL_TYPE;
        is_ours.then_some(())?;
        Some(Self {
            pipeline: text("pipeline").filter(|name| !name.is_empty())?,
            window: text("window").unwrap_or_default(),
            event,
            request: text("request").unwrap_or_default(),
        })
    }
}

/// Whether a text is an event of an opened window.
pub fn is_opening(event: &Value) -> bool {
    event["source"] == "pointsman" && event["detail-type"] == DETAIL_TYPE
}

/// Joins an event with the one that is held already. Pushes of one reference become the push from the oldest commit to
/// the newest one, whichever arrived first. Of other events, the newer one counts.
pub fn joined(held: &Value, new: &Value) -> Value {
    match (push(held), push(new)) {
        (Some(earlier), Some(later)) if earlier.reference == later.reference => {
            if is_after(&earlier, &later) { spanning(new, held) } else { spanning(held, new) }
        }
        (None, None) if time(held) > time(new) => since(held, new),
        (None, None) => since(new, held),
        _ => new.clone(),
    }
}

/// The newer event of an object, which names the oldest version that is held: the files of an archive that changed since the
/// version before it count. Other events stay as they are.
fn since(newer: &Value, older: &Value) -> Value {
    let mut event = newer.clone();
    let object = &older["detail"]["object"];
    let version = object
        .get(HELD_SINCE)
        .or(object.get("version-id"))
        .filter(|_| object["key"] == newer["detail"]["object"]["key"]);
    let (Some(version), Some(members)) =
        (version, event.pointer_mut("/detail/object").and_then(Value::as_object_mut))
    else {
        return event;
    };
    if members.get("version-id") != Some(version) {
        members.insert(HELD_SINCE.to_owned(), version.clone());
    }
    event
}

fn push(event: &Value) -> Option<Push> {
    match parse(event) {
        Ok(Parsed::Ours(push)) => Some(push),
        _ => None,
    }
}

fn time(event: &Value) -> Option<jiff::Timestamp> {
    event["time"].as_str()?.parse().ok()
}

/// Whether `first` is the later push of the two. Commits that follow each other decide, because the time of an event has
/// whole seconds.
fn is_after(first: &Push, second: &Push) -> bool {
    let old = |push: &Push| match &push.change {
        Change::Updated { old, .. } => old.clone(),
        _ => None,
    };
    let follows =
        |later: &Push, earlier: &Push| old(later).is_some_and(|old| earlier.commit() == Some(&*old));
    match (first.moment(), second.moment()) {
        (Some(one), Some(other)) if one != other => one > other,
        _ => follows(first, second) && !follows(second, first),
    }
}

/// The newer event, which begins where the older one begins.
fn spanning(older: &Value, newer: &Value) -> Value {
    let mut event = newer.clone();
    let of = |event: &Value| event["detail"]["event"].as_str().unwrap_or_default().to_owned();
    // A branch that was created again has its own begin.
    if of(newer) == "referenceCreated" {
        return event;
    }
    // A late push lies within those that are held.
    let since = |event: &Value| match event["detail"][HELD_SINCE_TIME].as_str() {
        Some(time) => time.parse().ok(),
        None => time(event),
    };
    let (since_older, since_newer): (Option<jiff::Timestamp>, _) = (since(older), since(newer));
    if since_newer.zip(since_older).is_some_and(|(newer, older)| newer < older) {
        return event;
    }
    if let Some(detail) = event["detail"].as_object_mut() {
        detail.insert("event".to_owned(), older["detail"]["event"].clone());
        match older["detail"].get("oldCommitId") {
            Some(old) => detail.insert("oldCommitId".to_owned(), old.clone()),
            None => detail.shift_remove("oldCommitId"),
        };
        if let Some(since) = since_older.filter(|_| since_older != time(newer)) {
            detail.insert(HELD_SINCE_TIME.to_owned(), json!(since.to_string()));
        }
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    fn updated(old: &str, new: &str, time: &str) -> Value {
        let id = |letter: &str| letter.repeat(40);
        json!({"source": "aws.codecommit", "detail-type": "CodeCommit Repository State Change", "time": time,
            "detail": {"event": "referenceUpdated", "repositoryName": "shop", "referenceFullName": "refs/heads/main",
                "commitId": id(new), "oldCommitId": id(old)}})
    }

    fn created(new: &str, time: &str) -> Value {
        let mut event = updated("0", new, time);
        event["detail"]["event"] = json!("referenceCreated");
        event["detail"].as_object_mut().unwrap().shift_remove("oldCommitId");
        event
    }

    fn range(event: &Value) -> String {
        let short = |name: &str| event["detail"][name].as_str().map_or("", |id| &id[..1]).to_owned();
        format!(
            "{} {}..{}",
            event["detail"]["event"].as_str().unwrap(),
            short("oldCommitId"),
            short("commitId")
        )
    }

    const T1: &str = "2026-12-05T10:00:00Z";
    const T2: &str = "2026-12-05T11:00:00Z";

    #[test]
    fn two_pushes_become_the_push_from_the_oldest_to_the_newest_commit() {
        let (first, second) = (updated("a", "b", T1), updated("b", "c", T2));
        assert_eq!(range(&joined(&first, &second)), "referenceUpdated a..c");
        assert_eq!(range(&joined(&second, &first)), "referenceUpdated a..c", "the older one is late");
        assert_eq!(joined(&first, &second)["time"], T2);
        assert_eq!(joined(&second, &first)["time"], T2);
        let same_second = updated("b", "c", T1);
        assert_eq!(range(&joined(&first, &same_second)), "referenceUpdated a..c");
        assert_eq!(range(&joined(&same_second, &first)), "referenceUpdated a..c");
    }

    #[test]
    fn a_late_push_between_two_others_changes_nothing() {
        let (first, second) = (updated("a", "b", T1), updated("b", "c", T2));
        let third = updated("c", "d", "2026-12-05T12:00:00Z");
        let all = joined(&joined(&first, &third), &second);
        assert_eq!(range(&all), "referenceUpdated a..d");
        assert_eq!(all, joined(&joined(&first, &second), &third));
        assert_eq!(range(&joined(&joined(&third, &second), &first)), "referenceUpdated a..d");
    }

    #[test]
    fn a_push_that_is_repeated_changes_nothing() {
        let (first, second) = (updated("a", "b", T1), updated("b", "c", T2));
        assert_eq!(joined(&first, &first), first);
        let both = joined(&first, &second);
        assert_eq!(joined(&both, &second), joined(&both, &joined(&both, &second)));
        assert_eq!(range(&joined(&both, &second)), "referenceUpdated a..c");
        assert_eq!(range(&joined(&both, &first)), "referenceUpdated a..c");
    }

    #[test]
    fn a_new_branch_stays_new() {
        assert_eq!(range(&joined(&created("b", T1), &updated("b", "c", T2))), "referenceCreated ..c");
        assert_eq!(range(&joined(&updated("a", "b", T1), &created("c", T2))), "referenceCreated ..c");
        let mut unknown = updated("a", "b", T1);
        unknown["detail"].as_object_mut().unwrap().shift_remove("oldCommitId");
        assert_eq!(range(&joined(&unknown, &updated("b", "c", T2))), "referenceUpdated ..c");
    }

    #[test]
    fn of_other_events_the_newer_one_counts() {
        let image =
            |time: &str| json!({"source": "aws.ecr", "detail-type": "ECR Image Action", "time": time});
        assert_eq!(joined(&image(T1), &image(T2)), image(T2));
        assert_eq!(joined(&image(T2), &image(T1)), image(T2));
    }

    #[test]
    fn an_object_keeps_the_oldest_version_that_is_held() {
        let object = |version: &str, time: &str| {
            json!({"source": "aws.s3", "detail-type": "Object Created", "time": time,
                "detail": {"bucket": {"name": "b"}, "object": {"key": "k", "version-id": version}}})
        };
        let (first, second, third) = (object("1", T1), object("2", T2), object("3", "2026-12-05T12:00:00Z"));
        let two = joined(&first, &second);
        assert_eq!(
            (&two["detail"]["object"]["version-id"], &two["detail"]["object"][HELD_SINCE]),
            (&json!("2"), &json!("1"))
        );
        let three = joined(&two, &third);
        assert_eq!(
            (&three["detail"]["object"]["version-id"], &three["detail"]["object"][HELD_SINCE]),
            (&json!("3"), &json!("1"))
        );
        assert_eq!(joined(&second, &first), two, "the older one is late");
        assert_eq!(joined(&first, &first), first);
        assert_eq!(joined(&two, &second), two, "a repeated event");
    }

    #[test]
    fn an_input_is_read_back() {
        let held = HeldEvent {
            pipeline: "web".into(),
            window: "office".into(),
            event: updated("a", "b", T1),
            request: "1".into(),
        };
        assert_eq!(HeldEvent::of_input(&held.to_input()), Some(held.clone()));
        assert!(is_opening(&held.to_input()));
        for input in [json!({}), json!("x"), json!({"source": "pointsman", "detail-type": "window-opened"})] {
            assert_eq!(HeldEvent::of_input(&input), None);
        }
    }
}
