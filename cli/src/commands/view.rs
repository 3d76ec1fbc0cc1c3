//! `view`: the one screen.

use clap::Args;
use storagerent::{Error, StorageError, StorageId, StorageStatus, ViewFilter};

use super::args::{self, PageArgs};
use crate::cli::Globals;
use crate::failure::Failure;
use crate::site::Site;

#[derive(Debug, Args)]
pub(crate) struct ViewArgs {
    /// Only this storage, as one object
    #[arg(value_name = "STORAGE_ID", value_parser = args::id, conflicts_with_all = ["limit", "after"])]
    storage_id: Option<u64>,
    /// Only storages in this state
    #[arg(long, value_name = "STATUS", value_parser = args::storage_statuses())]
    status: Option<StorageStatus>,
    #[command(flatten)]
    page: PageArgs,
}

impl ViewArgs {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        Site::reading(globals, |site| {
            let shown = self.show(site);
            super::storage::remark_behind(site);
            // Also where a storage is not on the screen: it may be for that.
            site.remark_behind(
                "view",
                "the latest events are not on the screen yet",
                "마지막 이벤트가 아직 화면에 없습니다",
            );
            shown
        })
    }

    fn show(&self, site: &Site) -> Result<(), Failure> {
        match self.storage_id {
            Some(id) => {
                let row = site.app.view(StorageId::new(id))?;
                if self.status.is_some_and(|status| row.storage_status != status) {
                    return Err(Error::from(StorageError::NotFound { storage_id: row.storage_id }).into());
                }
                site.out.show(&row)
            }
            None => {
                let filter = ViewFilter { status: self.status };
                let narrowed = self.page.narrows() || self.status.is_some();
                site.out.list(&site.app.views(&filter, self.page.page())?, narrowed)
            }
        }
    }
}
