//! podman in the place of a Docker engine, for as long as the value lives.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};

use super::guard;
use crate::{
    parts::{apt, maven},
    places::Places,
    wait,
};

const PROJECT: &str = "colloquy-containers";
/// As `compose.yaml` has it.
const NETWORK: &str = "172.31.80.0/24";
const SOCKET_LIMIT: Duration = Duration::from_secs(30);
const BETWEEN_HEALTH_CHECKS: Duration = Duration::from_secs(1);

/// As Debian's podman needs it where systemd is not, and limits may not be raised. Its networks are in our folder as well.
const SETTINGS: &str = r#"[containers]
default_ulimits = []

[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"

[network]
network_config_dir = "{{folder}}/networks"
"#;

/// A file and the Debian package that has it.
const PACKAGES: [(&str, &str); 10] = [
    ("/usr/bin/podman", "podman"),
    ("/usr/bin/buildah", "buildah"),
    ("/usr/sbin/runc", "runc"),
    ("/usr/sbin/dnsmasq", "dnsmasq-base"),
    ("/usr/sbin/iptables", "iptables"),
    ("/usr/sbin/ip", "iproute2"),
    ("/usr/sbin/debootstrap", "debootstrap"),
    ("/usr/bin/docker-compose", "docker-compose"),
    ("/usr/lib/cni/bridge", "containernetworking-plugins"),
    (
        "/usr/lib/cni/dnsname",
        "golang-github-containernetworking-plugin-dnsname",
    ),
];

/// The engine, its folder and the process that ends what it runs.
pub struct Engine {
    folder: PathBuf,
    repository: PathBuf,
    guard: Child,
    is_over: Arc<AtomicBool>,
    health: Option<JoinHandle<()>>,
}

impl Engine {
    /// Installs what is missing, and serves Docker's interface on a socket. `password` is PostgreSQL's.
    ///
    /// # Errors
    /// A package cannot be installed, or podman does not start.
    pub fn start(places: &Places, password: &str) -> Result<Self> {
        for (file, package) in PACKAGES {
            apt::need(file, package)?;
        }
        let folder = places.state("containers");
        for name in ["tmp", "networks"] {
            fs::create_dir_all(folder.join(name))?;
        }
        let settings = SETTINGS.replace("{{folder}}", &folder.display().to_string());
        fs::write(folder.join("containers.conf"), settings)?;
        write_secret(
            &folder.join("env"),
            &format!("COLLOQUY_VERSION=local\nPOSTGRES_PASSWORD={password}\n"),
        )?;
        // Of a run whose guard was killed.
        guard::end_all(&folder);
        let is_over = Arc::new(AtomicBool::new(false));
        let mut engine = Self {
            repository: places.repository().to_owned(),
            guard: guard::spawn(&folder)?,
            is_over: Arc::clone(&is_over),
            health: None,
            folder: folder.clone(),
        };
        let socket = socket(&folder);
        ensure!(
            wait::until(SOCKET_LIMIT, || socket.exists()),
            "podman does not serve {}; {}/guard.log says why",
            socket.display(),
            folder.display()
        );
        engine.health = Some(thread::spawn(move || attend(&folder, &is_over)));
        Ok(engine)
    }

    /// A folder for what is made on the way to an image.
    pub fn scratch(&self) -> PathBuf {
        self.folder.join("tmp")
    }

    /// Builds an image with as few layers as it can have: this storage copies each. `options` are buildah's.
    ///
    /// # Errors
    /// As buildah says.
    pub fn build(&self, context: &Path, file: &str, name: &str, options: &[String]) -> Result<()> {
        let mut build = self.command("buildah");
        build
            .args(["bud", "--isolation", "chroot", "--layers=false"])
            .args(options)
            .args(["-t", name, "-f"])
            .arg(context.join(file));
        maven::run(build.arg(context)).with_context(|| format!("image {name}"))
    }

    /// What `podman` prints with these arguments.
    ///
    /// # Errors
    /// It fails.
    pub fn ask(&self, arguments: &[&str]) -> Result<String> {
        output(podman(&self.folder).args(arguments))
    }

    /// A podman or buildah of this engine.
    pub fn command(&self, program: &str) -> Command {
        command(program, &self.folder)
    }

    /// docker-compose with these files of the repository.
    ///
    /// # Errors
    /// It fails.
    pub fn compose(&self, files: &[&str], arguments: &str) -> Result<()> {
        let line = format!("{} {arguments}", self.compose_line(files));
        let status = Command::new("sh").args(["-c", &line]).status()?;
        ensure!(
            status.success(),
            "docker-compose {arguments} ended with {status}"
        );
        Ok(())
    }

    /// The same as a line for a shell, without its arguments. Variables that were set for another system do not count.
    pub fn compose_line(&self, files: &[&str]) -> String {
        let files = files.iter().map(|file| {
            let file = self.repository.join(file);
            format!("-f '{}'", file.display())
        });
        format!(
            "env -u COLLOQUY_VERSION -u COLLOQUY_PORT -u COLLOQUY_NETWORK -u POSTGRES_PASSWORD -u COMPOSE_PROFILES \
             DOCKER_HOST='unix://{}' COMPOSE_HTTP_TIMEOUT=600 docker-compose --ansi never -p {PROJECT} --env-file '{}' \
             {}",
            socket(&self.folder).display(),
            self.folder.join("env").display(),
            files.collect::<Vec<_>>().join(" ")
        )
    }

    /// The names of all containers.
    ///
    /// # Errors
    /// podman fails.
    pub fn containers(&self) -> Result<Vec<String>> {
        let names = self.ask(&["ps", "--all", "--format", "{{.Names}}"])?;
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// Where a volume of the compose file lies on this machine.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn volume(&self, name: &str) -> Result<PathBuf> {
        let name = format!("{PROJECT}_{name}");
        let place = self.ask(&["volume", "inspect", "--format", "{{.Mountpoint}}", &name])?;
        Ok(place.trim().into())
    }

    /// All that a container has written.
    ///
    /// # Errors
    /// podman fails.
    pub fn log(&self, container: &str) -> Result<String> {
        let done = self.command("podman").args(["logs", container]).output()?;
        ensure!(done.status.success(), "{container} has no log");
        let log = [done.stdout, done.stderr].concat();
        Ok(String::from_utf8_lossy(&log).into_owned())
    }

    /// Prints the end of each container's log.
    pub fn show_logs(&self) {
        for name in self.containers().unwrap_or_default() {
            println!("\n== {name}");
            let log = self.log(&name).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            println!("{}", lines[lines.len().saturating_sub(15)..].join("\n"));
        }
    }
}

/// Ends what this engine runs, also after a failure.
impl Drop for Engine {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(health) = self.health.take() {
            let _ = health.join();
        }
        // The guard waits for the end of its input.
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// Where Docker's interface is served.
pub fn socket(folder: &Path) -> PathBuf {
    folder.join("podman.sock")
}

/// A podman of the engine in `folder`.
pub fn podman(folder: &Path) -> Command {
    command("podman", folder)
}

/// A podman or buildah of the engine in `folder`.
pub fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .arg("--root")
        .arg(folder.join("storage"))
        .arg("--runroot")
        .arg(folder.join("run"))
        .arg("--storage-driver=vfs")
        .env("CONTAINERS_CONF", folder.join("containers.conf"))
        .env("TMPDIR", folder.join("tmp"))
        // Or podman would ask another engine.
        .env_remove("CONTAINER_HOST")
        .env_remove("DOCKER_HOST")
        .stdin(Stdio::null());
    command
}

/// Does for as long as the engine runs what a Docker engine does and podman leaves out.
fn attend(folder: &Path, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        check_health(folder);
        // A new container may have the address of an earlier one. podman does not announce it, and this machine would send to
        // the earlier one for half a minute.
        let _ = Command::new("ip")
            .args(["neighbour", "flush", "to", NETWORK])
            .output();
        thread::sleep(BETWEEN_HEALTH_CHECKS);
    }
}

/// podman leaves the health checks to systemd, which is not here: containers that start are asked in a row.
fn check_health(folder: &Path) {
    let mut list = podman(folder);
    let starting = output(list.args([
        "ps",
        "--filter",
        "health=starting",
        "--format",
        "{{.Names}}",
    ]));
    for name in starting.unwrap_or_default().lines() {
        // What it finds, podman remembers.
        let _ = podman(folder).args(["healthcheck", "run", name]).output();
    }
}

fn output(command: &mut Command) -> Result<String> {
    let done = command.output()?;
    ensure!(
        done.status.success(),
        "{} failed: {}",
        command.get_program().display(),
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(String::from_utf8(done.stdout)?)
}

/// For its owner alone.
fn write_secret(path: &Path, text: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(true).mode(0o600);
    Ok(options.open(path)?.write_all(text.as_bytes())?)
}
