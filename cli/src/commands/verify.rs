//! `verify`: is everything as the log says? Exits 1 with what was found if not.

use crate::cli::Globals;
use crate::failure::Failure;
use crate::site::Site;

pub(super) fn run(globals: &Globals) -> Result<(), Failure> {
    Site::reading(globals, |site| {
        let verified = site.app.verify()?;
        site.out.show(&verified)?;
        if verified.ok { Ok(()) } else { Err(Failure::Found) }
    })
}
