//! Settings from environment variables: `COLLOQUY_` + section + `__` + name.

use std::{collections::BTreeMap, env, ffi::OsString, fs};

use figment::{Figment, value::Value};

use super::SettingsError;

const PREFIX: &str = "COLLOQUY_";
const FILE: &str = "_FILE";
/// The seed's names of the credentials of its mail server.
const MAIL: [(&str, &str); 2] = [
    ("MAIL_USERNAME", "mail.username"),
    ("MAIL_PASSWORD", "mail.password"),
];

/// Which variable each setting of the environment came from.
pub type Variables = BTreeMap<String, String>;

/// The variables of Colloquy; others of this process may hold anything.
///
/// # Errors
/// One of ours is no text.
pub fn variables() -> Result<BTreeMap<String, String>, SettingsError> {
    let ours = |name: OsString| {
        let name = name.into_string().ok()?;
        let of_mail = name.strip_suffix(FILE).unwrap_or(&name);
        let is_ours = name.starts_with(PREFIX) || MAIL.iter().any(|(ours, _)| *ours == of_mail);
        is_ours.then_some(name)
    };
    env::vars_os()
        .filter_map(|(name, value)| Some((ours(name)?, value)))
        .map(|(name, value)| match value.into_string() {
            Ok(value) => Ok((name, value)),
            Err(_) => Err(SettingsError::Bad(format!("{name} is not in UTF-8"))),
        })
        .collect()
}

/// Merges the environment over the settings. A variable that ends in `_FILE` names a file that holds the value, unless it is
/// the name of a setting itself: this is how containers get secrets.
///
/// # Errors
/// Such a file cannot be read or is empty, or a setting comes from two variables.
pub fn merge(
    mut figment: Figment,
    variables: &BTreeMap<String, String>,
) -> Result<(Figment, Variables), SettingsError> {
    let mut names = Variables::new();
    for (variable, setting) in MAIL {
        let from_file = format!("{variable}{FILE}");
        // Empty is what Docker Compose makes of a variable that is not set.
        let given = variables.get(variable).filter(|value| !value.is_empty());
        let (name, value) = match (given, variables.get(&from_file)) {
            (Some(_), Some(_)) => return Err(both(variable, &from_file)),
            (Some(value), None) => (variable.to_owned(), value.clone()),
            (None, Some(path)) => (from_file.clone(), read(&from_file, path)?),
            (None, None) => continue,
        };
        figment = figment.merge((setting, value));
        names.insert(setting.to_owned(), name);
    }
    for (variable, value) in variables {
        // COLLOQUY_CONFIG is an option of the command line, not a setting: a setting has a section.
        let Some(name) = variable
            .strip_prefix(PREFIX)
            .filter(|name| name.contains("__"))
        else {
            continue;
        };
        let is_setting = |name: &str| figment.find_value(&setting(name)).is_ok();
        let (name, value) = match name.strip_suffix(FILE).filter(|_| !is_setting(name)) {
            Some(name) => (name, read(variable, value)?),
            None => (name, value.clone()),
        };
        let setting = setting(name);
        if let Some(other) = names.insert(setting.clone(), variable.clone()) {
            return Err(both(&other, variable));
        }
        // A password of digits is a text, and stays one.
        let is_text = matches!(figment.find_value(&setting), Ok(Value::String(..)));
        figment = if is_text {
            figment.merge((setting, value))
        } else {
            let parsed: Value = value.parse().unwrap_or_else(|never| match never {});
            figment.merge((setting, parsed))
        };
    }
    Ok((figment, names))
}

/// The setting that the rest of a variable's name means.
fn setting(name: &str) -> String {
    name.to_ascii_lowercase().replace("__", ".")
}

fn both(one: &str, other: &str) -> SettingsError {
    SettingsError::Bad(format!("{one} and {other} are both set; set one of them"))
}

