//! Whether the files of a data folder belong together (decision 41). Pure.
//!
//! A start may be killed at any point, and the folder must open again:
//!
//! ```text
//! first start      every file is given the id at epoch 0, before any table of a service is made
//! previous release every file is given the id at epoch 0
//! each start       then the epoch of every file is raised by one; of files that differ, only those behind are raised
//! ```
//!
//! So a file may be missing only where no file is used yet, and a used file may lack the id only while every other is at
//! epoch 0.

use std::{collections::BTreeMap, fmt};

use super::mark::Mark;

/// The files. The last one can be made from the one before it.
pub const NAMES: [&str; 5] = ["accounts.db", "sessions.db", "mail.db", WRITE, VIEWS];
/// The one that the views are made from.
pub const WRITE: &str = "write.db";
/// The one that can be made again.
pub const VIEWS: &str = "views.db";
/// Those that exist nowhere else.
pub const TRUTH: usize = NAMES.len() - 1;

/// A file as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Missing,
    /// No SQLite file, or not all of one.
    Broken(String),
    Whole {
        mark: Option<Mark>,
        /// Whether a service has made its tables.
        is_used: bool,
    },
}

/// What to do with a folder that is whole.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The mark of the files; none if none has one.
    pub mark: Option<Mark>,
    /// Whether the views are not of these files, and are to be made again.
    pub remake_views: bool,
}

/// A file that keeps the folder from being whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub file: &'static str,
    pub what: String,
}

/// # Errors
/// The files that are missing or belong elsewhere.
pub fn judge(states: &[State; NAMES.len()]) -> Result<Verdict, Vec<Fault>> {
    let is_new = !states.iter().any(State::is_used);
    let mark = reference(&states[..TRUTH]);
    let faults: Vec<_> = NAMES
        .iter()
        .zip(&states[..TRUTH])
        .filter_map(|(file, state)| {
            let what = state.fault(mark.as_ref(), is_new)?;
            Some(Fault { file, what })
        })
        .collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    let views = &states[TRUTH];
    let is_ahead = |mark: &Mark| views.mark().is_some_and(|views| views.epoch > mark.epoch);
    let remake_views =
        views.fault(mark.as_ref(), is_new).is_some() || mark.as_ref().is_some_and(is_ahead);
    Ok(Verdict { mark, remake_views })
}

/// The marks that a start writes, one file after the other. Only what a start that was killed has left behind is raised,
/// so that no number of them puts a file two behind.
pub fn writes(states: &[State; NAMES.len()], folder: &Mark) -> Vec<(usize, Mark)> {
    let marked = |state: &State| state.mark().cloned().unwrap_or_else(|| folder.clone());
    let is_behind = |mark: &Mark| mark.epoch < folder.epoch;
    let is_complete = !states.iter().map(marked).any(|mark| is_behind(&mark));
    let raised = Mark {
        epoch: folder.epoch + i64::from(is_complete),
        ..folder.clone()
    };
    let files = || states.iter().enumerate();
    let given = files().filter(|(_, state)| state.mark().is_none());
    let given = given.map(|(place, _)| (place, folder.clone()));
    let raises = files().filter(|(_, state)| is_complete || is_behind(&marked(state)));
    given
        .chain(raises.map(|(place, _)| (place, raised.clone())))
        .collect()
}

/// The folder that most files say they belong to, the first of two equally frequent, and its highest epoch.
fn reference(states: &[State]) -> Option<Mark> {
    let mut epochs: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for mark in states.iter().filter_map(State::mark) {
        epochs.entry(&mark.folder).or_default().push(mark.epoch);
    }
    let most = epochs.values().map(Vec::len).max()?;
    let marks = states.iter().filter_map(State::mark);
    let mut frequent = marks.filter(|mark| epochs[mark.folder.as_str()].len() == most);
    let folder = frequent.next()?.folder.clone();
    let epoch = *epochs[folder.as_str()].iter().max()?;
    Some(Mark { folder, epoch })
}

impl State {
    /// What the file says of its folder.
    pub fn mark(&self) -> Option<&Mark> {
        match self {
            Self::Whole { mark, .. } => mark.as_ref(),
            Self::Missing | Self::Broken(_) => None,
        }
    }

    fn is_used(&self) -> bool {
        matches!(self, Self::Whole { is_used: true, .. } | Self::Broken(_))
    }

