//! `SHA256SUMS`, the last file of a backup: without it, or with a file that is not as it says, there is no backup.
//!
//! `sha256sum --check SHA256SUMS` reads it as well.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::Path,
};

use anyhow::{Context as _, bail, ensure};
use aws_lc_rs::digest::{Context, SHA256};

/// The name of the file.
pub const NAME: &str = "SHA256SUMS";

/// The digest of each file, in hexadecimal digits, by its path below the folder of the backup.
pub type Sums = BTreeMap<String, String>;

/// The digest of a file.
///
/// # Errors
/// It cannot be read.
pub fn sum(path: &Path) -> io::Result<String> {
    let (mut file, mut context) = (File::open(path)?, Context::new(&SHA256));
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        context.update(&buffer[..read]);
    }
    let digest = context.finish();
    let digits = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    Ok(digits.collect())
}

/// Declares the folder to be a whole backup, on the disk.
///
/// # Errors
/// The file cannot be written.
pub fn write(folder: &Path, sums: &Sums) -> io::Result<()> {
    let unfinished = folder.join(format!("{NAME}.unfinished"));
    let mut file = File::create(&unfinished)?;
    for (path, sum) in sums {
        writeln!(file, "{sum}  {path}")?;
    }
    file.sync_all()?;
    fs::rename(unfinished, folder.join(NAME))?;
    File::open(folder)?.sync_all()
}

/// What a backup consists of.
///
/// # Errors
/// The folder is no whole backup.
pub fn read(folder: &Path) -> anyhow::Result<Sums> {
    let text = match fs::read_to_string(folder.join(NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "{} is no backup, or not all of one: it has no file {NAME}, which is written last",
            folder.display()
        ),
        text => text.with_context(|| format!("{} cannot be read", folder.join(NAME).display()))?,
    };
    let mut sums = Sums::new();
    for line in text.lines() {
        let Some((sum, path)) = line.split_once("  ").filter(|(_, path)| is_below(path)) else {
            bail!("{NAME} has a line that is none of a backup: {line:?}");
        };
        sums.insert(path.to_owned(), sum.to_owned());
    }
    ensure!(
        text.ends_with('\n'),
        "the end of {NAME} is missing: the backup was not copied whole"
    );
    Ok(sums)
}

/// Whether a path leads nowhere but below its folder.
fn is_below(path: &str) -> bool {
    !path.is_empty() && path.split('/').all(|name| !["", ".", ".."].contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leaves_the_folder_is_none_of_a_backup() {
        for path in ["write.db", "keys/session/k1.public.pem"] {
            assert!(is_below(path), "{path}");
        }
        for path in ["", "/etc/passwd", "../write.db", "keys/../../x", "keys//x"] {
            assert!(!is_below(path), "{path}");
        }
    }

    #[test]
    fn what_was_written_is_read_and_a_part_of_it_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a file");
        fs::write(&file, "abc").unwrap();
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sum(&file).unwrap(), of_abc);
        read(folder.path()).unwrap_err();
        let sums = Sums::from([("a file".into(), of_abc.into())]);
        write(folder.path(), &sums).unwrap();
        assert_eq!(read(folder.path()).unwrap(), sums);
        let text = fs::read(folder.path().join(NAME)).unwrap();
        for length in 1..text.len() {
            fs::write(folder.path().join(NAME), &text[..length]).unwrap();
            read(folder.path()).unwrap_err();
        }
    }
}
