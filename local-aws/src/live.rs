//! Owns the world while it is served: a caller moves its clock, pushes branches and reads its state.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::LocalAws;
use crate::codecommit::PushError;
use crate::ec2::{BlockedKind, PermissionGrantee};
use crate::ecr::{self, NewImage};
use crate::s3::{NewObject, PutObjectError};
use crate::service::ACCOUNT;
use crate::sns::DeliveredEmail;

/// A stack, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackNow {
    pub id: String,
    pub name: String,
    pub status: String,
    pub reason: Option<String>,
    pub parameters: Vec<(String, String)>,
    pub tags: Vec<(String, String)>,
    pub role: Option<String>,
    /// Termination protection.
    pub protected: bool,
    pub created: Timestamp,
}

/// A pipeline's execution, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionNow {
    pub id: String,
    /// `None` when it is not known.
    pub commit: Option<String>,
    pub status: String,
    /// As TriggerType names it: `CreatePipeline`, `StartPipelineExecution`.
    pub trigger: String,
}

/// A comment on a pull request, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentNow {
    pub id: String,
    /// Empty for a deleted comment.
    pub content: String,
    pub author: String,
}

/// An image, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageNow {
    pub id: String,
    pub region: String,
    pub name: String,
    pub owner: String,
    /// Every account may launch the image.
    pub public: bool,
    /// The other grantees besides the owner: ids of accounts, and ARNs of organizations and organizational units, in
    /// the order in which they were added.
    pub shared_with: Vec<String>,
    pub description: Option<String>,
    pub imds_support: Option<String>,
    pub tags: Vec<(String, String)>,
}

/// A snapshot, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotNow {
    pub id: String,
    pub region: String,
    pub owner: String,
    /// Every account may create volumes from the snapshot.
    pub public: bool,
    /// The accounts with permission besides the owner, in the order in which they were added.
    pub shared_with: Vec<String>,
}

/// An Elastic IP address, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressNow {
    pub allocation: String,
    pub ip: String,
    /// The instance that has the address.
    pub instance: Option<String>,
    /// The number of associations so far.
    pub associations: usize,
}

/// An execution of a DRS recovery plan, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryExecutionNow {
    pub arn: String,
    /// The plan's ARN.
    pub plan: String,
    /// `DRILL` or `RECOVERY`.
    pub mode: String,
    pub status: String,
    pub tags: Vec<(String, String)>,
    /// The snapshots it was started with: source server and snapshot.
    pub snapshots: Vec<(String, String)>,
    pub started: Timestamp,
}

/// A job of DRS, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryJobNow {
    pub id: String,
    pub is_drill: bool,
    pub status: String,
    pub tags: std::collections::BTreeMap<String, String>,
    /// The source servers.
    pub servers: Vec<String>,
    /// The snapshots it was started with: source server and snapshot.
    pub snapshots: Vec<(String, String)>,
}

impl LocalAws {
    /// The time of the world's clock.
    pub fn now(&self) -> Timestamp {
        self.endpoint.clock.now()
    }

