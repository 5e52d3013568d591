//! `kubectl oauthclient`: explains clients and an installation, and does the few things that only a person may decide.
//!
//! Each verb reads with the rights of whoever calls it; a pure function turns what was read into what is said, or into
//! what would be done; and that is printed or, after a question, done. No rule of the operator is repeated here: records
//! are decoded, judged and written by the code that the operator uses, and whose move it is stands in its messages.

pub mod adopt;
pub mod args;
pub mod console;
pub mod discharge;
mod doctor;
mod installation;
pub mod ledger;
mod moves;
mod owed;
mod pending;
mod reach;
mod servers;
mod status;
mod table;
#[cfg(test)]
mod testing;

use self::args::{Cli, Verb};
use self::console::Console;
use self::reach::Reach;

/// Does what the command line says. Whether all is well: only `doctor` ever says that it is not.
pub async fn run(cli: &Cli, console: &mut dyn Console) -> anyhow::Result<bool> {
    let reach = Reach::by(&cli.way).await?;
    match &cli.verb {
        Verb::Status(arguments) => status::run(&reach, arguments, console).await?,
        Verb::Pending(arguments) => pending::run(&reach, arguments, console).await?,
        Verb::Discharge(arguments) => discharge::run(&reach, arguments, console).await?,
        Verb::AdoptLedger(arguments) => adopt::run(&reach, arguments, console).await?,
        Verb::Doctor(arguments) => return doctor::run(&reach, arguments, console).await,
    }
    Ok(true)
}
