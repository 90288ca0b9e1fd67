//! The settings of a deployment, beside the rules: what a held start needs.

/// The variable with the ARN of the SNS topic for emails; if it is empty or not set, no email is sent.
pub const TOPIC: &str = "POINTSMAN_TOPIC_ARN";
/// The variable with the name of the schedule group of held starts.
pub const GROUP: &str = "POINTSMAN_SCHEDULE_GROUP";
/// The variable with the ARN of the role with which EventBridge Scheduler invokes the function.
pub const ROLE: &str = "POINTSMAN_SCHEDULE_ROLE_ARN";
/// The variable with the ARN of the queue for invocations that EventBridge Scheduler could not make.
pub const QUEUE: &str = "POINTSMAN_SCHEDULE_QUEUE_ARN";

/// The settings of a deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The ARN of the topic that emails are published to.
    pub topic: Option<String>,
    /// What schedules need; none if the deployment cannot hold a start.
    pub schedules: Option<ScheduleSettings>,
}

/// What the schedules of held starts need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleSettings {
    /// The name of the schedule group.
    pub group: String,
    /// The ARN of the role.
    pub role: String,
    /// The ARN of the queue.
    pub queue: Option<String>,
}

impl Settings {
    /// Reads the environment.
    pub fn read() -> Self {
        let variable = |name| std::env::var(name).unwrap_or_default();
        Self::new(&variable(TOPIC), &variable(GROUP), &variable(ROLE), &variable(QUEUE))
    }

    /// Settings of which each may be empty.
    pub fn new(topic: &str, group: &str, role: &str, queue: &str) -> Self {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let schedules = some(group).zip(some(role));
        let schedules = schedules.map(|(group, role)| ScheduleSettings { group, role, queue: some(queue) });
        Self { topic: some(topic), schedules }
    }
}