    /// Moves the clock. Every change that is due on the way happens in order, at its own time.
    ///
    /// # Panics
    ///
    /// If the world has no `now`: its clock is the machine's.
    pub fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).expect("a world's time is not that long");
        self.move_to(self.now() + by);
    }

    /// Moves the clock to the next change, and returns its time. `None` if no change is due, or if the clock is the
    /// machine's.
    pub fn advance_to_next(&self) -> Option<Timestamp> {
        let endpoint = &self.endpoint;
        // Changes that are due already, because no call came since.
        endpoint.world.catch_up(endpoint.clock.now());
        let due = endpoint.world.next_due()?;
        if !endpoint.clock.set(due) {
            return None;
        }
        endpoint.world.catch_up(due);
        Some(due)
    }

    /// When the next thing happens by itself.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.endpoint.world.next_due()
    }

    /// When the next schedule of EventBridge Scheduler invokes its target.
    pub fn next_schedule(&self) -> Option<Timestamp> {
        self.endpoint.world.scheduler.next_due()
    }

    /// Moves the clock to a time, as [`LocalAws::advance`] does. A time that is over moves nothing.
    pub fn advance_to(&self, to: Timestamp) {
        if to > self.now() {
            self.move_to(to);
        }
    }

    fn move_to(&self, to: Timestamp) {
        let endpoint = &self.endpoint;
        while let Some(due) = endpoint.world.next_due().filter(|due| *due <= to) {
            endpoint.clock.set(due);
            endpoint.world.catch_up(due);
        }
        assert!(endpoint.clock.set(to), "the world has no `now`: its clock cannot be moved");
    }

    /// The events that AWS put on the event bus since the last call of this function, in order, as EventBridge shows
    /// them to rules.
    pub fn take_events(&self) -> Vec<Value> {
        self.endpoint.world.bus.take()
    }

    /// Creates, moves or deletes (`None`) a branch, and puts CodeCommit's event on the bus. A push that changes nothing
    /// does nothing. The commit is a label of the world's file, or a whole id.
    ///
    /// # Errors
    ///
    /// [`PushError`]: the world did not build this repository, has no such commit, or git refuses the name.
    pub fn push(&self, repository: &str, branch: &str, commit: Option<&str>) -> Result<(), PushError> {
        let world = &self.endpoint.world;
        world.codecommit.push(&world.bus, self.now(), &world.region, (repository, branch), commit)
    }

    /// The commit at the tip of a branch; `None` if there is no such branch.
    pub fn head(&self, repository: &str, branch: &str) -> Option<String> {
        self.endpoint.world.codecommit.repository(repository)?.branch_head(branch).ok().flatten()
    }

    /// Every stack that is not deleted, oldest first.
    pub fn stacks(&self) -> Vec<StackNow> {
        let living =
            self.endpoint.world.cloudformation.stacks().into_iter().filter(|stack| stack.is_living());
        let now = living.map(|stack| StackNow {
            id: stack.id,
            name: stack.name,
            status: stack.status.to_owned(),
            reason: stack.reason,
            parameters: stack.goal.parameters,
            tags: stack.goal.tags,
            role: stack.goal.role,
            protected: stack.protected,
            created: stack.created,
        });
        now.collect()
    }

    /// The living stack of that name.
    pub fn stack(&self, name: &str) -> Option<StackNow> {
        self.stacks().into_iter().find(|stack| stack.name == name)
    }

    /// Arranges a failure from now on: the resource of that logical id fails in every stack that `stack` (a name, in
    /// which `*` is any text) matches, during the operation `on`: `create`, `update`, `delete`, `rollback` or `cleanup`.
    ///
    /// # Panics
    ///
    /// If `on` is none of these.
    pub fn fail(&self, stack: &str, resource: &str, on: &str, reason: &str, times: Option<u32>) {
        let on = crate::cloudformation::StackOperation::named(on)
            .expect("one of create, update, delete, rollback and cleanup");
        let (resource, stack, reason) = (resource.to_owned(), Some(stack.to_owned()), reason.to_owned());
        self.endpoint.world.cloudformation.fail(crate::cloudformation::ArrangedFailure {
            resource,
            stack,
            on,
            reason,
            validation: None,
            times,
        });
    }

    /// Ends every failure that was arranged, by the world's file or by [`LocalAws::fail`].
    pub fn end_failures(&self) {
        self.endpoint.world.cloudformation.end_failures();
    }

    /// Answers `calls` more calls and then none, as if the caller were killed there. The first unanswered call is
    /// performed if `after_effect`.
    pub fn cut_off_after(&self, calls: u64, after_effect: bool) {
        self.endpoint.world.faults.cut_off(calls, after_effect);
    }

    /// Answers calls again. Returns whether a call was left unanswered.
    pub fn answer_again(&self) -> bool {
        self.endpoint.world.faults.answer_again()
    }

    /// All images, of every owner, in the order of the world's file. Their permissions are those that were written last.
    pub fn images(&self) -> Vec<ImageNow> {
        let now = self.endpoint.world.ec2.images().into_iter().map(|image| ImageNow {
            public: image.shared_with.latest().contains(&PermissionGrantee::Everyone),
            shared_with: named(image.shared_with.latest()),
            id: image.id,
            region: image.region,
            name: image.name,
            owner: image.owner,
            description: image.description,
            imds_support: image.imds_support,
            tags: image.tags,
        });
        now.collect()
    }

    /// The image of that id; of the first region that has it.
    pub fn image(&self, id: &str) -> Option<ImageNow> {
        self.images().into_iter().find(|image| image.id == id)
    }

    /// All snapshots, of every owner, in the order of the world's file. Their permissions are those that were written last.
    pub fn snapshots(&self) -> Vec<SnapshotNow> {
        let now = self.endpoint.world.ec2.snapshots().into_iter().map(|snapshot| SnapshotNow {
            public: snapshot.shared_with.latest().contains(&PermissionGrantee::Everyone),
            shared_with: named(snapshot.shared_with.latest()),
            id: snapshot.id,
            region: snapshot.region,
            owner: snapshot.owner,
        });
        now.collect()
    }

    /// Whether block public access for AMIs is in effect in the world's account.
    pub fn blocks_public_access(&self, region: &str) -> bool {
        self.blocks(BlockedKind::Images, region)
    }

    /// Whether block public access is in effect in the world's account, in any of its modes.
    pub fn blocks(&self, kind: BlockedKind, region: &str) -> bool {
        self.endpoint.world.ec2.is_blocked(kind, ACCOUNT, region, self.now())
    }

    /// The findings of Security Hub, in the order in which they were imported first.
    pub fn findings(&self) -> Vec<Value> {
        self.endpoint.world.security_hub.findings()
    }

    /// The items of the DynamoDB tables of that name, by their keys, as they are on the wire (`{"id": {"S": "a"}}`); `None`
    /// when no region has such a table.
    pub fn items(&self, table: &str) -> Option<Vec<Value>> {
        let items = self.endpoint.world.dynamodb.items(table)?;
        Some(items.into_iter().map(Value::Object).collect())
    }

    /// The executions of the DRS recovery plans, oldest first.
    pub fn recovery_executions(&self) -> Vec<RecoveryExecutionNow> {
        let state = self.endpoint.world.drs.lock();
        let now = state.executions.iter().map(|execution| RecoveryExecutionNow {
            arn: execution.arn.clone(),
            plan: execution.plan.clone(),
            mode: execution.mode.clone(),
            status: execution.status.clone(),
            tags: execution.tags.clone().into_iter().collect(),
            snapshots: execution.snapshots.clone(),
            started: execution.started,
        });
        now.collect()
    }

    /// The jobs of DRS that launch servers, oldest first.
    pub fn recovery_jobs(&self) -> Vec<RecoveryJobNow> {
        let state = self.endpoint.world.drs.lock();
        let launches = state.jobs.iter().filter(|job| job.kind == "LAUNCH");
        let now = launches.map(|job| RecoveryJobNow {
            id: job.id.clone(),
            is_drill: job.is_drill,
            status: job.status.clone(),
            tags: job.tags.clone(),
            servers: job.servers.iter().map(|launch| launch.server.clone()).collect(),
            snapshots: job.snapshots.clone(),
        });
        now.collect()
    }

    /// The Elastic IP addresses, in the order of the world's file.
    pub fn addresses(&self) -> Vec<AddressNow> {
        let now = self.endpoint.world.ec2.addresses().into_iter().map(|address| AddressNow {
            allocation: address.allocation,
            ip: address.ip,
            instance: address.association.and_then(|association| association.instance),
            associations: address.count,
        });
        now.collect()
    }

    /// The comments of a pull request, oldest first; empty if there is no such request.
    pub fn comments(&self, pull_request: &str) -> Vec<CommentNow> {
        let all = self.endpoint.world.codecommit.pull_requests.lock();
        let comments = all.iter().filter(|one| one.id == pull_request).flat_map(|one| &one.comments);
        let now = comments.map(|comment| CommentNow {
            id: comment.id.clone(),
            content: comment.content.clone(),
            author: comment.author.clone(),
        });
        now.collect()
    }

    /// Pushes an image to ECR, which puts the event on the bus.
    pub fn push_image(&self, image: &NewImage) {
        let world = &self.endpoint.world;
        ecr::push(&world.bus, (&world.region, self.now()), image);
    }

    /// Puts an object into a bucket, and the event on the bus; `None` deletes the object. Returns the version's id, which
    /// is `null` if the bucket is not versioned.
    ///
    /// # Errors
    ///
    /// [`PutObjectError::NoBucket`] if the world has no such bucket.
    pub fn put_object(
        &self,
        bucket: &str,
        key: &str,
        bytes: Option<&[u8]>,
    ) -> Result<String, PutObjectError> {
        let world = &self.endpoint.world;
        let bytes = bytes.map(|bytes| bytes.to_vec().into());
        let new = NewObject { key: key.to_owned(), bytes, version: None };
        world.s3.put_with_event(&world.bus, (&world.region, self.now()), bucket, new)
    }

    /// The ids of the versions of an object, oldest first, with those of delete markers.
    pub fn object_versions(&self, bucket: &str, key: &str) -> Vec<String> {
        self.endpoint.world.s3.version_ids(bucket, key)
    }

    /// The emails that SNS delivered, in order.
    pub fn emails(&self) -> Vec<DeliveredEmail> {
        self.endpoint.world.sns.emails()
    }

    /// The names of all pipelines.
    pub fn pipelines(&self) -> Vec<String> {
        self.endpoint.world.codepipeline.names()
    }

    /// A pipeline's executions, oldest first; empty if there is no such pipeline.
    pub fn executions(&self, pipeline: &str) -> Vec<ExecutionNow> {
        let executions = self.endpoint.world.codepipeline.executions(pipeline).unwrap_or_default();
        let now = executions.into_iter().map(|execution| ExecutionNow {
            id: execution.id,
            commit: execution.revision,
            status: execution.status,
            trigger: execution.trigger.to_owned(),
        });
        now.collect()
    }
}

fn named(grantees: &[PermissionGrantee]) -> Vec<String> {
    let others = grantees.iter().filter(|grantee| **grantee != PermissionGrantee::Everyone);
    others.map(PermissionGrantee::to_string).collect()
}
