//! What may not be so in a container that runs: a right that it does not need, and a secret where it can be read.

use std::{fs, path::Path, process::Stdio};

use anyhow::{Context as _, Result, ensure};

use super::{Engine, OUR_IMAGE};

/// Services whose root file system is read-only beside ours.
const READ_ONLY: [&str; 4] = ["nginx", "mongodb", "redis", "mailpit"];
/// Pages for development, which keep the user and the rights of their images.
const DEVELOPMENT: [&str; 2] = ["adminer", "mongo-express"];
const SERVICE: &str = r#"{{index .Config.Labels "com.docker.compose.service"}}"#;
/// What the image's base sets and our Dockerfile does not.
const VARIABLES: [&str; 3] = ["PATH", "SSL_CERT_FILE", "container"];
/// A line of a key file that is shorter is no secret.
const LEAST_SECRET: usize = 16;

/// Looks at each running container as the kernel has it: its user, its capabilities, its root file system. So many are ours.
///
/// # Errors
/// One has more than `compose.yaml` promises.
pub fn rights(engine: &Engine, awaited: usize) -> Result<()> {
    let running = engine.ask(&["ps", "--format", "{{.Names}}"])?;
    let format = format!("{SERVICE} {{{{.ImageName}}}} {{{{.State.Pid}}}}");
    let question = ["inspect", "--format", &format];
    let names: Vec<&str> = running.lines().collect();
    let mut ours = 0;
    for line in engine.ask(&[&question[..], &names].concat())?.lines() {
        let [service, image, pid] = words(line)?;
        if DEVELOPMENT.contains(&service) {
            continue;
        }
        let folder = Path::new("/proc").join(pid);
        let status = fs::read_to_string(folder.join("status"))?;
        let mounts = fs::read_to_string(folder.join("mountinfo"))?;
        let is_ours = image == OUR_IMAGE;
        ours += usize::from(is_ours);
        let is_read_only = is_ours || READ_ONLY.contains(&service);
        judge(&status, &mounts, is_read_only).with_context(|| format!("the service {service}"))?;
    }
    ensure!(
        ours == awaited,
        "{ours} containers of our image run, not {awaited}"
    );
    println!(
        "containers of ours            {ours}, none root, none with a capability, all read-only"
    );
    Ok(())
}

/// Looks for PostgreSQL's password and each private key in the image, in what podman knows of it, and in all logs.
///
/// # Errors
/// One is there.
pub fn secrets(engine: &Engine, password: &str) -> Result<()> {
    let mut secrets = vec![password.to_owned()];
    collect(&engine.volume("keys")?, &mut secrets)?;
    ensure!(secrets.len() > 10, "the volume of the keys holds too few");
    let mut octets = 0;
    for name in engine.containers()? {
        let log = engine.log(&name)?;
        octets += log.len();
        let found = secrets.iter().any(|secret| log.contains(secret));
        ensure!(!found, "the log of {name} holds a secret");
    }
    ensure!(octets > 0, "the containers have written nothing");
    variables(engine)?;
    files(engine)?;
    println!(
        "secrets                       {}, none in the image or in {octets} octets of logs",
        secrets.len()
    );
    Ok(())
}

/// From `/proc/PID/status` and `/proc/PID/mountinfo`.
fn judge(status: &str, mounts: &str, is_read_only: bool) -> Result<()> {
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.map(str::trim).with_context(|| format!("no {name}"))
    };
    let user = field("Uid:")?;
    ensure!(!user.split_whitespace().any(|id| id == "0"), "is root");
    let rights = u64::from_str_radix(field("CapEff:")?, 16)?;
    ensure!(rights == 0, "has the capabilities {rights:#x}");
    ensure!(field("NoNewPrivs:")? == "1", "may gain privileges");
    let root = mounts
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .find(|words| words.get(4) == Some(&"/"))
        .context("no root file system")?;
    let options = root.get(5).copied().unwrap_or_default();
    ensure!(
        !is_read_only || options.split(',').any(|option| option == "ro"),
        "can write to its root file system"
    );
    Ok(())
}

/// Every secret line of the files below a folder.
fn collect(folder: &Path, secrets: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, secrets)?;
        } else if !path.to_string_lossy().ends_with(".public.pem") {
            let text = fs::read_to_string(path)?;
            let lines = text.lines().filter(|line| !line.starts_with("-----"));
            let lines = lines.filter(|line| line.len() >= LEAST_SECRET);
            secrets.extend(lines.map(str::to_owned));
        }
    }
    Ok(())
}

/// The image sets no variable of ours, in which a secret could be.
fn variables(engine: &Engine) -> Result<()> {
    let format = "{{range .Config.Env}}{{println .}}{{end}}";
    let text = engine.ask(&["image", "inspect", "--format", format, OUR_IMAGE])?;
    for line in text.lines().filter(|line| !line.is_empty()) {
        let name = line.split('=').next().unwrap_or(line);
        ensure!(VARIABLES.contains(&name), "the image sets {name}");
    }
    Ok(())
}

/// The image has none of the files that hold secrets.
fn files(engine: &Engine) -> Result<()> {
    let name = "colloquy-image-files";
    engine.ask(&["create", "--name", name, OUR_IMAGE])?;
    let mut export = engine
        .command("podman")
        .args(["export", name])
        .stdout(Stdio::piped())
        .spawn()?;
    let archive = export.stdout.take().context("the output is piped")?;
    let list = std::process::Command::new("tar")
        .arg("-t")
        .stdin(archive)
        .output()?;
    ensure!(export.wait()?.success(), "podman export failed");
    engine.ask(&["rm", name])?;
    let list = String::from_utf8(list.stdout)?;
    ensure!(list.lines().any(|file| file == "colloquy"), "no binary");
    for file in list.lines() {
        let is_secret = [".private.pem", ".key", ".env"]
            .iter()
            .any(|end| file.ends_with(end));
        ensure!(!is_secret, "the image holds {file}");
    }
    Ok(())
}

fn words<const N: usize>(line: &str) -> Result<[&str; N]> {
    let words: Vec<&str> = line.split(' ').collect();
    words
        .try_into()
        .map_err(|_| anyhow::anyhow!("podman says {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tcolloquy\nUid:\t65532\t65532\t65532\t65532\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n";
    const MOUNTS: &str =
        "1 0 0:1 / /proc rw - proc proc rw\n2 1 8:1 /x / ro,relatime - ext4 /dev/sda rw\n";

    #[test]
    fn a_container_without_rights_is_fine() {
        assert!(judge(STATUS, MOUNTS, true).is_ok());
    }

    #[test]
    fn root_a_capability_new_privileges_and_a_file_system_to_write_to_are_found() {
        for (right, wrong) in [
            ("65532\t65532\t65532\t65532", "65532\t0\t65532\t65532"),
            ("0000000000000000", "0000000000000400"),
            ("NoNewPrivs:\t1", "NoNewPrivs:\t0"),
        ] {
            assert!(judge(&STATUS.replace(right, wrong), MOUNTS, true).is_err());
        }
        let writable = MOUNTS.replace("ro,relatime", "rw,relatime");
        assert!(judge(STATUS, &writable, true).is_err());
        assert!(judge(STATUS, &writable, false).is_ok());
    }
}
