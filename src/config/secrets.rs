//! What looks like a secret: keys that ask for one and values that are one. Used to refuse
//! secrets in the file and to keep them out of every diagnostic; it errs on the side of silence.

use crate::text::closest;

/// The remedy wherever a secret stands in the file.
pub(super) const REMEDY: &str = "Secrets belong in the action's inputs (such as `s3-secret-access-key`, filled from \
     GitHub secrets) or in environment variables, never in this file; remove it, and replace the secret if the file \
     was ever shared.";

/// Spelled in lower case without separators. A key that contains one of these asks for a secret.
const PARTS: &[&str] = &[
    "accesskey",
    "apikey",
    "connectionstring",
    "connectionuri",
    "connectionurl",
    "credential",
    "databaseurl",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "secret",
    "token",
];

/// Whole names that a mistyped key may have meant.
const NAMES: &[&str] = &[
    "accessKey",
    "accessKeyId",
    "secretAccessKey",
    "secretKey",
    "s3AccessKeyId",
    "s3SecretAccessKey",
    "sessionToken",
    "s3SessionToken",
    "githubToken",
    "connectionString",
    "password",
    "passphrase",
    "credentials",
    "secret",
    "token",
    "apiKey",
    "privateKey",
    "dsn",
];

/// Settings inside a longer text whose value is a secret, white space left out.
const SETTINGS: &[&str] =
    &["password=", "passwd=", "pwd=", "secret=", "accountkey=", "x-amz-signature=", "privatekey-----"];

/// How GitHub's tokens begin.
const TOKENS: &[&str] = &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"];

/// Whether a key (one that the grammar does not know) asks for a secret.
pub(super) fn is_key(key: &str) -> bool {
    let letters: String =
        key.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
    // A mistyped name is about as long as the name; `s3` alone does not mean `s3AccessKeyId`.
    let as_long = |name: &&&str| letters.len().abs_diff(name.len()) <= 2;
    let names: Vec<&str> = NAMES.iter().filter(as_long).copied().collect();
    PARTS.iter().any(|part| letters.contains(part)) || letters == "dsn" || closest(key, &names).is_some()
}

/// Whether a text is a secret or holds one: an address or connection string with a password, a
/// password setting, an AWS key id, a GitHub token, a private key.
pub(super) fn is_value(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let packed: String = lower.chars().filter(|c| !c.is_whitespace()).collect();
    has_userinfo(&lower)
        || SETTINGS.iter().any(|setting| packed.contains(setting))
        || TOKENS.iter().any(|prefix| packed.contains(prefix))
        || has_aws_key_id(text)
}

/// Whether an address has a password before its host: `scheme://user:password@host`.
fn has_userinfo(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        // A password may itself hold those characters, unescaped: then the `@` stands behind them.
        [authority, rest].iter().any(|part| part.rsplit_once('@').is_some_and(|(user, _)| user.contains(':')))
    })
}

/// `AKIA` or `ASIA` and sixteen more capitals and digits, standing alone.
fn has_aws_key_id(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        word.len() == 20
            && (word.starts_with("AKIA") || word.starts_with("ASIA"))
            && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    })
}

/// Whether a text is plainly a word somebody mistyped, so that a diagnostic may repeat it even
/// where secrets might stand: short, and of letters, digits and hyphens only.
pub(super) fn is_harmless(text: &str) -> bool {
    text.chars().count() <= 30
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ' | '.'))
        && !is_value(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_ask_for_secrets_are_known_in_every_spelling() {
        for key in [
            "accessKey",
            "accessKeyId",
            "access_key_id",
            "AWS_ACCESS_KEY_ID",
            "secretAccessKey",
            "s3SecretAccessKey",
            "s3-secret-access-key",
            "SECRET",
            "acessKey",
            "secretAcessKey",
            "secertKey",
            "sessionToken",
            "sesionTokn",
            "githubToken",
            "token",
            "tokn",
            "password",
            "pasword",
            "passwrod",
            "connectionString",
            "conectionString",
            "connection-string",
            "dsn",
            "databaseUrl",
        ] {
            assert!(is_key(key), "{key}");
        }
        for key in [
            "key", "keys", "bucket", "s3", "region", "name", "endpoint", "s3Bucket", "host", "user", "branch",
        ] {
            assert!(!is_key(key), "{key}");
        }
    }

    #[test]
    fn values_that_are_secrets_are_known() {
        for text in [
            "postgres://me:hunter2@db.example/metrics",
            "postgresql://me:p/w?@db/metrics",
            "https://key:value@s3.example",
            "host=db user=me password=hunter2",
            "host=db user=me password = hunter2",
            "Server=db;Pwd=hunter2",
            "AKIAIOSFODNN7EXAMPLE",
            "id AKIAIOSFODNN7EXAMPLE.",
            "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
            "-----BEGIN PRIVATE KEY-----",
        ] {
            assert!(is_value(text), "{text}");
        }
        for text in [
            "https://s3.example:9000",
            "postgres://db/metrics",
            "postgres://me@db:5432/m",
            "metrics/history.db",
            "main",
        ] {
            assert!(!is_value(text), "{text}");
        }
    }
}
