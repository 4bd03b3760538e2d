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

/// Tokens that are known by how they begin.
const TOKENS: &[Token] = &[
    // AWS: the id of an access key, and a session's token.
    token("AKIA", capital, 16).whole(),
    token("ASIA", capital, 16).whole(),
    token("ABIA", capital, 16).whole(),
    token("ACCA", capital, 16).whole(),
    token("IQoJb3JpZ2lu", base64, 60),
    token("FwoGZXIvYXdz", base64, 60),
    // GitHub.
    token("ghp_", letter, 20),
    token("gho_", letter, 20),
    token("ghu_", letter, 20),
    token("ghs_", url_safe, 20),
    token("ghr_", letter, 20),
    token("github_pat_", url_safe, 20),
    // GitLab: personal and project tokens, of deployments, runners, pipelines, feeds, triggers, agents, OAuth.
    token("glpat-", url_safe_or_dot, 16),
    token("gldt-", url_safe_or_dot, 16),
    token("glrt-", url_safe_or_dot, 16),
    token("glcbt-", url_safe_or_dot, 16),
    token("glft-", url_safe_or_dot, 16),
    token("glptt-", url_safe_or_dot, 16),
    token("glagent-", url_safe_or_dot, 16),
    token("gloas-", url_safe_or_dot, 16),
    token("glsoat-", url_safe_or_dot, 16),
    // Package registries.
    token("npm_", letter, 30),
    token("pypi-AgE", url_safe, 40),
    token("dckr_pat_", url_safe, 20),
    token("rubygems_", letter, 40),
    token("oy2", letter, 43).whole(),
    // Slack.
    token("xoxa-", url_safe, 10),
    token("xoxb-", url_safe, 10),
    token("xoxc-", url_safe, 10),
    token("xoxd-", url_safe, 10),
    token("xoxe-", url_safe, 10),
    token("xoxe.", url_safe_or_dot, 10),
    token("xoxo-", url_safe, 10),
    token("xoxp-", url_safe, 10),
    token("xoxr-", url_safe, 10),
    token("xoxs-", url_safe, 10),
    token("xapp-", url_safe, 10),
    token("hooks.slack.com/services/", base64, 20),
    // Payment.
    token("sk_live_", letter, 16),
    token("rk_live_", letter, 16),
    token("sk_test_", letter, 16),
    token("rk_test_", letter, 16),
    token("whsec_", base64, 24),
    // Google.
    token("AIza", url_safe, 35),
    token("ya29.", url_safe, 20),
    token("GOCSPX-", url_safe, 20),
    // Others whose tokens stand in CI.
    token("SG.", url_safe_or_dot, 60),
    token("dop_v1_", letter, 60),
    token("hf_", letter, 30),
    token("hvs.", url_safe, 24),
    token("sk-ant-", url_safe, 20),
    token("sk-proj-", url_safe, 20),
    token("shpat_", letter, 32),
    token("lin_api_", letter, 32),
];

/// A kind of token: how it begins, and how many characters of which kind follow at least.
struct Token {
    prefix: &'static str,
    alphabet: fn(u8) -> bool,
    least: usize,
    /// Whether it has exactly so many.
    whole: bool,
}

const fn token(prefix: &'static str, alphabet: fn(u8) -> bool, least: usize) -> Token {
    Token { prefix, alphabet, least, whole: false }
}

impl Token {
    const fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    /// Whether such a token stands in the text: not inside a longer word, and random enough to have a digit.
    fn is_in(&self, text: &str) -> bool {
        text.match_indices(self.prefix).any(|(at, prefix)| {
            let alone = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
            let rest = run(&text[at + prefix.len()..], self.alphabet);
            let long = if self.whole { rest.len() == self.least } else { rest.len() >= self.least };
            // A key id may have no digit; its length and capitals are telling enough.
            alone && long && (self.whole || rest.bytes().any(|b| b.is_ascii_digit()))
        })
    }
}

