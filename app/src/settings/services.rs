//! Settings as the services take them, for both ways to run.

use std::{sync::Arc, time::Duration};

use colloquy_auth::{
    Auth, Dependencies, LoginLimits, LoginThrottleStore, SessionSigner, SessionStore,
};
use colloquy_chassis::Clock;
use colloquy_credentials::{
    keys::{KeyError, KeyFolder},
    token_keys::TokenKeys,
};
use colloquy_customer::{HashingQueue, PasswordRule};
use colloquy_service_api::CredentialCheck;
use colloquy_websocket::stomp::{HeartBeat, Limits};

use super::{Settings, SettingsError};

/// Passwords that may wait to be hashed; with one more the answer is 503. Each takes some 25 ms, so under a rush those
/// on the last places get 503, too: the service that asks gives up after 2.5 s.
pub const HASHING_QUEUE: HashingQueue = HashingQueue {
    capacity: 100,
    max_wait: Duration::from_millis(1500),
};

/// Auth, signing with the session key of the folder that signs.
///
/// # Errors
/// There is no such key.
pub fn auth(
    settings: &Settings,
    keys: &KeyFolder,
    credentials: Arc<dyn CredentialCheck>,
    sessions: Arc<dyn SessionStore>,
    throttle: Arc<dyn LoginThrottleStore>,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<Auth>, KeyError> {
    let algorithms = &settings.sessions.algorithms;
    let dependencies = Dependencies {
        credentials,
        sessions,
        throttle,
        signer: SessionSigner::load(keys, algorithms.signing())?,
        keys: TokenKeys::load(keys, algorithms, Arc::clone(clock))?,
        clock: Arc::clone(clock),
    };
    let settings = colloquy_auth::Settings {
        secure_cookie: settings.http.secure_cookie,
        logins: login_limits(settings),
    };
    Ok(Auth::new(dependencies, settings))
}

/// How many logins may fail.
fn login_limits(settings: &Settings) -> LoginLimits {
    let set = &settings.guesses;
    let within = Duration::from_secs(set.wait_seconds.into());
    let mut limits = LoginLimits::default();
    limits.account.attempts = set.per_account;
    limits.account.within = within;
    limits.address.attempts = set.per_address;
    limits.address.within = within;
    limits.address.longest_lock = within;
    limits
}

/// Customer management's settings.
pub fn customers(settings: &Settings, reset_without_ticket: bool) -> colloquy_customer::Settings {
    let [min, max] = settings.accounts.password_length;
    colloquy_customer::Settings {
        passwords: PasswordRule { min, max },
        secure_cookie: settings.http.secure_cookie,
        reset_without_ticket,
        code_requests_per_hour: settings.accounts.resets_per_hour,
        confirms_per_hour: settings.accounts.confirms_per_hour,
        sign_ups_per_hour: settings.accounts.sign_ups_per_hour,
        searches_per_minute: settings.accounts.searches_per_minute,
        phone_searches_per_day: settings.accounts.phone_searches_per_day,
    }
}

/// The mail service's settings.
///
/// # Errors
/// `mail.from` is no mail address, or no mail server takes its domain.
pub fn mail(settings: &Settings) -> Result<colloquy_mail::Settings, SettingsError> {
    let from = colloquy_mail::sender(&settings.mail.from);
    let rule = "mail.from must be an address or `Name <address>`, whose domain is a host name: letters, digits and \
                inner hyphens; an international one must have a form in ASCII";
    let from = from.ok_or_else(|| SettingsError::Bad(rule.to_owned()))?;
    Ok(colloquy_mail::Settings {
        from,
        retry: colloquy_mail::Retry::default(),
    })
}

/// The write side's settings.
pub fn chat(settings: &Settings) -> colloquy_chat_command::Settings {
    colloquy_chat_command::Settings {
        max_content: settings.chat.max_content,
    }
}

/// The push side's settings.
///
/// # Errors
/// A trusted proxy is neither an address nor a network.
pub fn stomp(settings: &Settings) -> Result<colloquy_websocket::Settings, SettingsError> {
    let set = &settings.stomp;
    let [outgoing, incoming] = set.heart_beat;
    Ok(colloquy_websocket::Settings {
        frame: Limits {
            headers: set.max_headers,
            header_line: set.max_header_line,
            frame: set.max_frame,
            destination: set.max_destination,
            id: set.max_id,
            receipt: set.max_receipt,
        },
        heart_beat: HeartBeat { outgoing, incoming },
        subscriptions: set.subscriptions_per_session,
        sessions_per_customer: set.sessions_per_customer,
        connections_per_address: set.connections_per_address,
        trusted_proxies: settings.trusted_proxies()?,
        sockjs_sessions: set.sockjs_sessions,
        frames_per_second: set.frames_per_second,
        frame_burst: set.frame_burst,
        queue_bytes: set.queue_bytes,
        write_within: Duration::from_secs(set.write_seconds),
        ..Default::default()
    })
}
