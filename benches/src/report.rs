//! Tables.

use std::path::Path;

use crate::site::Failure;

/// Makes a table and a picture.
pub fn write(_lines: &Path, _svg: &Path) -> Result<(), Failure> {
    Ok(())
}
