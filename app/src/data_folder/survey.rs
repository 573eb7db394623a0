//! The files of a data folder: looked at, and then opened as one whole, or refused (decision 41).

use std::io::ErrorKind;

use anyhow::Context as _;
use colloquy_chassis::answer::chain;
use colloquy_chat_command::write_store::SqliteWriteStore;
use colloquy_customer::customer_store::{SqlCustomerStore, number_above};
use colloquy_event_log::SqliteOutbox;
use colloquy_sql::{
    StoreError,
    sqlite::{Durability, SqliteDatabase},
};
use uuid::Uuid;

use super::{
    DataFolder,
    mark::{self, Mark},
    verdict::{self, Fault, NAMES, State, TRUTH, VIEWS, Verdict, judge},
};

/// All files of a folder, as [`NAMES`] has them.
pub type Files = [SqliteDatabase; NAMES.len()];

/// What was found in a folder. Nothing in it has changed yet.
pub struct Survey<'a> {
    folder: &'a DataFolder,
    states: [State; NAMES.len()],
    /// Those that could be opened.
    databases: [Option<SqliteDatabase>; NAMES.len()],
}

/// Why a folder is not opened.
#[derive(Debug, thiserror::Error)]
#[error(
    "the data folder {folder} is not whole: {}; put every file back from one backup, or accept the folder as it is \
     with `colloquy adopt --data {folder}`",
    list(.faults)
)]
pub struct NotWhole {
    folder: String,
    faults: Vec<Fault>,
}

impl<'a> Survey<'a> {
    /// Looks at every file.
    ///
    /// # Errors
    /// A file cannot be opened for now: the disk is full or fails, or another process holds it.
    pub async fn of(folder: &'a DataFolder) -> anyhow::Result<Self> {
        let mut survey = Self {
            folder,
            states: [const { State::Missing }; NAMES.len()],
            databases: [const { None }; NAMES.len()],
        };
        for (place, name) in NAMES.iter().enumerate() {
            let found = survey.look_at(name).await;
            (survey.states[place], survey.databases[place]) =
                found.with_context(|| format!("{name} cannot be opened"))?;
        }
        Ok(survey)
    }

    async fn look_at(&self, name: &str) -> anyhow::Result<(State, Option<SqliteDatabase>)> {
        let path = self.folder.join(name);
        // SQLite would throw away the write-ahead log of a file of no length.
        let length = match path.metadata() {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            // Another user's folder holds a system all the same.
            Err(error) => return Err(error.into()),
        };
        if length == 0 {
            return Ok((State::Missing, None));
        }
        self.folder.close_to_others(name);
        let has_log = mark::has_log(&path);
        let looked = async {
            let database = SqliteDatabase::open(&path, durability(name)).await?;
            let state = if !has_log && mark::is_cut(&database, length).await? {
                State::Broken("its end is missing".into())
            } else {
                State::Whole {
                    mark: Mark::read(&database).await?,
                    is_used: mark::is_used(&database).await?,
                }
            };
            Ok((state, Some(database)))
        };
        match looked.await {
            Err(error @ StoreError::Defect(_)) => {
                let why = chain(&error);
                Ok((State::Broken(why), None))
            }
            outcome => Ok(outcome?),
        }
    }

