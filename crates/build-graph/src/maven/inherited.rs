//! Owns what a project inherits: its parents in the repository, and the values of properties.

use std::rc::Rc;

use crate::maven::pom::Pom;
use crate::maven::{ByCoordinates, MANIFEST, MavenReader};
use crate::paths::{join, parent, resolve};

/// A project and its parents in the repository, the nearest first, with their paths.
pub(crate) type Lineage = Vec<(String, Rc<Pom>)>;

/// Properties of properties, at most so deep.
const MOST_STEPS: usize = 16;

/// Longer values come from properties that repeat each other.
const LONGEST_VALUE: usize = 4096;

impl MavenReader<'_, '_> {
    pub(crate) fn lineage(&mut self, path: &str, by_name: &ByCoordinates) -> Lineage {
        let mut lineage = Lineage::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            if lineage.iter().any(|(known, _)| *known == path) {
                self.reader.gap(&path, "is a parent of itself");
                break;
            }
            let Ok(pom) = self.pom(&path) else { break };
            lineage.push((path.clone(), pom.clone()));
            next = self.parent_of(&path, &pom, by_name);
        }
        lineage
    }

    /// The parent's pom in the repository: where the path leads, if the names agree, or the project of those names.
    fn parent_of(&mut self, path: &str, pom: &Pom, by_name: &ByCoordinates) -> Option<String> {
        if !pom.has_parent() {
            return None;
        }
        let key = (pom.of_parent("groupId")?.to_owned(), pom.of_parent("artifactId")?.to_owned());
        let at_path = pom.parent_path().and_then(|relative| resolve(parent(path), relative));
        let candidates = at_path.into_iter().flat_map(|target| [join(&target, MANIFEST), target]);
        for candidate in candidates.filter(|candidate| self.reader.exists(candidate)).collect::<Vec<_>>() {
            let Ok(found) = self.pom(&candidate) else { continue };
            if found.own("artifactId") == Some(&key.1) && found.group() == Some(&key.0) {
                return Some(candidate);
            }
        }
        by_name.get(&key).filter(|found| *found != path).cloned()
    }
}

/// A value with its properties put in; as it is, if one is not known.
pub(crate) fn interpolated(value: &str, lineage: &Lineage) -> String {
    let mut value = value.to_owned();
    for _ in 0..MOST_STEPS {
        let Some((before, rest)) = value.split_once("${") else { break };
        let Some((name, after)) = rest.split_once('}') else { break };
        let Some(inner) = property(name, lineage) else { break };
        if before.len() + inner.len() + after.len() > LONGEST_VALUE {
            break;
        }
        value = format!("{before}{inner}{after}");
    }
    value
}

/// Is the value free of properties?
pub(crate) fn is_known(value: &str) -> bool {
    !value.contains("${")
}

fn property(name: &str, lineage: &Lineage) -> Option<String> {
    let of_project = name.strip_prefix("project.").or_else(|| name.strip_prefix("pom."));
    let value = match of_project {
        Some("version") => version(lineage),
        Some("groupId") => lineage.first()?.1.group(),
        Some("artifactId") => lineage.first()?.1.own("artifactId"),
        Some("parent.version") => lineage.first()?.1.of_parent("version"),
        Some("parent.groupId") => lineage.first()?.1.of_parent("groupId"),
        Some("parent.artifactId") => lineage.first()?.1.of_parent("artifactId"),
        _ => None,
    };
    value.or_else(|| lineage.iter().find_map(|(_, pom)| pom.property(name))).map(str::to_owned)
}

/// The version of a project, its own or its parent's.
pub(crate) fn version(lineage: &Lineage) -> Option<&str> {
    let pom = &lineage.first()?.1;
    pom.own("version").or_else(|| pom.of_parent("version"))
}
