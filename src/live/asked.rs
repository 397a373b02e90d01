//! What a browser asks for: the parts of a path, and what stands behind its question mark.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What an address may hold as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A word as it stands in an address.
pub(super) fn encoded(word: &str) -> String {
    utf8_percent_encode(word, PLAIN).to_string()
}

/// A path and a query, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AskedPath {
    /// The parts between slashes.
    pub(super) path: Vec<String>,
    /// Names and values.
    query: Vec<(String, String)>,
}

impl AskedPath {
    /// The parts of an address; `None` where they are no text.
    pub(super) fn read(path: &str, query: &str) -> Option<Self> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned());
        let path = path.split('/').filter(|part| !part.is_empty()).map(decoded).collect::<Option<_>>()?;
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // A form writes a space as a plus.
            Some((decoded(&name.replace('+', " "))?, decoded(&value.replace('+', " "))?))
        };
        let query = query.split('&').filter(|part| !part.is_empty()).map(pair).collect::<Option<_>>()?;
        Some(Self { path, query })
    }

    /// A value of the query; empty where there is none.
    pub(super) fn value(&self, name: &str) -> &str {
        self.query.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// All of it, as a key.
    pub(super) fn key(&self) -> String {
        let query = self.query.iter().filter(|(name, _)| name != "token");
        let query: Vec<String> = query.map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        format!("{}?{}", self.path.iter().map(|part| encoded(part)).collect::<Vec<_>>().join("/"), query.join("&"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_read_back() {
        for name in ["quickstart", "a b/c?d&e=f+g%", "<script>", "τ", "..", "a\u{202e}b"] {
            let asked =
                AskedPath::read(&format!("/sweep/{0}/now", encoded(name)), &format!("filter={}", encoded(name)));
            let asked = asked.expect("text");
            assert_eq!(asked.path, ["sweep", name, "now"]);
            assert_eq!(asked.value("filter"), name);
            assert_eq!(asked.value("other"), "");
        }
        let form = AskedPath::read("/", "filter=tau%3D0.1+seed%3D3").expect("text");
        assert_eq!(form.value("filter"), "tau=0.1 seed=3");
        assert_eq!(AskedPath::read("/%ff", ""), None, "no text");
    }
}
