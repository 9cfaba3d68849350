//! The tokens that a coordinator knows: a line each in a file, as a role, a name and a digest.
//!
//! ```text
//! # role   name     digest
//! operator ada      sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
//! worker   gpu-1    sha256:…
//! ```
//!
//! **Digests**, so that who reads the file has no token. Plain SHA-256 is right here, where for passwords it would not be: a
//! password is guessed because people choose among few, and a slow, salted hash makes each guess dear. A token is
//! [256 random bits](mint): no guess will ever hit, slow or fast, and a slow hash at every request would only serve those who
//! want this process to be busy.

use super::{Principal, Role};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};
use subtle::{ConditionallySelectable, ConstantTimeEq};
use superposed_shared::credentials::Token;

/// What tokens begin with, so that those who search for secrets in the wrong place find them.
const PREFIX: &str = "superposed_";

/// What digests begin with.
const ALGORITHM: &str = "sha256:";

/// The longest name.
const LONGEST_NAME: usize = 64;

/// A tokens file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// It cannot be read.
    #[error("the tokens file {path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line makes no sense. It is not repeated: it may be a token.
    #[error("line {line} of the tokens file {path}: {reason}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: LineError,
    },
    /// Nobody would be let in.
    #[error("the tokens file {0} holds no token; make one with `superposed token new --role operator --name NAME`")]
    Empty(PathBuf),
    /// There are no random bits to be had.
    #[error("the system has no random bits for a token: {0}")]
    Random(getrandom::Error),
}

/// What is wrong with a line of a tokens file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Not three words.
    #[error("a line is `ROLE NAME sha256:DIGEST`, as `superposed token new` prints it")]
    Words,
    /// No such role.
    #[error("the first word is a role: operator, worker or viewer")]
    Role,
    /// No name.
    #[error("a name has 1 to {LONGEST_NAME} letters, digits and -_.@, not what stands there")]
    Name,
    /// The name was there before.
    #[error("the name {0:?} is that of line {1} as well; each token has its own")]
    SameName(String, usize),
    /// The token was there before.
    #[error("the digest is that of line {0} as well; each name has a token of its own")]
    SameDigest(usize),
    /// A token where its digest belongs.
    #[error("there is something else than a digest; a token itself does not belong here, only what its digest is")]
    Clear,
    /// Not a digest.
    #[error("a digest is `sha256:` and 64 hexadecimal digits")]
    Digest,
    /// The digest of nothing, or of what everybody could guess.
    #[error("this is the digest of no token: anybody could present it; make one with `superposed token new`")]
    Weak,
}

/// Who has which token.
#[derive(Clone, Default)]
pub struct Tokens(Vec<(Principal, [u8; 32])>);

impl Tokens {
    /// Who has a token. Takes the same time whichever it is.
    #[must_use]
    pub fn authenticate(&self, token: &str) -> Option<Principal> {
        // What is no token has no digest in the file, but need not be looked for.
        let presented: Token = token.parse().ok()?;
        let digest = digest(&presented);
        let none = u64::MAX;
        let mut found = none;
        for (place, (_, known)) in self.0.iter().enumerate() {
            found.conditional_assign(&(place as u64), known.as_slice().ct_eq(&digest));
        }
        if found == none { None } else { self.0.get(usize::try_from(found).ok()?).map(|(who, _)| who.clone()) }
    }

    fn parse(text: &str) -> Result<Self, (usize, LineError)> {
        let mut tokens = Self::default();
        let (mut names, mut digests) = (HashMap::new(), HashMap::new());
        for (number, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (who, digest) = parse_line(line).map_err(|error| (number, error))?;
            if let Some(before) = names.insert(who.name.clone(), number) {
                return Err((number, LineError::SameName(who.name, before)));
            }
            if let Some(before) = digests.insert(digest, number) {
                return Err((number, LineError::SameDigest(before)));
            }
            tokens.0.push((who, digest));
        }
        Ok(tokens)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(who, _)| who)).finish()
    }
}

/// Reads a tokens file.
///
/// # Errors
/// When it cannot be read, holds no token, or a line makes no sense.
pub fn read(path: &Path) -> Result<Tokens, TokensError> {
    let text = fs::read_to_string(path).map_err(|source| TokensError::Read { path: path.to_owned(), source })?;
    match Tokens::parse(&text) {
        Ok(tokens) if tokens.0.is_empty() => Err(TokensError::Empty(path.to_owned())),
        Ok(tokens) => Ok(tokens),
        Err((line, reason)) => Err(TokensError::Line { path: path.to_owned(), line, reason }),
    }
}

