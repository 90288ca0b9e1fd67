//! Reads the images of one region for the daily scan: the public ones first, then the others until the time is over.

use std::collections::BTreeSet;
use std::time::Instant;

use aws_sdk_ec2::Client as Ec2;
use aws_sdk_ec2::types::Filter;
use shared::call_error::CallError;
use shared::clock::elsewhere;

use super::{DESCRIBE_IMAGES, alias, block, image, permissions};
use crate::change::{ResourceKind, SharedResource};
use crate::claim::AlertTableError;
use crate::facts::{ImageDescription, LookupError};
use crate::grantee::Grantee;
use crate::run::Run;
use crate::scan::{RegionScan, ScanStop, ScannedImage};

/// Reads the images of a region until `until`, and the shares that were reported before.
pub async fn gather_scan(run: &Run<'_>, region: &str, until: Instant) -> RegionScan {
    let ec2 = run.aws.ec2(region);
    let reported = match run.table() {
        Some(table) => table.reported_shares(&run.home.account, region).await,
        None => Err(AlertTableError::NoTable),
    };
    let mut scan = RegionScan {
        region: region.to_owned(),
        reported,
        alias: alias(run.aws).await.ok().flatten(),
        block: block(ResourceKind::Image, &ec2).await.ok(),
        public: Ok(Vec::new()),
        others: Ok(Vec::new()),
        all: BTreeSet::new(),
        stop: None,
    };
    // A filter lists the public images, so that the worst shares are known before anything else is read.
    scan.public = match images(&ec2, true).await {
        Ok(images) => Ok(with_grantees(images, &ec2).await),
        Err(error) => Err(error),
    };
    match images(&ec2, false).await {
        Ok(images) => read_others(&mut scan, images, run, &ec2, until).await,
        Err(error) => scan.others = Err(error),
    }
    scan
}

async fn with_grantees(images: Vec<ImageDescription>, ec2: &Ec2) -> Vec<ScannedImage> {
    let mut scanned = Vec::new();
    for image in images {
        let grantees = launch_permissions(&image, ec2).await;
        scanned.push(ScannedImage { image, grantees });
    }
    scanned
}

/// Reads the images that are not public, each day from another one on, until the time is over or EC2 throttles.
async fn read_others(
    scan: &mut RegionScan,
    images: Vec<ImageDescription>,
    run: &Run<'_>,
    ec2: &Ec2,
    until: Instant,
) {
    scan.all = images.iter().map(|image| image.id.clone()).collect();
    let public: BTreeSet<&str> = scan.public_images().map(|scanned| scanned.image.id.as_str()).collect();
    let mut others: Vec<ImageDescription> =
        images.into_iter().filter(|image| !public.contains(image.id.as_str())).collect();
    let start = elsewhere(run.invocation.now, others.len());
    others.rotate_left(start);
    let (count, mut scanned) = (others.len(), Vec::new());
    for (at, image) in others.into_iter().enumerate() {
        if Instant::now() >= until {
            scan.stop = Some(ScanStop::NoTimeLeft { left: count - at });
            break;
        }
        let grantees = launch_permissions(&image, ec2).await;
        match &grantees {
            // The image was deleted since it was listed.
            Err(LookupError::Call(error)) if image::is_gone(error) => continue,
            Err(LookupError::Call(error)) if error.has_code("RequestLimitExceeded") => {
                scan.stop = Some(ScanStop::Throttled { left: count - at });
                break;
            }
            Ok(_) | Err(_) => scanned.push(ScannedImage { image, grantees }),
        }
    }
    scan.others = Ok(scanned);
}

/// The account's own images: all, or those that are public.
async fn images(ec2: &Ec2, public: bool) -> Result<Vec<ImageDescription>, LookupError> {
    let call = ec2.describe_images().owners("self").include_deprecated(true).include_disabled(true);
    let is_public = Filter::builder().name("is-public").values("true").build();
    let call = if public { call.filters(is_public) } else { call };
    let mut pages = call.max_results(1000).into_paginator().send();
    let mut images = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new(DESCRIBE_IMAGES, error))?;
        images.extend(page.images().iter().map(image::description));
    }
    Ok(images)
}

async fn launch_permissions(image: &ImageDescription, ec2: &Ec2) -> Result<Vec<Grantee>, LookupError> {
    permissions(&SharedResource { kind: ResourceKind::Image, id: Some(image.id.clone()) }, ec2).await
}
