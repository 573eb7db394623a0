//! Which processes the distributed system has, and on which ports.

use crate::{places::Places, probe};

/// Service, port offset of its first instance (contract §1), number of instances; callees first.
const SERVICES: [(&str, u16, u16); 8] = [
    ("otp-service", 1087, 1),
    ("mail-service", 1088, 1),
    ("customer-management-service", 1084, 1),
    ("auth-service", 1083, 1),
    ("chat-command-service", 1085, 2),
    ("chat-query-service", 1086, 2),
    ("websocket-service", 1082, 2),
    ("api-gateway", 1081, 2),
];

const BETWEEN_INSTANCES: u16 = 100;
const TO_ADMIN: u16 = 1000;

/// One process of the system.
#[derive(Clone, Debug)]
pub struct Process {
    name: String,
    /// The service it serves.
    pub service: &'static str,
    /// Its port for requests.
    pub port: u16,
}

impl Process {
    /// Its name, such as `chat-command-service-2`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens for requests.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Where it answers for its health.
    pub fn admin_address(&self) -> String {
        format!("127.0.0.1:{}", self.port + TO_ADMIN)
    }

    /// Whether it says that it is ready.
    pub fn is_ready(&self) -> bool {
        probe::is_ok(self.port + TO_ADMIN, "/readyz")
    }
}

/// All processes, callees before callers.
pub fn processes(places: &Places) -> Vec<Process> {
    let mut processes = Vec::new();
    for (service, offset, instances) in SERVICES {
        for instance in 0..instances {
            processes.push(Process {
                name: format!("{service}-{}", instance + 1),
                service,
                port: places.port(offset + instance * BETWEEN_INSTANCES),
            });
        }
    }
    processes
}

/// The ports of every instance of a service.
pub fn ports_of(places: &Places, service: &str) -> Vec<u16> {
    processes(places)
        .into_iter()
        .filter(|process| process.service == service)
        .map(|process| process.port)
        .collect()
}

/// Where all processes send traces. Nothing listens there but a test, while it runs.
pub fn collector_address(places: &Places) -> String {
    format!("127.0.0.1:{}", places.port(4318))
}

/// The port of nginx.
pub fn public_port(places: &Places) -> u16 {
    places.port(8080)
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, path::Path};

    use super::*;

    #[test]
    fn every_process_has_a_name_and_ports_of_its_own() {
        let all = processes(&Places::fixture(Path::new("/nowhere")));
        let names: HashSet<_> = all.iter().map(Process::name).collect();
        let ports: HashSet<_> = all
            .iter()
            .flat_map(|process| [process.address(), process.admin_address()])
            .collect();
        assert_eq!(names.len(), all.len());
        assert_eq!(ports.len(), 2 * all.len());
    }

    #[test]
    fn instances_lie_a_hundred_ports_apart() {
        let places = Places::fixture(Path::new("/nowhere"));
        assert_eq!(ports_of(&places, "chat-command-service"), [21085, 21185]);
        assert_eq!(ports_of(&places, "auth-service"), [21083]);
    }
}
