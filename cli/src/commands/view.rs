//! `view`: the one screen.

use clap::Args;
use storagerent::{StorageId, StorageStatus, ViewFilter};

use super::args::{self, PageArgs};
use crate::cli::Globals;
use crate::failure::Failure;
use crate::site::Site;

#[derive(Debug, Args)]
pub(crate) struct ViewArgs {
    /// Only this storage, as one object
    #[arg(value_name = "STORAGE_ID", value_parser = args::id, conflicts_with_all = ["status", "limit", "after"])]
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
            match self.storage_id {
                Some(id) => site.out.show(&site.app.view(StorageId::new(id))?)?,
                None => {
                    let filter = ViewFilter { status: self.status };
                    let narrowed = self.page.narrows() || self.status.is_some();
                    site.out.list(&site.app.views(&filter, self.page.page())?, narrowed)?;
                }
            }
            remark_behind(site);
            Ok(())
        })
    }
}

/// Says, if that is so, that the screen does not show the latest events yet.
fn remark_behind(site: &Site) {
    if site.out.is_json() {
        return;
    }
    let consumers = site.app.consumers().unwrap_or_default();
    let Some(view) = consumers.iter().find(|consumer| consumer.row.name == "view" && consumer.behind > 0) else {
        return;
    };
    let (behind, lang) = (view.behind, site.out.lang());
    let mut sentence = lang.pick(
        format!("not on the screen yet: the last {behind} of the log's events"),
        format!("기록의 마지막 이벤트 {behind}건이 아직 화면에 없습니다"),
    );
    if view.row.paused {
        sentence.push_str(lang.pick(
            "; `storagerent consumer resume view` lets them in",
            ". `storagerent consumer resume view`로 반영하세요",
        ));
    }
    site.out.remark(&sentence);
}
