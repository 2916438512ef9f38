//! `clock`.

use clap::Args;

use super::{Context, Done, say};
use crate::auth::Actor;

#[derive(Debug, Args)]
pub(super) struct Clock {
    /// Say that the machine's clock is right; the server goes by it from then on.
    #[arg(long)]
    confirm: bool,
}

impl Clock {
    pub(super) fn run(self, context: &Context) -> Done {
        let node = context.open()?;
        let reading = if self.confirm {
            node.confirm_clock(Actor::SERVER)?
        } else {
            node.clock_reading()
        };
        node.shutdown();
        say(&format!(
            "the machine's clock: {}",
            reading.machine.to_rfc3339()
        ))?;
        say(&format!(
            "the server goes by:  {}",
            reading.now.to_rfc3339()
        ))?;
        say(match reading.doubt {
            None => "The machine's clock is believed.",
            Some(_) => {
                "The machine's clock is not believed: it jumped. Set it right, or run this with --confirm if it is right. Until then nothing expires, is refused or erased by it."
            }
        })
    }
}