fn capital(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn base64(byte: u8) -> bool {
    letter(byte) || matches!(byte, b'+' | b'/' | b'=')
}

fn url_safe(byte: u8) -> bool {
    letter(byte) || matches!(byte, b'-' | b'_')
}

fn url_safe_or_dot(byte: u8) -> bool {
    url_safe(byte) || byte == b'.'
}

/// Bytes of a text that are looked at from one place on, so that hostile text takes no longer than other text.
const LOOK: usize = 256;

/// The characters at the start of a text that are all of one kind (of ASCII), as far as they are looked at.
fn run(text: &str, alphabet: fn(u8) -> bool) -> &str {
    let end = text.bytes().take(LOOK).take_while(|byte| alphabet(*byte)).count();
    &text[..end]
}

/// The start of a text, as far as it is looked at.
fn start(text: &str) -> &str {
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= LOOK).last().unwrap_or(0);
    if text.len() <= LOOK { text } else { &text[..end] }
}

/// Names of settings whose value is a secret, in lower case, and whether the value is a password, which may be a word,
/// rather than a token, which has digits and letters.
const SETTINGS: &[(&str, bool)] = &[
    ("password", true),
    ("passwd", true),
    ("passphrase", true),
    ("pwd", false),
    ("secret", false),
    ("token", false),
    ("api_key", false),
    ("api-key", false),
    ("apikey", false),
    ("access_key", false),
    ("access-key", false),
    ("accesskey", false),
    ("secret_key", false),
    ("secret-key", false),
    ("secretkey", false),
    ("accountkey", false),
    ("private_key", false),
    ("x-amz-signature", false),
    ("authorization", false),
];

/// Whether a key (one that the grammar does not know) asks for a secret.
pub(super) fn is_key(key: &str) -> bool {
    let letters: String =
        key.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
    // A mistyped name is about as long as the name; `s3` alone does not mean `s3AccessKeyId`.
    let as_long = |name: &&&str| letters.len().abs_diff(name.len()) <= 2;
    let names: Vec<&str> = NAMES.iter().filter(as_long).copied().collect();
    PARTS.iter().any(|part| letters.contains(part)) || letters == "dsn" || closest(key, &names).is_some()
}

/// Whether a text is a secret or holds one: an address with a password, a token or key of a known kind, a password or
/// token that is given to a setting. Names of secrets (`$AWS_SECRET_ACCESS_KEY`) are none, and neither are ids of
/// commits or paths.
pub(super) fn is_value(text: &str) -> bool {
    const SHORTEST: usize = 8;
    text.len() >= SHORTEST && holds_secret(text)
}

fn holds_secret(text: &str) -> bool {
    TOKENS.iter().any(|token| token.is_in(text))
        || has_userinfo(text)
        || has_private_key(text)
        || has_web_token(text)
        || has_aws_secret(text)
        || has_setting(text)
}

/// What ends a word in a command, a connection string or JSON.
fn ends_word(character: char) -> bool {
    character.is_whitespace() || matches!(character, '"' | '\'' | '`' | ';' | '&' | ',' | '|' | ')' | '}')
}

