//! Who may ask, and what a browser may do with an answer. On the loopback the name that was asked for must be this machine's own,
//! so that no page elsewhere can read through a name that it lets point here; anywhere else a token is needed.

use std::net::SocketAddr;

use drr_core::Digest;

use crate::error::{Error, Result};

/// What a browser is told with every answer: nothing is loaded from elsewhere, no script but ours runs, nobody frames us.
pub(super) const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// What the cookie with the token is called.
const COOKIE: &str = "drr-lab-token";

/// Who may ask.
#[derive(Clone, Debug)]
pub struct SiteAccess {
    address: SocketAddr,
    token: Option<String>,
}

/// What becomes of who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// They are answered.
    Granted,
    /// They are answered, and keep the token in a cookie with these words.
    WithCookie(String),
    /// They are not, for this reason.
    Denied(&'static str),
}

impl SiteAccess {
    /// For those who reach `address`: on the loopback anyone on this machine, elsewhere who has the token.
    pub fn new(address: SocketAddr, token: Option<String>) -> Self {
        Self { address, token }
    }

    /// Where a browser finds the page at `path`, which begins with no slash.
    pub(super) fn url(&self, path: &str) -> String {
        let token = self.token.as_ref().map_or_else(String::new, |token| format!("?token={token}"));
        // Of all addresses of this machine none is to be opened elsewhere; its name is.
        let name = self.address.ip().is_unspecified().then(nix::unistd::gethostname).and_then(|name| name.ok());
        match name.and_then(|name| name.into_string().ok()) {
            Some(name) => format!("http://{name}:{}/{path}{token}", self.address.port()),
            None => format!("http://{}/{path}{token}", self.address),
        }
    }

    /// What becomes of a request with these headers and this token in its address.
    pub(super) fn admits(&self, host: Option<&str>, cookies: &str, token: &str) -> Admission {
        let Some(wanted) = &self.token else {
            return match host.is_some_and(is_this_machine) {
                true => Admission::Granted,
                false => Admission::Denied("ask for it by the address that drr-lab serve printed"),
            };
        };
        if is_same(token, wanted) {
            return Admission::WithCookie(format!("{COOKIE}={wanted}; HttpOnly; SameSite=Strict; Path=/"));
        }
        let kept = cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='));
        match kept.into_iter().any(|(name, value)| name == COOKIE && is_same(value, wanted)) {
            true => Admission::Granted,
            false => {
                Admission::Denied("the token is missing or another one: open the address that drr-lab serve printed")
            }
        }
    }
}

/// Whether a host as a browser names it is the loopback, with or without a port.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    ["localhost", "127.0.0.1", "[::1]"].contains(&name)
}

/// Whether two words are the same, in a time that does not tell where they differ.
fn is_same(one: &str, other: &str) -> bool {
    Digest::of(one.as_bytes()) == Digest::of(other.as_bytes())
}

/// A word that nobody guesses.
///
/// # Errors
/// The system has no random numbers.
pub fn new_token() -> Result<String> {
    use std::io::Read as _;
    let mut bytes = [0; 32];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| Error::environment(format!("cannot draw a token from /dev/urandom: {error}")))?;
    Ok(Digest::of(&bytes).to_string()[..32].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_the_loopback_only_its_own_names_are_answered() {
        let access = SiteAccess::new("127.0.0.1:4777".parse().expect("an address"), None);
        for host in ["127.0.0.1:4777", "localhost:4777", "localhost", "[::1]:4777"] {
            assert_eq!(access.admits(Some(host), "", ""), Admission::Granted, "{host}");
        }
        for host in ["evil.example:4777", "127.0.0.1.evil.example", "localhost.evil.example:80", "", "[::2]:4777"] {
            assert!(matches!(access.admits(Some(host), "", ""), Admission::Denied(_)), "{host}");
        }
        assert!(matches!(access.admits(None, "", ""), Admission::Denied(_)));
        assert_eq!(access.url("sweep/a"), "http://127.0.0.1:4777/sweep/a");
    }

    #[test]
    fn elsewhere_the_token_is_asked_for_and_kept_in_a_cookie() {
        let token = new_token().expect("drawn");
        assert_eq!(token.len(), 32);
        assert_ne!(token, new_token().expect("drawn"));
        let access = SiteAccess::new("10.1.2.3:80".parse().expect("an address"), Some(token.clone()));
        let Admission::WithCookie(cookie) = access.admits(Some("anything"), "", &token) else { panic!("admitted") };
        let kept = cookie.split(';').next().expect("a pair");
        assert_eq!(access.admits(None, &format!("a=b; {kept}"), ""), Admission::Granted);
        for (cookies, token) in [("", ""), ("drr-lab-token=", ""), ("", &token[1..]), ("drr-lab-token=x", "y")] {
            assert!(matches!(access.admits(Some("localhost"), cookies, token), Admission::Denied(_)));
        }
    }
}