fn read(variable: &str, path: &str) -> Result<String, SettingsError> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|error| SettingsError::NoSecret(variable.to_owned(), error))?;
    let value = text.trim_end_matches(['\r', '\n']);
    if value.is_empty() {
        let why = format!("the file that {variable} names is empty");
        return Err(SettingsError::Bad(why));
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use figment::providers::{Format as _, Toml};

    use super::*;
    use crate::settings::{DEFAULTS, Settings};

    fn settings(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let variables = variables
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()));
        let (figment, _) = merge(Figment::from(Toml::string(DEFAULTS)), &variables.collect())?;
        figment
            .extract()
            .map_err(|error| SettingsError::Bad(error.to_string()))
    }

    #[test]
    fn style_15_a_variable_overrides_one_setting() {
        let settings = settings(&[
            ("COLLOQUY_CHAT__MAX_CONTENT", "5"),
            ("COLLOQUY_HTTP__TRUSTED_PROXIES", "[\"10.0.0.1\"]"),
            ("COLLOQUY_CONFIG", "not-a-setting"),
            ("COLLOQUY_MAIL__PASSWORD", "0123"),
        ])
        .unwrap();
        assert_eq!(settings.chat.max_content, 5);
        assert_eq!(settings.http.trusted_proxies, ["10.0.0.1"]);
        assert_eq!(settings.mail.password, "0123");
        assert_eq!(settings.mail.smtp_port, 587);
    }

    #[test]
    fn contract_1_the_mail_server_is_logged_in_to_with_the_seeds_variables() {
        let settings =
            settings(&[("MAIL_USERNAME", "colloquy"), ("MAIL_PASSWORD", "4711")]).unwrap();
        assert_eq!(
            (
                settings.mail.username.as_str(),
                settings.mail.password.as_str()
            ),
            ("colloquy", "4711")
        );
    }

    #[test]
    fn decision_36_a_secret_may_come_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        fs::write(&file, "from a file\n").unwrap();
        let path = file.display().to_string();
        let settings = settings(&[("COLLOQUY_MAIL__PASSWORD_FILE", &path)]).unwrap();
        assert_eq!(settings.mail.password, "from a file");
        let settings = self::settings(&[("MAIL_PASSWORD_FILE", &path)]).unwrap();
        assert_eq!(settings.mail.password, "from a file");
        let error = self::settings(&[("COLLOQUY_MAIL__PASSWORD_FILE", "/nowhere")]);
        assert_eq!(
            error.unwrap_err().to_string(),
            "cannot read the file that COLLOQUY_MAIL__PASSWORD_FILE names"
        );
        fs::write(&file, "\n").unwrap();
        let error = self::settings(&[("MAIL_PASSWORD_FILE", &path)]);
        assert_eq!(
            error.unwrap_err().to_string(),
            "bad setting: the file that MAIL_PASSWORD_FILE names is empty"
        );
    }

    #[test]
    fn decision_36_every_secret_may_come_from_a_file_the_address_of_a_store_too() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        fs::write(&file, "redis://chat:word@cache\n").unwrap();
        let path = file.display().to_string();
        let settings = settings(&[
            ("COLLOQUY_EXPIRING_STORE__URL_FILE", &path),
            ("COLLOQUY_EVENT_LOG__PASSWORD_FILE", &path),
        ])
        .unwrap();
        assert_eq!(settings.expiring_store.url, "redis://chat:word@cache");
        assert_eq!(
            settings.event_log.password.reveal(),
            "redis://chat:word@cache"
        );
    }

    #[test]
    fn a_setting_whose_own_name_ends_like_that_is_no_file_of_a_value() {
        let settings = settings(&[
            ("COLLOQUY_ACCOUNTS__CA_FILE", "/etc/ca.pem"),
            ("COLLOQUY_MAIL__SMTP_CA_FILE", "/etc/mail.pem"),
        ])
        .unwrap();
        assert_eq!(settings.accounts.ca_file, Some("/etc/ca.pem".into()));
        assert_eq!(settings.mail.smtp_ca_file, Some("/etc/mail.pem".into()));
    }

    #[test]
    fn two_variables_of_one_setting_are_refused_by_both_names() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, "another canary").unwrap();
        for (one, other) in [
            ("COLLOQUY_MAIL__PASSWORD", "COLLOQUY_MAIL__PASSWORD_FILE"),
            ("MAIL_PASSWORD", "MAIL_PASSWORD_FILE"),
            ("MAIL_PASSWORD", "COLLOQUY_MAIL__PASSWORD_FILE"),
            ("MAIL_PASSWORD", "COLLOQUY_MAIL__PASSWORD"),
        ] {
            let path = file.path().display().to_string();
            let error = settings(&[(one, "canary"), (other, &path)]).err().unwrap();
            let expected = format!("bad setting: {one} and {other} are both set; set one of them");
            assert_eq!(error.to_string(), expected);
        }
    }
}
