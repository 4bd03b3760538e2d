//! Which repository a history's builds are of: set once by the first run that knows it, so that two repositories
//! which share a location by mistake are noticed before their builds are mixed. A history of no known repository takes
//! every build.

use super::History;
use super::build::{check_text, invalid};
use super::failure::{Doing, excerpt};
use crate::error::{Code, Error, Result};
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

const WHAT: &str = "read whose history it is";

/// A repository, as the host knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct Repository {
    /// `host/owner/name`, or however many parts the host's names have.
    pub name: String,
    /// The id that GitHub keeps for a repository when it is renamed or moved.
    #[serde(default)]
    pub github_id: Option<String>,
}

impl Repository {
    fn host(&self) -> String {
        self.name.split('/').next().unwrap_or_default().to_ascii_lowercase()
    }

    fn path(&self) -> &str {
        self.name.split_once('/').map_or("", |(_, path)| path)
    }

    fn is_of_github(&self) -> bool {
        let host = self.host();
        self.github_id.is_some() || host == "github.com" || host.ends_with(".ghe.com")
    }

    /// Whether both are called the same. The case of a host never counts, that of the rest does not on GitHub.
    fn is_called_as(&self, other: &Self) -> bool {
        let same = if self.is_of_github() || other.is_of_github() {
            self.path().eq_ignore_ascii_case(other.path())
        } else {
            self.path() == other.path()
        };
        same && self.host() == other.host()
    }

    /// Whether both are one repository: by GitHub's ids where both are known, else by their names.
    fn is(&self, other: &Self) -> bool {
        match (&self.github_id, &other.github_id) {
            (Some(own), Some(their)) if self.host() == other.host() => own == their,
            _ => self.is_called_as(other),
        }
    }

    /// In words that distinguish it from another of the same name.
    fn told(&self, other: &Self) -> String {
        let name = excerpt(&self.name);
        match &self.github_id {
            Some(id) if self.is_called_as(other) => format!("`{name}` (id {})", excerpt(id)),
            _ => format!("`{name}`"),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        check_text("the repository's name", &self.name, 1, 1024)?;
        check_text("the repository's id", self.github_id.as_deref().unwrap_or("1"), 1, 64)?;
        if self.path().is_empty() {
            return Err(invalid(format!(
                "the repository's name is `{}`, expected `host/owner/name`",
                excerpt(&self.name)
            )));
        }
        Ok(())
    }
}

impl History {
    /// The repository that the builds are of, where a run has set it.
    ///
    /// # Errors
    /// Only where SQLite fails.
    pub fn repository(&self) -> Result<Option<Repository>> {
        read(&self.conn)
    }

    /// Whether builds of this repository belong here.
    ///
    /// # Errors
    /// `HISTORY_OTHER_REPOSITORY` where the builds are of another one.
    pub(super) fn check_repository(&self, repository: &Repository) -> Result<()> {
        repository.check()?;
        match self.repository()? {
            Some(owner) if !owner.is(repository) => Err(other_repository(&owner, repository)),
            _ => Ok(()),
        }
    }

    /// Whether the builds of another history are of the same repository, as far as both know it. Merging itself asks
    /// for nothing of the kind: what one storage holds must never be lost over a name.
    ///
    /// # Errors
    /// `HISTORY_OTHER_REPOSITORY` where they are of two.
    pub fn check_merge(&self, other: &History) -> Result<()> {
        match (self.repository()?, other.repository()?) {
            (Some(own), Some(their)) if !own.is(&their) => Err(Error::new(
                Code::HistoryOtherRepository,
                format!(
                    "the histories are of two repositories, {} and {}",
                    own.told(&their),
                    their.told(&own)
                ),
            )
            .hint(
                "Nothing was changed, because nothing could take their builds apart again. If the repository was \
                 renamed or moved, or both belong together, give `--adopt-history`.",
            )),
            _ => Ok(()),
        }
    }
}

fn other_repository(owner: &Repository, other: &Repository) -> Error {
    Error::new(
        Code::HistoryOtherRepository,
        format!(
            "the history belongs to the repository {}, and this run is of {}",
            owner.told(other),
            other.told(owner)
        ),
    )
    .hint(
        "Nothing was recorded. Keep the history of this repository in a place of its own: another path, key or \
         artifact name. If the repository was renamed, moved or created again, run once with `--adopt-history` (the \
         action's input `adopt-history`), which makes it the owner.",
    )
}

fn read(conn: &Connection) -> Result<Option<Repository>> {
    conn.query_row("SELECT name, github_id FROM history_repository WHERE id = 1", [], |row| {
        Ok(Repository { name: row.get(0)?, github_id: row.get(1)? })
    })
    .optional()
    .doing(WHAT)
}

/// Notes the repository of a history that is its own or has none; one that is `adopted` replaces another.
/// A new name of the same repository is noted too.
pub(super) fn claim(conn: &Connection, repository: &Repository, adopted: bool) -> Result<()> {
    let owner = match read(conn)? {
        None => repository.clone(),
        Some(owner) if !owner.is(repository) => {
            if !adopted {
                return Err(other_repository(&owner, repository));
            }
            repository.clone()
        }
        Some(owner) => {
            let is_renamed = !owner.is_called_as(repository);
            let is_identified = owner.github_id.is_none() && repository.github_id.is_some();
            if !is_renamed && !is_identified {
                return Ok(());
            }
            repository.clone()
        }
    };
    conn.execute(
        "INSERT INTO history_repository (id, name, github_id) VALUES (1, ?1, ?2)
         ON CONFLICT(id) DO UPDATE SET name = excluded.name, github_id = excluded.github_id",
        (&owner.name, &owner.github_id),
    )
    .doing("note whose history it is")?;
    Ok(())
}

/// Takes over whose history the other one is, where this one does not know it.
pub(super) fn inherit(conn: &Connection, other: &History) -> Result<()> {
    let Some(repository) = other.repository()? else { return Ok(()) };
    if read(conn)?.is_none() { claim(conn, &repository, false) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_repository_is_known_under_all_its_spellings() {
        let repository =
            |name: &str, id: Option<&str>| Repository { name: name.into(), github_id: id.map(str::to_owned) };
        let cases = [
            ("github.com/o/r", None, "GitHub.com/O/R", None, true),
            ("github.com/o/r", None, "github.com/o/s", None, false),
            ("github.com/o/r", Some("1"), "github.com/n/s", Some("1"), true),
            ("github.com/o/r", Some("1"), "github.com/o/r", Some("2"), false),
            ("github.com/o/r", Some("1"), "github.com/o/r", None, true),
            ("github.com/o/r", Some("1"), "github.com/o/s", None, false),
            ("ghe.example/o/r", Some("1"), "github.com/o/r", Some("1"), false),
            ("ghe.example/o/r", Some("1"), "ghe.example/O/R", None, true),
            ("gitlab.example/a/b/r", None, "GITLAB.example/a/b/r", None, true),
            ("gitlab.example/a/b/r", None, "gitlab.example/a/b/R", None, false),
        ];
        for (one, one_id, two, two_id, same) in cases {
            let (one, two) = (repository(one, one_id), repository(two, two_id));
            assert_eq!((one.is(&two), two.is(&one)), (same, same), "{one:?} {two:?}");
        }
    }
}
