//! The certificates by which the parts and their clients know one another, and some that are wrong. Made once, with keys of
//! their own, in a folder that outlives `parts reset`.

use std::{
    fs,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};

use crate::places::Places;

/// The user of every part that wants a login, and its password.
pub const USER: &str = "colloquy";
pub const PASSWORD: &str = "only-for-tests-7391";
/// The user that has a certificate instead.
pub const CERTIFIED_USER: &str = "certified";
/// Where the parts are.
const HOSTS: [&str; 2] = ["localhost", "127.0.0.1"];

/// The folder of all of them.
pub fn folder(places: &Places) -> PathBuf {
    places.state("tls")
}

/// The file of this name.
pub fn file(places: &Places, name: &str) -> PathBuf {
    folder(places).join(name)
}

/// Makes them, unless that is done.
///
/// # Errors
/// A file cannot be written.
pub fn make(places: &Places) -> Result<()> {
    let folder = folder(places);
    let done = folder.join("complete");
    if done.exists() {
        return Ok(());
    }
    fs::create_dir_all(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
    let ca = authority("the authority of the parts")?;
    fs::write(folder.join("ca.pem"), ca.pem())?;
    let other = authority("an authority that signed nothing")?;
    fs::write(folder.join("other-ca.pem"), other.pem())?;
    let server = server("a part")?;
    sign(&folder, "server", &server, &ca)?;
    let mut expired = self::server("a part of last century")?;
    expired.not_before = date_time_ymd(1999, 1, 1);
    expired.not_after = date_time_ymd(1999, 12, 31);
    sign(&folder, "expired", &expired, &ca)?;
    let mut client = named(CertificateParams::default(), CERTIFIED_USER);
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    sign(&folder, "client", &client, &ca)?;
    Ok(fs::write(done, "")?)
}

/// Writes a file that only its owner can read.
///
/// # Errors
/// It cannot be written.
pub fn private(path: &Path, text: &str) -> Result<()> {
    if path.exists() {
        fs::remove_file(path)?;
    }
    let file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    Ok(std::io::Write::write_all(&mut &file, text.as_bytes())?)
}

fn authority(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = named(CertificateParams::default(), name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

fn server(name: &str) -> Result<CertificateParams> {
    let mut params = named(CertificateParams::new(HOSTS.map(str::to_owned))?, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn named(mut params: CertificateParams, name: &str) -> CertificateParams {
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params
}

/// Writes `name.pem`, `name.key`, and `name.both.pem` for programs that read both from one file.
fn sign(
    folder: &Path,
    name: &str,
    params: &CertificateParams,
    ca: &CertifiedIssuer<'_, KeyPair>,
) -> Result<()> {
    let key = KeyPair::generate()?;
    let (cert, key) = (params.signed_by(&key, ca)?.pem(), key.serialize_pem());
    fs::write(folder.join(format!("{name}.pem")), &cert)?;
    private(&folder.join(format!("{name}.key")), &key)?;
    private(
        &folder.join(format!("{name}.both.pem")),
        &format!("{key}{cert}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_made_once_and_keys_are_for_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::fixture(folder.path());
        make(&places).unwrap();
        let read = |name| fs::read_to_string(file(&places, name)).unwrap();
        let first = read("server.pem");
        make(&places).unwrap();
        assert_eq!(read("server.pem"), first);
        for name in ["server.key", "client.both.pem"] {
            let mode = fs::metadata(file(&places, name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
            assert!(read(name).contains("BEGIN PRIVATE KEY"), "{name}");
        }
        assert_ne!(read("ca.pem"), read("other-ca.pem"));
    }
}