/// Whether an address has a password before its host: `scheme://user:password@host`.
fn has_userinfo(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let rest =
            rest.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`')).next().unwrap_or(rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        if let Some((user, _)) = authority.rsplit_once('@') {
            return user.split_once(':').is_some_and(|(_, password)| is_literal(password));
        }
        // A password may itself hold those characters, unescaped: then the `@` stands behind them, and what follows
        // the colon is no port.
        let port = authority.rsplit_once(':').map(|(_, port)| port);
        let hides = port.is_some_and(|port| port.bytes().any(|b| !b.is_ascii_digit()) && is_literal(port));
        hides && rest.contains('@')
    })
}

/// Whether a value is written out, and not the name of a variable, a placeholder or a pattern.
fn is_literal(value: &str) -> bool {
    let placeholder = value.bytes().all(|b| matches!(b, b'*' | b'.' | b'x' | b'X'));
    let refers = value.starts_with(['$', '<', '{', '[', '('])
        || value.contains("${")
        || value.contains("$(")
        || value.len() > 1 && value.starts_with('%') && value.ends_with('%');
    !placeholder && !refers
}

/// Whether a private key stands there: its first line at the start of the text or with what follows it.
fn has_private_key(text: &str) -> bool {
    const END: &str = "PRIVATE KEY-----";
    text.match_indices("-----BEGIN ").any(|(at, begin)| {
        let rest = &text[at + begin.len()..];
        let Some(body) = rest.find(END).filter(|kind| *kind <= 20).map(|kind| &rest[kind + END.len()..])
        else {
            return false;
        };
        let body = start(body).replace("\\n", "\n");
        text[..at].trim().is_empty() || run(body.trim_start(), base64).len() >= 16
    })
}

/// Whether a JSON Web Token stands there: three parts, of which the first two begin as an object does.
fn has_web_token(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find("eyJ") {
        let length = rest[at..].bytes().take_while(|byte| url_safe_or_dot(*byte)).count();
        let (word, after) = rest[at..].split_at(length);
        let parts: Vec<&str> = word.split('.').collect();
        let is_token = |parts: &[&str]| {
            parts.iter().all(|part| part.len() >= 12) && parts[..2].iter().all(|part| part.starts_with("eyJ"))
        };
        if parts.windows(3).any(is_token) {
            return true;
        }
        rest = after;
    }
    false
}

/// Whether a word of forty characters is as random as a secret access key of AWS: letters of both cases, digits, and
/// a change of kind after every two or three characters, which neither commit ids nor paths have.
fn has_aws_secret(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/')).any(|word| {
        let kind = |byte: &u8| match byte {
            b'a'..=b'z' => 0,
            b'A'..=b'Z' => 1,
            b'0'..=b'9' => 2,
            _ => 3,
        };
        if word.len() != 40 {
            return false;
        }
        let kinds: Vec<u8> = word.as_bytes().iter().map(kind).collect();
        (0..3).all(|kind| kinds.contains(&kind))
            && kinds.windows(2).filter(|pair| pair[0] != pair[1]).count() >= 14
    })
}

/// Whether a setting is given a secret that is written out: `password=hunter2`, `"token": "…"`, `--api-key …`,
/// `Authorization: Bearer …`.
fn has_setting(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    SETTINGS.iter().any(|(name, password)| {
        lower.match_indices(name).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + name.len()..]);
            let of_name = |b: &u8| letter(*b) || matches!(b, b'-' | b'_' | b'.');
            let length = before.bytes().rev().take(LOOK).take_while(of_name).count();
            let (before, begin) = before.split_at(before.len() - length);
            if before.ends_with(['$', '{', '%']) {
                return false;
            }
            let given = given(start(after), begin.starts_with("--"), *name == "authorization");
            // After a space there may be anything: a file to search in, say.
            given.is_some_and(|(value, said)| {
                is_secret(value, *password && said) && (said || !value.contains(['/', '.']))
            })
        })
    })
}

/// The value that follows a setting's name, and whether a sign says that it is one.
fn given(after: &str, flag: bool, header: bool) -> Option<(&str, bool)> {
    let unquoted = after.trim_start_matches(['"', '\'', '\\']);
    let quoted = unquoted.len() < after.len();
    let spaced = unquoted.trim_start();
    let (value, said) =
        if let Some(value) = spaced.strip_prefix('=').filter(|value| !value.starts_with(['=', '~'])) {
            (value, true)
        } else if let Some(value) = spaced.strip_prefix(':').filter(|_| quoted || header) {
            (value, true)
        } else if flag && !quoted && spaced.len() < unquoted.len() {
            (spaced, false)
        } else {
            return None;
        };
    let value = value.trim_start();
    let value =
        if header { value.split_once(' ').map_or(value, |(_, value)| value.trim_start()) } else { value };
    let value = value.trim_start_matches(['"', '\'', '\\']);
    Some((value.split(ends_word).next().unwrap_or(value), said))
}

/// Whether the value of a setting for secrets is one.
fn is_secret(value: &str, password: bool) -> bool {
    const WORDS: &[&str] =
        &["true", "false", "null", "none", "undefined", "required", "optional", "stdin", "prompt"];
    let plain = !value.contains(['$', '(', '[', '{', '<', '>', '*', '\\'])
        && !value.starts_with(['.', '/', '~', '-', '%', '@']);
    let mixed = value.bytes().any(|b| b.is_ascii_digit()) && value.bytes().any(|b| b.is_ascii_alphabetic());
    let long = if password { value.len() >= 4 } else { value.len() >= 6 && mixed };
    plain && long && is_literal(value) && !WORDS.contains(&value.to_ascii_lowercase().as_str())
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
        let jwt = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N";
        for text in [
            "postgres://me:hunter2@db.example/metrics",
            "postgresql://me:p/w?@db/metrics",
            "psql 'postgres://me:hunter2@db/metrics' -c 'select 1'",
            "https://key:value@s3.example",
            "host=db user=me password=hunter2",
            "host=db user=me password = hunter2",
            "Server=db;Pwd=hunter2",
            "AKIAIOSFODNN7EXAMPLE",
            "id AKIAIOSFODNN7EXAMPLE.",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY aws s3 ls",
            "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
            "git clone https://ghs_abcdefghijklmnopqrstuvwxyz0123456789@github.com/a/b",
            "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
            "glpat-abcdEFGH1234ijklMNOP",
            "npm_abcdefghijklmnopqrstuvwxyz0123456789",
            "xoxb-123456789012-abcdefghijkl",
            "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
            "curl 'https://maps.example/?key=AIzaSyA1234567890abcdefghijklmnopqrstuv'",
            jwt,
            "-----BEGIN PRIVATE KEY-----",
            "echo '-----BEGIN RSA PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA1234' >key",
            "curl -H 'Authorization: Bearer abc123def456ghi7' https://api.example",
            "curl -d '{\"password\": \"hunter2\"}' https://api.example",
            "codecov --token 0123456789abcdef0123456789abcdef",
            "codecov --token=0a1b2c3d4e5f",
        ] {
            assert!(is_value(text), "{text}");
        }
        assert!(is_value(&format!("curl --oauth2-bearer {jwt} https://api.example")));
    }

    #[test]
    fn names_of_secrets_ids_paths_and_ordinary_commands_are_none() {
        for text in [
            "https://s3.example:9000",
            "postgres://db/metrics",
            "postgres://me@db:5432/m",
            "metrics/history.db",
            "main",
            "0123456789abcdef0123456789abcdef01234567",
            "git rev-list --count 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b..HEAD",
            "curl -u \"$USER:$AWS_SECRET_ACCESS_KEY\" https://api.example",
            "curl -H \"Authorization: Bearer $TOKEN\" https://api.example | jq .count",
            "curl -H 'Authorization: token ${GITHUB_TOKEN}' https://api.example",
            "psql postgres://me:$PGPASSWORD@db/metrics -tc 'select 1'",
            "psql postgres://me:${PGPASSWORD}@db/metrics",
            "PGPASSWORD=$SECRET psql -tc 'select 1'",
            "PASSWORD=\"$(cat /run/secrets/x)\" ./measure",
            "grep -rc ghp_ src",
            "grep -c 'password=' src/login.js",
            "grep -c 'token: ' src/login.js",
            "grep -rl -e '-----BEGIN RSA PRIVATE KEY-----' . | wc -l",
            "sed -n 's/password=\\(.*\\)/\\1/p' a",
            "npm view @scope/pkg --registry http://localhost:4873/@scope/pkg",
            "curl http://localhost:3000/x | mail a@b",
            "git clone ssh://git@github.com:22/a/b",
            "echo $npm_package_config_something_quite_long_1",
            "cat packages/Frontend2/src/Components/report",
            "PWD=/tmp make",
            "docker login --password-stdin",
            "tool --max-tokens=4096 --token-file=a1b2c3d4",
            "wc -l <src/tokenizer.rs",
            "Tokens that the lexer makes",
            "Password: resets a day",
            "sha256-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG=",
            "@collect size dist/app-4eC39HqLyjWDarjt.js",
        ] {
            assert!(!is_value(text), "{text}");
        }
    }

    #[test]
    fn hostile_text_takes_no_longer_than_other_text() {
        for piece in
            ["eyJ", "eyJ.", "token=", "glpat-", "-----BEGIN PRIVATE KEY-----", "://a:", "AKIA", "--token "]
        {
            assert!(
                !is_value(&piece.repeat((1 << 17) / piece.len())) || piece.starts_with("-----"),
                "{piece}"
            );
        }
    }
}
