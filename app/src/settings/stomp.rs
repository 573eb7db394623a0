//! The limits that the push side sets a client.

use serde::Deserialize;

use super::rules::Rule;

/// The section `[stomp]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stomp {
    pub heart_beat: [u32; 2],
    pub max_frame: usize,
    pub max_headers: usize,
    pub max_header_line: usize,
    pub max_destination: usize,
    pub max_id: usize,
    pub max_receipt: usize,
    pub frames_per_second: u32,
    pub frame_burst: u32,
    pub subscriptions_per_session: usize,
    pub sessions_per_customer: usize,
    pub sockjs_sessions: usize,
    pub connections_per_address: usize,
    pub queue_bytes: usize,
    pub write_seconds: u64,
}

impl Stomp {
    /// The rules of the section, where messages have up to `max_content` characters.
    pub fn rules(&self, max_content: usize) -> [Rule; 14] {
        const WORD: &str = "must be between 64 and stomp.max_header_line";
        let word = 64..=self.max_header_line;
        [
            Rule::between("stomp.max_frame", self.max_frame, [4096, 1_048_576]),
            Rule::between("stomp.max_headers", self.max_headers, [8, 1000]),
            Rule::new(
                "stomp.max_header_line",
                "must be between 1024, so that a token fits, and stomp.max_frame",
                (1024..=self.max_frame).contains(&self.max_header_line),
            ),
            Rule::new(
                "stomp.max_destination",
                WORD,
                word.contains(&self.max_destination),
            ),
            Rule::new("stomp.max_id", WORD, word.contains(&self.max_id)),
            Rule::new("stomp.max_receipt", WORD, word.contains(&self.max_receipt)),
            Rule::between(
                "stomp.frames_per_second",
                self.frames_per_second,
                [1, 100_000],
            ),
            Rule::between("stomp.frame_burst", self.frame_burst, [1, 100_000]),
            Rule::between(
                "stomp.subscriptions_per_session",
                self.subscriptions_per_session,
                [1, MILLION],
            ),
            Rule::between(
                "stomp.sessions_per_customer",
                self.sessions_per_customer,
                [1, MILLION],
            ),
            Rule::between("stomp.sockjs_sessions", self.sockjs_sessions, [1, MILLION]),
            Rule::between(
                "stomp.connections_per_address",
                self.connections_per_address,
                [1, MILLION],
            ),
            Rule::new(
                "stomp.queue_bytes",
                "must be at least 12 * chat.max_content + 65536, and at most 1073741824",
                (12 * max_content + 65_536..=1 << 30).contains(&self.queue_bytes),
            ),
            Rule::between("stomp.write_seconds", self.write_seconds, [1, 600]),
        ]
    }
}

const MILLION: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use crate::settings::{Settings, SettingsError, services};

    /// The defaults with a file laid over them.
    fn load(text: &str) -> Result<Settings, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("colloquy.toml");
        std::fs::write(&file, text).unwrap();
        Settings::load(Some(&file))
    }

    #[test]
    fn stomp_limits_are_settings_whose_defaults_are_those_of_the_service() {
        let settings = services::stomp(&Settings::load(None).unwrap()).unwrap();
        let expected = colloquy_websocket::Settings::default();
        assert_eq!(format!("{settings:?}"), format!("{expected:?}"));
    }

    #[test]
    fn stomp_limits_that_make_no_sense_are_refused_by_name() {
        let rules = Settings::load(None).unwrap().stomp.rules(1);
        for setting in rules.map(|rule| rule.setting) {
            let name = setting.strip_prefix("stomp.").unwrap();
            for value in ["0", "2000000000"] {
                let error = load(&format!("[stomp]\n{name} = {value}\n"));
                let error = error.unwrap_err().to_string();
                let refused = format!("bad setting: {setting} is {value}, and must be ");
                assert!(error.starts_with(&refused), "{value}: {error}");
            }
            let error = load(&format!("[stomp]\n{name} = -1\n"));
            assert!(error.unwrap_err().to_string().contains(name));
        }
    }

    #[test]
    fn stomp_limits_a_queue_has_room_for_the_longest_message_and_its_room_s_view() {
        let with = |max_content: usize, queue_bytes: usize| {
            load(&format!(
                "[chat]\nmax_content = {max_content}\n[stomp]\nqueue_bytes = {queue_bytes}\n"
            ))
        };
        assert!(with(65_536, 12 * 65_536 + 65_536).is_ok());
        assert!(with(65_536, 12 * 65_536 + 65_535).is_err());
        assert!(with(8192, 12 * 8192 + 65_536).is_ok());
    }
}
