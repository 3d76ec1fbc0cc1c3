//! `status`: how the site is, at a glance.

use crate::cli::Globals;
use crate::failure::Failure;
use crate::site::Site;

pub(super) fn run(globals: &Globals) -> Result<(), Failure> {
    Site::reading(globals, |site| site.out.show(&site.app.status()?))
}
