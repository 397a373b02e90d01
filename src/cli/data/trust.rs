//! Whom HTTPS trusts: the certificates that the machine's other programs trust, or, where it has none, Mozilla's.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::error::Error;

/// Names the file of trusted certificates, as for OpenSSL, curl and pip.
pub(super) const VARIABLE: &str = "SSL_CERT_FILE";

/// Where systems keep them, as one file: Debian and Alpine, Fedora, openSUSE, Alpine and BSD. A certificate of the
/// place's own, as proxies that read along have one, is found here or nowhere.
const PLACES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// What to trust on this machine.
///
/// # Errors
///
/// When the file that `SSL_CERT_FILE` names holds no certificate or cannot be read: another's would be a surprise.
pub(super) fn tls() -> Result<TlsConfig, Error> {
    let named = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    Ok(TlsConfig::builder().root_certs(roots(named.as_deref(), &PLACES)?).build())
}

fn roots(named: Option<&Path>, places: &[&str]) -> Result<RootCerts, Error> {
    if let Some(path) = named {
        let bad = |why: &dyn std::fmt::Display| {
            Error::environment(format!("{VARIABLE} names {}: {why}", path.display()))
                .hint(format!("unset {VARIABLE} for the system's certificates, or name a PEM file of trusted ones"))
        };
        let pem = fs::read(path).map_err(|error| bad(&error))?;
        return certificates(&pem).ok_or_else(|| bad(&"no certificate is in it"));
    }
    let system = places.iter().filter_map(|path| fs::read(path).ok());
    Ok(system.filter_map(|pem| certificates(&pem)).next().unwrap_or(RootCerts::WebPki))
}

/// The certificates among a PEM file's items, if there are any.
fn certificates(pem: &[u8]) -> Option<RootCerts> {
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    };
    let found: Vec<Certificate<'static>> = parse_pem(pem).filter_map(certificate).collect();
    (!found.is_empty()).then(|| RootCerts::Specific(Arc::new(found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "# ours\n-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

    fn count(roots: &RootCerts) -> Option<usize> {
        match roots {
            RootCerts::Specific(found) => Some(found.len()),
            _ => None,
        }
    }

    #[test]
    fn the_named_file_comes_before_the_systems_and_those_before_mozillas() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = |name: &str, content: &str| {
            let path = folder.path().join(name);
            fs::write(&path, content).expect("can be written");
            path
        };
        let (one, two, none) = (file("one", PEM), file("two", &PEM.repeat(2)), file("none", "nothing"));
        let places = [none.to_str().expect("UTF-8"), "/no/such/file", two.to_str().expect("UTF-8")];
        assert_eq!(count(&roots(Some(&one), &places).expect("a certificate")), Some(1));
        assert_eq!(count(&roots(None, &places).expect("the system's")), Some(2));
        assert_eq!(count(&roots(None, &places[..2]).expect("the built-in ones")), None);
        let said = roots(Some(&none), &places).expect_err("no certificate").to_string();
        assert!(said.contains("SSL_CERT_FILE names ") && said.contains("no certificate is in it"), "{said}");
        assert!(roots(Some(Path::new("/no/such/file")), &places).is_err());
    }
}