    /// Why the file does not belong to the folder with that mark.
    fn fault(&self, folder: Option<&Mark>, is_new: bool) -> Option<String> {
        let epoch = folder.map_or(0, |folder| folder.epoch);
        match self {
            Self::Missing => (!is_new).then(|| "is missing".into()),
            Self::Broken(why) => Some(format!("cannot be read ({why})")),
            Self::Whole {
                mark: None,
                is_used: false,
            } => (!is_new).then(|| "is empty".into()),
            Self::Whole {
                mark: None,
                is_used: true,
            } => (epoch > 0).then(|| "is older than the rest".into()),
            Self::Whole {
                mark: Some(mark), ..
            } => match folder {
                Some(folder) if folder.folder != mark.folder => {
                    Some("belongs to another data folder".into())
                }
                _ if mark.epoch + 1 < epoch => Some(format!(
                    "is older than the rest (start {} of {epoch})",
                    mark.epoch
                )),
                _ => None,
            },
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing"),
            Self::Broken(why) => write!(f, "cannot be read ({why})"),
            Self::Whole {
                mark: Some(mark), ..
            } => {
                write!(f, "of the folder {}, start {}", mark.folder, mark.epoch)
            }
            Self::Whole {
                mark: None,
                is_used,
            } => f.write_str(if *is_used {
                "of an earlier release"
            } else {
                "empty"
            }),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.file, self.what)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    type States = [State; NAMES.len()];

    fn mark(folder: &str, epoch: i64) -> Mark {
        Mark {
            folder: folder.into(),
            epoch,
        }
    }

    fn used(mark: Option<Mark>) -> State {
        State::Whole {
            mark,
            is_used: true,
        }
    }

    /// Five used files of one folder.
    fn whole(epoch: i64) -> States {
        [(); NAMES.len()].map(|()| used(Some(mark("ours", epoch))))
    }

    fn with(mut states: States, place: usize, state: State) -> States {
        states[place] = state;
        states
    }

    /// What a start leaves that is killed after each of its steps, and last what it leaves when it is not.
    fn steps(mut states: States) -> Vec<States> {
        let verdict = judge(&states).unwrap_or_else(|faults| panic!("{faults:?}: {states:?}"));
        if verdict.remake_views {
            states[TRUTH] = State::Missing;
        }
        let folder = verdict.mark.unwrap_or_else(|| mark("ours", 0));
        let mut steps = vec![states.clone()];
        for (place, mark) in writes(&states, &folder) {
            let is_used = states[place].is_used();
            states[place] = State::Whole {
                mark: Some(mark),
                is_used,
            };
            steps.push(states.clone());
        }
        for place in 0..states.len() {
            states[place] = used(states[place].mark().cloned());
            steps.push(states.clone());
        }
        steps
    }

    #[test]
    fn b03_a_start_that_is_killed_at_any_point_leaves_a_folder_that_opens() {
        let nothing = [(); NAMES.len()].map(|()| State::Missing);
        let of_before = [(); NAMES.len()].map(|()| used(None));
        let empty = State::Whole {
            mark: None,
            is_used: false,
        };
        let mut reached: Vec<_> = vec![
            with(nothing.clone(), 0, empty),
            nothing,
            with(of_before.clone(), TRUTH, State::Missing),
            of_before,
            with(whole(7), TRUTH, State::Missing),
            with(whole(7), TRUTH, used(Some(mark("theirs", 9)))),
            whole(7),
        ];
        let mut known = BTreeSet::new();
        for _ in 0..4 {
            reached = reached.into_iter().flat_map(steps).collect();
            reached.retain(|states| known.insert(format!("{states:?}")));
        }
        assert!(known.len() > 100, "{}", known.len());
    }

    #[test]
    fn b03_each_start_raises_the_epoch_of_every_file_to_the_same() {
        for states in [whole(7), with(whole(7), 2, used(Some(mark("ours", 6))))] {
            let highest = if states == whole(7) { 8 } else { 7 };
            assert_eq!(steps(states).pop(), Some(whole(highest)));
        }
    }

    #[test]
    fn b03_what_is_missing_or_belongs_elsewhere_is_named() {
        for (what, place, state) in [
            ("is missing", 0, State::Missing),
            ("is missing", 3, State::Missing),
            (
                "is empty",
                1,
                State::Whole {
                    mark: None,
                    is_used: false,
                },
            ),
            ("is older than the rest", 0, used(None)),
            (
                "is older than the rest (start 5 of 7)",
                2,
                used(Some(mark("ours", 5))),
            ),
            (
                "belongs to another data folder",
                3,
                used(Some(mark("theirs", 7))),
            ),
            (
                "cannot be read (it is cut)",
                3,
                State::Broken("it is cut".into()),
            ),
        ] {
            let states = with(whole(7), place, state);
            let faults = judge(&states).unwrap_err();
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert_eq!(faults[0].to_string(), format!("{} {what}", NAMES[place]));
        }
        let of_before = [(); NAMES.len()].map(|()| used(None));
        assert!(judge(&with(of_before, 1, State::Missing)).is_err());
        let ahead = [9, 5, 5, 5, 5].map(|epoch| used(Some(mark("ours", epoch))));
        assert_eq!(judge(&ahead).unwrap_err().len(), 3);
        let being_given_its_id = [0, 0].map(|epoch| used(Some(mark("ours", epoch))));
        let [one, other] = being_given_its_id;
        let states = [one, other, State::Missing, used(None), used(None)];
        assert!(judge(&states).is_err());
    }

    #[test]
    fn b03_only_views_that_are_not_of_the_other_files_are_made_again() {
        let of = |epoch| used(Some(mark("ours", epoch)));
        for (views, remade) in [
            (of(7), false),
            (of(6), false),
            (of(5), true),
            (of(8), true),
            (used(None), true),
            (used(Some(mark("theirs", 7))), true),
            (State::Missing, true),
            (State::Broken("it is cut".into()), true),
        ] {
            let states = with(whole(7), TRUTH, views);
            assert_eq!(judge(&states).unwrap().remake_views, remade, "{states:?}");
        }
    }
}
