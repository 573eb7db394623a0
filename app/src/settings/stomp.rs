//! What the push side lets one client use.

use serde::Deserialize;

use super::Rule;

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
    /// What must hold, with messages of so many characters.
    pub fn rules(&self, max_content: usize) -> [Rule; 14] {
        let header_line = 1024..=self.max_frame;
        let word = 64..=self.max_header_line;
        let places = 1..=1_000_000;
        [
            (
                "stomp.max_frame",
                "must be between 4096 and 1048576",
                (4096..=1_048_576).contains(&self.max_frame),
            ),
            (
                "stomp.max_headers",
                "must be between 8 and 1000",
                (8..=1000).contains(&self.max_headers),
            ),
            (
                "stomp.max_header_line",
                "must be between 1024, so that a token fits, and stomp.max_frame",
                header_line.contains(&self.max_header_line),
            ),
            (
                "stomp.max_destination",
                "must be between 64 and stomp.max_header_line",
                word.contains(&self.max_destination),
            ),
            (
                "stomp.max_id",
                "must be between 64 and stomp.max_header_line",
                word.contains(&self.max_id),
            ),
            (
                "stomp.max_receipt",
                "must be between 64 and stomp.max_header_line",
                word.contains(&self.max_receipt),
            ),
            (
                "stomp.frames_per_second",
                "must be between 1 and 100000",
                (1..=100_000).contains(&self.frames_per_second),
            ),
            (
                "stomp.frame_burst",
                "must be between 1 and 100000",
                (1..=100_000).contains(&self.frame_burst),
            ),
            (
                "stomp.subscriptions_per_session",
                "must be between 1 and 1000000",
                places.contains(&self.subscriptions_per_session),
            ),
            (
                "stomp.sessions_per_customer",
                "must be between 1 and 1000000",
                places.contains(&self.sessions_per_customer),
            ),
            (
                "stomp.sockjs_sessions",
                "must be between 1 and 1000000",
                places.contains(&self.sockjs_sessions),
            ),
            (
                "stomp.connections_per_address",
                "must be between 1 and 1000000",
                places.contains(&self.connections_per_address),
            ),
            (
                "stomp.queue_bytes",
                "must be at least 12 * chat.max_content + 65536, and at most 1073741824",
                (12 * max_content + 65_536..=1 << 30).contains(&self.queue_bytes),
            ),
            (
                "stomp.write_seconds",
                "must be between 1 and 600",
                (1..=600).contains(&self.write_seconds),
            ),
        ]
    }
}

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
        for (setting, ..) in rules {
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