    /// What was found, a line for each file.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let lines = NAMES.iter().zip(&self.states);
        lines.map(|(name, state)| format!("{name:<12}{state}"))
    }

    /// The files that could be opened.
    pub fn databases(&self) -> impl Iterator<Item = (&'static str, &SqliteDatabase)> {
        let named = NAMES.iter().zip(&self.databases);
        named.filter_map(|(name, database)| Some((*name, database.as_ref()?)))
    }

    /// Whether there is anything in the folder.
    pub fn is_of_a_system(&self) -> bool {
        self.states.iter().any(|state| *state != State::Missing)
    }

    /// What keeps the folder from being whole.
    pub fn faults(&self) -> Vec<Fault> {
        judge(&self.states).err().unwrap_or_default()
    }

    /// Whether the folder is whole.
    ///
    /// # Errors
    /// It is not.
    pub fn whole(&self) -> Result<Verdict, NotWhole> {
        judge(&self.states).map_err(|faults| NotWhole {
            folder: self.folder.path().display().to_string(),
            faults,
        })
    }

    /// Opens a whole folder, and raises its epoch. The files of a new one are made, and views that are not of its other
    /// files.
    ///
    /// # Errors
    /// The folder is not whole, or a file cannot be written.
    pub async fn open(mut self) -> anyhow::Result<Files> {
        let Verdict { mark, remake_views } = self.whole()?;
        if remake_views {
            self.set_views_aside().await?;
        }
        let mark = mark.unwrap_or_else(new_mark);
        let lacks_something = self.warns_of_what_is_behind(&mark);
        let writes = verdict::writes(&self.states, &mark);
        let files = self.into_files().await?;
        if lacks_something {
            number_accounts_above(&files).await?;
        }
        for (place, mark) in writes {
            write(&mark, &files[place], NAMES[place]).await?;
        }
        Ok(files)
    }

    /// Makes one folder of the files as they are: a new id for all, and new files for those that are missing. The views
    /// are set aside, and made again by the next start.
    ///
    /// # Errors
    /// A file that exists nowhere else cannot be read, or one cannot be written.
    pub async fn adopt(mut self) -> anyhow::Result<()> {
        for (name, state) in NAMES.iter().zip(&self.states[..TRUTH]) {
            if let State::Broken(why) = state {
                anyhow::bail!(
                    "{name} cannot be read ({why}); put the file of a backup in its place, or remove it to go on without"
                );
            }
        }
        self.set_views_aside().await?;
        let mark = Mark {
            epoch: 1,
            ..new_mark()
        };
        let files = self.into_files().await?;
        number_accounts_above(&files).await?;
        for (file, name) in files.iter().zip(NAMES) {
            write(&mark, file, name).await?;
            file.close().await;
        }
        Ok(())
    }

    /// Gives a new id to the files of a whole folder that nothing uses. Views that are missing, or not of the other files,
    /// stay so.
    ///
    /// # Errors
    /// The folder is not whole, or a file cannot be written.
    pub async fn renew(self) -> anyhow::Result<()> {
        let Verdict { remake_views, .. } = self.whole()?;
        let Mark { folder, epoch } = new_mark();
        for (state, (name, database)) in self.states.iter().zip(NAMES.iter().zip(&self.databases)) {
            let Some(database) = database else { continue };
            if *name != VIEWS || !remake_views {
                let mark = Mark {
                    folder: folder.clone(),
                    epoch: state.mark().map_or(epoch, |mark| mark.epoch),
                };
                write(&mark, database, name).await?;
            }
            database.close().await;
        }
        Ok(())
    }

    /// Makes those that are missing.
    async fn into_files(self) -> anyhow::Result<Files> {
        let mut files = Vec::with_capacity(NAMES.len());
        for (name, database) in NAMES.iter().zip(self.databases) {
            files.push(match database {
                Some(file) => file,
                None => SqliteDatabase::open(&self.folder.join(name), durability(name))
                    .await
                    .with_context(|| format!("{name} cannot be opened"))?,
            });
        }
        Ok(files.try_into().expect("one for each name"))
    }

    fn warns_of_what_is_behind(&self, folder: &Mark) -> bool {
        let is_behind = |state: &State| state.mark().is_some_and(|mark| mark.epoch < folder.epoch);
        for (name, state) in NAMES.iter().zip(&self.states) {
            if is_behind(state) {
                tracing::warn!(
                    file = name,
                    "a file is one start behind the others, as after a start that was killed; a file of a backup lacks \
                     what came after it"
                );
            }
        }
        self.states.iter().any(is_behind)
    }

    /// What they hold may be the last copy of something, so nothing is deleted.
    async fn set_views_aside(&mut self) -> anyhow::Result<()> {
        if let Some(views) = self.databases[TRUTH].take() {
            views.close().await;
        }
        if std::mem::replace(&mut self.states[TRUTH], State::Missing) != State::Missing {
            set_views_aside(self.folder)?;
        }
        Ok(())
    }
}

/// Puts empty views in the place of those, which nothing else has open, and keeps what they hold.
///
/// # Errors
/// A file cannot be renamed or made.
pub async fn remake_views(
    folder: &DataFolder,
    views: &SqliteDatabase,
) -> anyhow::Result<SqliteDatabase> {
    let mark = Mark::read(views).await?;
    views.close().await;
    set_views_aside(folder)?;
    let views = SqliteDatabase::open(&folder.join(VIEWS), durability(VIEWS)).await?;
    if let Some(mark) = mark {
        mark.write(&views).await?;
    }
    Ok(views)
}

fn set_views_aside(folder: &DataFolder) -> anyhow::Result<()> {
    let aside = folder.set_aside(VIEWS)?;
    tracing::warn!(file = %aside, "the views were set aside, and are made again from write.db");
    Ok(())
}

/// `accounts.db` may lack accounts that rooms know: a new account must not find itself in those rooms.
async fn number_accounts_above([accounts, _, _, write, _]: &Files) -> anyhow::Result<()> {
    let outbox = SqliteOutbox::open(write.clone()).await?;
    let highest = SqliteWriteStore::open(outbox)
        .await?
        .highest_customer()
        .await?;
    SqlCustomerStore::open(accounts.clone()).await?;
    Ok(number_above(accounts, highest).await?)
}

fn new_mark() -> Mark {
    Mark {
        folder: Uuid::new_v4().to_string(),
        epoch: 0,
    }
}

fn durability(name: &str) -> Durability {
    if name == VIEWS {
        Durability::Rebuildable
    } else {
        Durability::Full
    }
}

async fn write(mark: &Mark, file: &SqliteDatabase, name: &str) -> anyhow::Result<()> {
    let written = mark.write(file).await;
    written.with_context(|| format!("{name} cannot be written"))
}

fn list(faults: &[Fault]) -> String {
    let faults: Vec<_> = faults.iter().map(Fault::to_string).collect();
    faults.join(", ")
}
