//! Tasks that nobody owns: nobody is named for them, or whoever is does not work in their grid any more.
//!
//! What enters: what the reader may see. What leaves: how many there are, and the tasks. What never happens here: a list that has
//! to be kept up: grants end by themselves, and what their holders were to do is found when somebody looks.

use std::collections::BTreeSet;

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::ids::{FormCode, UserId};
use gridfold_sync_core::schema::FormMeaning;
use gridfold_sync_core::time::Timestamp;

use crate::node::Node;
use crate::problem::Answer;
use crate::views::{OpenWork, ReadScope, RecordRow};

/// Whose open tasks are nobody's.
#[derive(Debug)]
pub(crate) struct Unowned {
    forms: Vec<FormCode>,
    whose: BTreeSet<OpenWork>,
    /// How many tasks there are.
    pub(crate) total: u64,
}

/// Whether somebody is there to do it: a person who works in the grid, or a name that stands for nobody with an account.
fn is_owned(directory: &Directory, of: &OpenWork, now: Timestamp) -> bool {
    let Some(doer) = &of.doer else { return false };
    let works = |user: UserId| {
        let is_active = directory.user(&user).is_some_and(|user| user.active);
        is_active && directory.works_in(user, &of.grid, now)
    };
    match UserId::parse(doer) {
        Ok(user) => works(user),
        // A company or a neighbour was named, who has no account.
        Err(_) => {
            let mut named = directory.named(doer).peekable();
            named.peek().is_none() || named.any(works)
        }
    }
}

impl Unowned {
    /// Looks through the open tasks that a reader may see.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub(crate) fn look(
        node: &Node,
        directory: &Directory,
        scope: &ReadScope,
        now: Timestamp,
    ) -> Answer<Self> {
        let forms = directory.forms().that_mean(FormMeaning::Task);
        let forms: Vec<FormCode> = forms.into_iter().collect();
        let mut open = node.views.open_work(&forms, scope)?;
        open.retain(|of, _| !is_owned(directory, of, now));
        Ok(Self {
            forms,
            total: open.values().sum(),
            whose: open.into_keys().collect(),
        })
    }

    /// Some of the tasks, what is due first first.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub(crate) fn page(
        &self,
        node: &Node,
        scope: &ReadScope,
        from: (usize, usize),
    ) -> Answer<Vec<RecordRow>> {
        Ok(node
            .views
            .open_of(&self.forms, self.whose.iter(), scope, from)?)
    }
}
