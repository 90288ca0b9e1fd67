//! Reads a repository's name from the URL of a CodeCommit remote.

/// The repository of a remote's URL; `None` if the URL is not CodeCommit's.
///
/// The forms are those of "Setting up for AWS CodeCommit" (AWS CodeCommit User Guide): HTTPS, SSH, and git-remote-codecommit
/// with and without region and profile.
pub(super) fn repository_name(url: &str) -> Option<&str> {
    let helper = url.strip_prefix("codecommit://");
    let helper = helper.or_else(|| url.strip_prefix("codecommit::")?.split_once("://").map(|(_, rest)| rest));
    let name = match helper {
        // `codecommit::REGION://PROFILE@NAME`, `codecommit://NAME`
        Some(target) => target.rsplit_once('@').map_or(target, |(_, name)| name),
        None => {
            let (host, path) = host_and_path(url)?;
            let is_codecommit = host.split('.').any(|part| part.starts_with("git-codecommit"));
            path.trim_start_matches('/').strip_prefix("v1/repos/").filter(|_| is_codecommit)?
        }
    };
    let name = name.trim_end_matches('/');
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    (!name.is_empty() && name.len() <= 100 && name.chars().all(legal)).then_some(name)
}

/// `https://HOST/PATH`, `ssh://KEY@HOST/PATH` or `KEY@HOST:PATH`, without user and port.
fn host_and_path(url: &str) -> Option<(&str, &str)> {
    let (authority, path) = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?,
        None => url.split_once(':')?,
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Some((host.split_once(':').map_or(host, |(host, _)| host), path))
}

#[cfg(test)]
mod tests {
    use super::repository_name;

    #[test]
    fn every_form_of_a_codecommit_url_names_its_repository() {
        for url in [
            "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/storefront",
            "https://user-at-111122223333@git-codecommit.eu-west-1.amazonaws.com/v1/repos/storefront/",
            "https://git-codecommit-fips.us-gov-west-1.amazonaws.com/v1/repos/storefront",
            "https://git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/storefront",
            "https://vpce-1a2b.git-codecommit.us-east-1.vpce.amazonaws.com/v1/repos/storefront",
            "ssh://git-codecommit.eu-west-1.amazonaws.com/v1/repos/storefront",
            "ssh://APKAEIBAERJR2EXAMPLE@git-codecommit.eu-west-1.amazonaws.com:22/v1/repos/storefront",
            "APKAEIBAERJR2EXAMPLE@git-codecommit.eu-west-1.amazonaws.com:/v1/repos/storefront",
            "codecommit::eu-west-1://storefront",
            "codecommit::eu-west-1://profile@storefront",
            "codecommit://profile@storefront",
            "codecommit://storefront",
        ] {
            assert_eq!(repository_name(url), Some("storefront"), "{url}");
        }
    }

    #[test]
    fn any_other_url_names_none() {
        for url in [
            "https://github.com/v1/repos/storefront",
            "https://example.com/git-codecommit.eu-west-1.amazonaws.com/v1/repos/storefront",
            "git@github.com:org/storefront.git",
            "../storefront",
            "/srv/git/storefront",
            "codecommit::eu-west-1://a/b",
            "ext::touch RAN",
            "",
        ] {
            assert_eq!(repository_name(url), None, "{url}");
        }
    }
}
