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
        let is_ours = name.starts_with(PREFIX) || MAIL.iter().any(|(ours, _)| *ours == name);
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

/// Merges the environment over the settings. A variable that ends in `_FILE` names a file that holds the value: this is
/// how containers get secrets.
///
/// # Errors
/// Such a file cannot be read.
pub fn merge(
    mut figment: Figment,
    variables: &BTreeMap<String, String>,
) -> Result<(Figment, Variables), SettingsError> {
    let mut names = Variables::new();
    for (variable, setting) in MAIL {
        if let Some(value) = variables.get(variable) {
            figment = figment.merge((setting, value));
            names.insert(setting.to_owned(), variable.to_owned());
        }
    }
    for (variable, value) in variables {
        // COLLOQUY_CONFIG is an option of the command line, not a setting: a setting has a section.
        let Some(name) = variable
            .strip_prefix(PREFIX)
            .filter(|name| name.contains("__"))
        else {
            continue;
        };
        let (name, value) = match name.strip_suffix(FILE) {
            Some(name) => (name, read(variable, value)?),
            None => (name, value.clone()),
        };
        let setting = name.to_ascii_lowercase().replace("__", ".");
        names.insert(setting.clone(), variable.clone());
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

fn read(variable: &str, path: &str) -> Result<String, SettingsError> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|error| SettingsError::NoSecret(variable.to_owned(), error))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
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
        let error = self::settings(&[("COLLOQUY_MAIL__PASSWORD_FILE", "/nowhere")]);
        assert_eq!(
            error.unwrap_err().to_string(),
            "cannot read the file that COLLOQUY_MAIL__PASSWORD_FILE names"
        );
    }
}
