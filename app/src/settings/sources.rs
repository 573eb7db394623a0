//! Where settings were read from, so that an error can say where and what to mend.

use std::path::{Path, PathBuf};

use figment::{
    Figment,
    error::{Actual, Kind},
    providers::{Format as _, Toml},
    value::Value,
};

use super::{
    DEFAULTS, Settings, SettingsError,
    environment::{self, Variables},
};

/// Defaults, a file, the environment; the later source wins.
pub struct Sources {
    figment: Figment,
    variables: Variables,
    file: Option<PathBuf>,
}

impl Sources {
    /// Reads the sources.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read(file: Option<&Path>) -> Result<Self, SettingsError> {
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        if let Some(file) = file {
            let text = std::fs::read_to_string(file);
            let text = text.map_err(|error| SettingsError::Unreadable(file.to_owned(), error))?;
            figment = figment.merge(Toml::string(&text));
        }
        let (figment, variables) = environment::merge(figment, &environment::variables()?)?;
        Ok(Self {
            figment,
            variables,
            file: file.map(Path::to_owned),
        })
    }

    /// The settings, whose values are of the right kinds.
    ///
    /// # Errors
    /// A name that is no setting, a value of another kind.
    pub fn extract(&self) -> Result<Settings, SettingsError> {
        let explain = |error: figment::Error| SettingsError::Bad(self.explain(&error));
        self.figment.extract().map_err(explain)
    }

    /// The error of a setting that breaks a rule.
    pub fn refusal(&self, setting: &str, rule: &str) -> SettingsError {
        SettingsError::Bad(self.say(setting, rule))
    }

    /// `NAME is VALUE, and RULE`: with the name of the variable, if it comes from one.
    fn say(&self, setting: &str, rule: &str) -> String {
        let name = self.variable(setting).unwrap_or(setting);
        match self.value(setting) {
            Some(value) => format!("{name} is {value}, and {rule}"),
            None => format!("{name} {rule}"),
        }
    }

    /// The variable that a setting, or all of the list that it is in, comes from.
    fn variable(&self, setting: &str) -> Option<&str> {
        let mut name = setting;
        loop {
            if let Some(variable) = self.variables.get(name) {
                return Some(variable);
            }
            name = name.rsplit_once('.')?.0;
        }
    }

    /// What was read, unless a password may be in it.
    fn value(&self, setting: &str) -> Option<String> {
        let hides = ["url", "password"]
            .iter()
            .any(|name| setting.ends_with(name));
        // A list is read as a whole.
        let whole = setting.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        match self.figment.find_value(whole) {
            Ok(value) if !hides || setting == "http.public_url" => shown(&value),
            _ => None,
        }
    }

    fn explain(&self, error: &figment::Error) -> String {
        let path = error.path.join(".");
        match &error.kind {
            Kind::InvalidType(_, wanted)
            | Kind::InvalidValue(_, wanted)
            | Kind::InvalidLength(_, wanted) => {
                self.say(&path, &format!("must be {}", plainly(wanted)))
            }
            Kind::UnknownVariant(_, known) => {
                self.say(&path, &format!("must be one of {}", known.join(", ")))
            }
            // The path ends with the name that is unknown.
            Kind::UnknownField(_, known) => {
                let source = self.variable(&path).unwrap_or(&path);
                let of = path.rsplit_once('.').map_or("sections", |(of, _)| of);
                let known = known.join(", ");
                format!("{source} is no setting; of {of} there are {known}")
            }
            Kind::Message(message) if path.is_empty() => match &self.file {
                Some(file) => format!("{}: {}", file.display(), one_line(message)),
                None => one_line(message),
            },
            Kind::Message(message) => self.say(&path, &one_line(message)),
            other => format!("{path} {}", one_line(&other.to_string())),
        }
    }
}

/// A value as it would be written in a settings file.
fn shown(value: &Value) -> Option<String> {
    if let Some(values) = value.as_array() {
        let values: Option<Vec<_>> = values.iter().map(shown).collect();
        return Some(format!("[{}]", values?.join(", ")));
    }
    Some(match value.to_actual() {
        Actual::Str(text) => format!("{text:?}"),
        Actual::Char(one) => format!("{:?}", one.to_string()),
        Actual::Bool(one) => one.to_string(),
        Actual::Unsigned(number) => number.to_string(),
        Actual::Signed(number) => number.to_string(),
        Actual::Float(number) => number.to_string(),
        _ => return None,
    })
}

/// What a value must be, without the names of types.
fn plainly(wanted: &str) -> &str {
    match wanted {
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u8" | "u64" | "u128" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number",
        "bool" | "a boolean" => "true or false",
        "string" | "a string" | "path string" | "str" => "a text in quotes",
        "a sequence" => "a list such as [\"a\", \"b\"]",
        "an array of length 2" => "a list of two numbers such as [10000, 0]",
        other => other,
    }
}

/// The message of a parser without the lines that draw the place.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.contains('|'))
        .collect();
    words.join(": ")
}
