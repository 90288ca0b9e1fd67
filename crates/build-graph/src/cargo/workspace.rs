//! Owns cargo's workspaces: their members, what they exclude, and which one a package belongs to.

use crate::cargo::manifest::CrateManifest;
use crate::cargo::{CargoReader, MANIFEST};
use crate::paths::{ancestors, is_inside, join, resolve};
use crate::patterns::MemberPattern;

impl CargoReader<'_, '_> {
    /// Adds the members that a workspace lists.
    pub(crate) fn add_workspace(&mut self, root: &str, folders: &[String]) {
        let Ok(manifest) = self.manifest(root) else { return };
        let members = manifest.package.workspace.as_ref().map(|workspace| workspace.members.clone());
        for member in members.unwrap_or_default() {
            match MemberPattern::new(root, &member, MANIFEST) {
                Ok(pattern) => self.add_members(root, &pattern, folders),
                Err(why) => self.reader.gap(&join(root, MANIFEST), why),
            }
        }
    }

    fn add_members(&mut self, root: &str, pattern: &MemberPattern, folders: &[String]) {
        if let Some(missing) = pattern.literal.as_ref().filter(|literal| !folders.contains(literal)) {
            let why = format!("the member {missing} has no {MANIFEST}");
            return self.reader.gap(&join(root, MANIFEST), why);
        }
        for folder in folders.iter().filter(|folder| pattern.matches(&join(folder, MANIFEST))) {
            if folder != root && !self.is_excluded(root, folder) {
                self.add_with_dependencies(folder);
            }
        }
    }

    /// The workspace of a package: its own, the one that it names, or the nearest one above that does not exclude it.
    pub(crate) fn root_of(&mut self, folder: &str, manifest: &CrateManifest) -> Option<String> {
        if manifest.is_root() {
            return Some(folder.to_owned());
        }
        let named = manifest.package.package.as_ref().and_then(|package| package.workspace.as_deref());
        if let Some(named) = named.and_then(|named| resolve(folder, named.to_str()?)) {
            return self.roots.contains(&named).then_some(named);
        }
        let above = ancestors(folder).filter(|above| self.roots.contains(*above)).map(str::to_owned);
        let roots: Vec<String> = above.collect();
        roots.into_iter().find(|root| !self.is_excluded(root, folder))
    }

    /// Does a workspace exclude a folder? As in cargo, a member that is named above or at the folder counts more.
    pub(crate) fn is_excluded(&mut self, root: &str, folder: &str) -> bool {
        let Ok(manifest) = self.manifest(root) else { return false };
        let Some(workspace) = &manifest.package.workspace else { return false };
        let covers = |listed: &String| resolve(root, listed).is_some_and(|listed| is_inside(folder, &listed));
        workspace.exclude.iter().any(covers) && !workspace.members.iter().any(covers)
    }

    /// Does a workspace exclude this very folder, so that it is a project on its own?
    pub(crate) fn names_in_exclude(&mut self, root: &str, folder: &str) -> bool {
        let Ok(manifest) = self.manifest(root) else { return false };
        let excluded = manifest.package.workspace.as_ref().map(|workspace| &workspace.exclude);
        excluded.into_iter().flatten().any(|listed| resolve(root, listed).as_deref() == Some(folder))
    }
}
