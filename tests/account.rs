//! An account with pipeline-trigger and branch-stacks: events go to the functions whose rule in template.yaml delivers them,
//! their calls go to the local AWS, and the events that AWS emits wait for delivery.

use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use branch_stacks::settings::Settings;
use local_aws::{AwsWorld, LocalAws};
use pointsman::rules_file::{FileRules, read_all};
use pointsman::template::SamTemplate;
use serde_json::{Value, json};
use shared::config::{Document, has_errors};
use shared::decision::Decision;
use shared::lambda::{Failure, Invocation};
use tempfile::TempDir;

use crate::repository::root;

/// The account of a test.
pub(crate) struct Account {
    pub(crate) aws: LocalAws,
    pub(crate) rules: FileRules,
    template: SamTemplate,
    settings: Settings,
    pipelines: pipeline_trigger::aws::Clients,
    stacks: branch_stacks::aws::Clients,
    folder: TempDir,
    dry_run: bool,
}

impl Account {
    /// An account as `world` (the text of a world.toml) has it, with these rules. `template` is `stack.yaml` beside them.
    pub(crate) fn new(world: &str, rules: &str, template: &str) -> Self {
        Self::with_template_named("stack.yaml", world, rules, template)
    }

    /// The same, with another name for the template.
    pub(crate) fn with_template_named(name: &str, world: &str, rules: &str, template: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("the folder is ours")
        };
        write("world.toml", world);
        write(name, template);
        let mut world = AwsWorld::read(&folder.path().join("world.toml")).expect("the world is right");
        world.ensure_table("reports", ("pk", "S"), Some(("sk", "S")));
        let aws = LocalAws::start(world).expect("a port is free");
        let config = config(&aws.endpoint());
        let parameters = [("BranchStacks".to_owned(), "enabled".to_owned())].into();
        let mut account = Self {
            rules: FileRules::default(),
            template: SamTemplate::read(&root().join("template.yaml"), &parameters)
                .expect("the template is right"),
            settings: Settings::new("branch", "arn:aws:sns:us-east-1:111122223333:emails", "reports")
                .expect("a legal prefix"),
            pipelines: pipeline_trigger::aws::Clients::new(&config),
            stacks: branch_stacks::aws::Clients::new(&config),
            aws,
            folder,
            dry_run: false,
        };
        account.deploy(rules);
        account
    }

    /// Deploys other rules.
    pub(crate) fn deploy(&mut self, rules: &str) {
        let mut problems = Vec::new();
        let path = self.folder.path().join("pointsman.toml");
        self.rules = read_all(&Document::new("pointsman.toml", rules), &path, &mut problems);
        assert!(!has_errors(&problems), "{problems:?}");
    }

    /// Changes the template beside the rules, and deploys.
    pub(crate) fn deploy_template(&mut self, template: &str, rules: &str) {
        std::fs::write(self.folder.path().join("stack.yaml"), template).expect("the folder is ours");
        self.deploy(rules);
    }

    /// Delivers an event to each function whose rule matches it; the decision of each.
    pub(crate) fn deliver(&self, event: &Value) -> Vec<Decision> {
        let matching = self
            .template
            .functions()
            .filter(|function| function.rules.iter().any(|rule| rule.enabled && rule.pattern.matches(event)));
        matching
            .map(|function| self.invoke(&function.package, event).expect("the event is well formed"))
            .collect()
    }

    /// Runs reconcile now.
    pub(crate) fn reconcile(&self) -> Decision {
        let event = json!({"source": "pointsman", "detail-type": "reconcile"});
        self.invoke("branch-stacks", &event).expect("the event is well formed")
    }

    /// The decision of branch-stacks about an event in a dry run.
    pub(crate) fn dry_run(&self, event: &Value) -> Decision {
        self.invoke_as("branch-stacks", event, true).expect("the event is well formed")
    }

    /// Runs reconcile with the digest of the deletions that an operator confirms.
    pub(crate) fn reconcile_confirming(&self, digest: &str) -> Decision {
        let event = json!({"source": "pointsman", "detail-type": "reconcile", "confirm": digest});
        self.invoke("branch-stacks", &event).expect("the event is well formed")
    }

    /// Runs reconcile as a deployment with `DryRun` does.
    pub(crate) fn reconcile_dry(&mut self) -> Decision {
        self.dry_run = true;
        let decision = self.reconcile();
        self.dry_run = false;
        decision
    }

    /// Deploys without a topic for emails.
    pub(crate) fn without_topic(&mut self) {
        self.settings.topic = None;
    }

    fn invoke(&self, package: &str, event: &Value) -> Result<Decision, Failure> {
        self.invoke_as(package, event, false)
    }

    fn invoke_as(&self, package: &str, event: &Value, dry_run: bool) -> Result<Decision, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let deadline = Instant::now() + Duration::from_secs(300);
        let invocation =
            Invocation { now: self.aws.now(), deadline, ..Invocation::by_hand(dry_run || self.dry_run) };
        let event = event.clone();
        runtime.block_on(async {
            match package {
                "pipeline-trigger" => {
                    let rules = &self.rules.pipelines;
                    Box::pin(pipeline_trigger::handle(
                        event,
                        invocation,
                        rules,
                        &Default::default(),
                        &self.pipelines,
                    ))
                    .await
                }
                "branch-stacks" => {
                    let (rules, settings) = (&self.rules.stacks, &self.settings);
                    Box::pin(branch_stacks::handle(event, invocation, rules, settings, &self.stacks)).await
                }
                other => panic!("no function {other}"),
            }
        })
    }

    /// Delivers every waiting event and every event that follows from it, and advances the clock until nothing is due.
    pub(crate) fn settle(&self) -> Vec<Decision> {
        let mut decisions = Vec::new();
        for _ in 0..200 {
            for event in self.aws.take_events() {
                decisions.extend(self.deliver(&event));
            }
            if self.aws.advance_to_next().is_none() {
                return decisions;
            }
        }
        panic!("events never end: {decisions:#?}");
    }
}

pub(crate) fn config(endpoint: &str) -> SdkConfig {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
    let loader = loader.region(Region::new("us-east-1")).test_credentials().endpoint_url(endpoint);
    runtime.block_on(loader.load())
}
