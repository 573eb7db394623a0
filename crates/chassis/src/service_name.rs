//! The services by their names on the wire and in deployments (contract §1).

use std::{fmt, str::FromStr};

/// One of the eight services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceName {
    /// Verifies the JWT, sets identity, forwards.
    ApiGateway,
    /// STOMP over WebSocket.
    Websocket,
    /// Login, logout, sessions.
    Auth,
    /// Accounts, profiles, passwords.
    Customer,
    /// The write side.
    ChatCommand,
    /// The read side.
    ChatQuery,
    /// One-time codes.
    Otp,
    /// Outgoing mail.
    Mail,
}

impl ServiceName {
    /// All eight, in the order of their ports.
    pub const ALL: [Self; 8] = [
        Self::ApiGateway,
        Self::Websocket,
        Self::Auth,
        Self::Customer,
        Self::ChatCommand,
        Self::ChatQuery,
        Self::Otp,
        Self::Mail,
    ];

    /// The name, as in a compose file and in internal tokens.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApiGateway => "api-gateway",
            Self::Websocket => "websocket-service",
            Self::Auth => "auth-service",
            Self::Customer => "customer-management-service",
            Self::ChatCommand => "chat-command-service",
            Self::ChatQuery => "chat-query-service",
            Self::Otp => "otp-service",
            Self::Mail => "mail-service",
        }
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no service's.
#[derive(Debug, thiserror::Error)]
#[error("no service is named {0}; there are {names}", names = ServiceName::ALL.map(ServiceName::name).join(", "))]
pub struct UnknownService(String);

impl FromStr for ServiceName {
    type Err = UnknownService;

    /// Both spellings work: `auth` and `auth-service` (decision 35); the short form of
    /// `customer-management-service` is `customer`.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let short = |service: &Self| {
            let full = service.name();
            let stem = full.strip_suffix("-service").unwrap_or(full);
            stem == name
                || (*service == Self::Customer && matches!(name, "customer" | "customer-service"))
        };
        Self::ALL
            .into_iter()
            .find(|service| service.name() == name || short(service))
            .ok_or_else(|| UnknownService(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_35_both_spellings_name_a_service() {
        for (text, service) in [
            ("auth", ServiceName::Auth),
            ("auth-service", ServiceName::Auth),
            ("api-gateway", ServiceName::ApiGateway),
            ("customer", ServiceName::Customer),
            ("customer-management", ServiceName::Customer),
            ("customer-management-service", ServiceName::Customer),
            ("websocket", ServiceName::Websocket),
        ] {
            assert_eq!(text.parse::<ServiceName>().unwrap(), service, "{text}");
        }
        assert!("gateway-service".parse::<ServiceName>().is_err());
    }

    #[test]
    fn b26_who_names_no_service_is_told_which_there_are() {
        let error = "nothing".parse::<ServiceName>().unwrap_err().to_string();
        assert_eq!(
            error,
            "no service is named nothing; there are api-gateway, websocket-service, auth-service, \
             customer-management-service, chat-command-service, chat-query-service, otp-service, mail-service"
        );
    }
}
