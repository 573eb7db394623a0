//! `colloquy adopt`: makes one data folder of files that come from several times or places (decision 41).

use std::{path::Path, process::ExitCode};

use anyhow::ensure;

use crate::data_folder::{DataFolder, survey::Survey};

/// Prints what is in the folder, and accepts it.
///
/// # Errors
/// There is no all-in-one system in it, it runs, or a file cannot be read.
pub async fn run(data: &Path) -> anyhow::Result<ExitCode> {
    let nothing = || format!("there is no all-in-one system in {}", data.display());
    ensure!(data.is_dir(), nothing());
    let folder = DataFolder::open(Some(data))?;
    let survey = Survey::of(&folder).await?;
    ensure!(survey.is_of_a_system(), nothing());
    for line in survey.lines() {
        println!("{line}");
    }
    let faults = survey.faults();
    if faults.is_empty() {
        println!("The folder is whole; nothing was changed.");
        return Ok(ExitCode::SUCCESS);
    }
    for fault in faults {
        println!("{fault}.");
    }
    survey.adopt().await?;
    println!(
        "The files are one folder now. What is missing is made empty by the next start, and the views anew from write.db."
    );
    println!(
        "Sessions that have ended since the oldest file may be good again for up to a day: to end all, run `colloquy keys \
         rotate --dir {}` and remove the earlier *.public.pem in its folder session before the next start.",
        data.join("keys").display()
    );
    Ok(ExitCode::SUCCESS)
}