/// A new token of 256 random bits.
///
/// # Errors
/// When the system has none.
pub fn mint() -> Result<Token, TokensError> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).map_err(TokensError::Random)?;
    let token = format!("{PREFIX}{}", Hex(&bits));
    Ok(token.parse().expect("it is long enough, and made of letters and digits"))
}

/// The line of a token in a tokens file.
///
/// # Errors
/// When the name is none.
pub fn line(role: Role, name: &str, token: &Token) -> Result<String, LineError> {
    if !is_name(name) {
        return Err(LineError::Name);
    }
    Ok(format!("{role} {name} {ALGORITHM}{}", Hex(&digest(token))))
}

/// What to append to a tokens file, which need not be there yet, for one more line. The file is checked as a whole.
///
/// # Errors
/// When the file there makes no sense, or has the name already.
pub fn addition(path: &Path, line: &str) -> Result<String, TokensError> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        text => text.map_err(|source| TokensError::Read { path: path.to_owned(), source })?,
    };
    let end_of_last = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let addition = format!("{end_of_last}{line}\n");
    match Tokens::parse(&format!("{text}{addition}")) {
        Ok(_) => Ok(addition),
        Err((line, reason)) => Err(TokensError::Line { path: path.to_owned(), line, reason }),
    }
}

fn parse_line(line: &str) -> Result<(Principal, [u8; 32]), LineError> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [role, name, digest] = words[..] else { return Err(LineError::Words) };
    let role = role.parse().map_err(|()| LineError::Role)?;
    if !is_name(name) {
        return Err(LineError::Name);
    }
    let hex = digest.strip_prefix(ALGORITHM).ok_or(LineError::Clear)?;
    let digest = from_hex(hex).ok_or(LineError::Digest)?;
    let nothing: [[u8; 32]; 2] = [Sha256::digest(b"").into(), [0; 32]];
    if nothing.contains(&digest) {
        return Err(LineError::Weak);
    }
    Ok((Principal { name: name.to_owned(), role: Some(role) }, digest))
}

fn is_name(name: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_fine)
}

fn digest(token: &Token) -> [u8; 32] {
    Sha256::digest(token.secret().as_bytes()).into()
}

fn from_hex(hex: &str) -> Option<[u8; 32]> {
    let bytes = hex.as_bytes();
    if bytes.len() != 64 || !bytes.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut digest = [0; 32];
    for (byte, at) in digest.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
    }
    Some(digest)
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_digest_and_by_nothing_else() {
        let (ours, other) = (mint().expect("random bits"), mint().expect("random bits"));
        assert_ne!(ours, other);
        let text = format!("# who\n\n{}\n", line(Role::Worker, "gpu-1", &ours).expect("a name"));
        assert!(!text.contains(ours.secret()));
        let tokens = Tokens::parse(&text).expect("tokens");
        let who = tokens.authenticate(ours.secret()).expect("it is known");
        assert_eq!(who, Principal { name: "gpu-1".to_owned(), role: Some(Role::Worker) });
        let stored = text.rsplit(' ').next().expect("a digest").trim();
        for unknown in [other.secret(), stored, &stored[ALGORITHM.len()..], &ours.secret()[1..], ""] {
            assert_eq!(tokens.authenticate(unknown), None, "{unknown}");
        }
        assert!(!format!("{tokens:?}").contains(&stored[ALGORITHM.len()..]));
    }

    #[test]
    fn a_line_that_makes_no_sense_is_told_by_its_number_and_is_not_repeated() {
        let hex = "a".repeat(64);
        let good = format!("viewer ada sha256:{hex}\n");
        let nothing = format!("worker w sha256:{}", Hex(&Sha256::digest(b"")));
        for (line, wrong) in [
            ("viewer ada", LineError::Words),
            ("admin bob sha256:00", LineError::Role),
            ("viewer b/b sha256:00", LineError::Name),
            ("viewer bob sha256:00", LineError::Digest),
            ("viewer bob superposed_0123456789", LineError::Clear),
            (&nothing, LineError::Weak),
            (&format!("worker ada sha256:{}", "b".repeat(64)), LineError::SameName("ada".to_owned(), 2)),
            (&format!("worker bob sha256:{hex}"), LineError::SameDigest(2)),
        ] {
            let error = Tokens::parse(&format!("# roles\n{good}{line}\n")).expect_err(line);
            assert_eq!(error, (3, wrong), "{line}");
            assert!(!error.1.to_string().contains("0123456789"));
        }
    }
}
