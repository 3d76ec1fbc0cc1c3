//! `available`: what is free, and what it would cost.

use clap::Args;
use storagerent::{InvalidValue, Money};

use super::args::{PageArgs, PeriodArgs};
use crate::cli::Globals;
use crate::failure::Failure;
use crate::site::Site;

#[derive(Debug, Args)]
#[command(after_help = "Storages priced by the day are listed only with --until: open-ended they have no price.")]
pub(crate) struct AvailableArgs {
    #[command(flatten)]
    period: PeriodArgs,
    /// Only what costs at most this much in all, in major units of its own currency
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    max_price: Option<String>,
    #[command(flatten)]
    page: PageArgs,
}

impl AvailableArgs {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let (from, until) = self.period.days()?;
        let max_price = self.max_price.as_deref().map(amount).transpose()?;
        let page = self.page;
        // Without any filter an empty list says that the whole site is taken, or empty.
        Site::reading(globals, |site| {
            let free = site.app.available(from, until, max_price, page.page())?;
            site.out.list(&free, page.narrows() || max_price.is_some())?;
            if free.is_empty() && until.is_none() && !site.out.is_json() {
                site.out.remark(&site.out.lang().pick(
                    "storages priced by the day are listed only with --until".to_owned(),
                    "일 단위 창고는 --until을 주어야 보입니다".to_owned(),
                ));
            }
            Ok(())
        })
    }
}

/// An amount of some currency: digits, and at most one point between them.
fn amount(raw: &str) -> Result<&str, InvalidValue> {
    let raw = raw.trim();
    let (whole, fraction) = raw.split_once('.').unwrap_or((raw, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if digits(whole) && digits(fraction) {
        // Whether it is too large for any price is told by this option's name.
        let of_any_price = Money::parse_down(raw, "KRW");
        return of_any_price.map(|_| raw).map_err(|e| InvalidValue::new("max-price", e.reason, e.reason_ko));
    }
    Err(InvalidValue::new(
        "max-price",
        format!("{raw:?} is no amount; an amount is a plain number such as 200000 or 189.00"),
        format!("{raw:?}은(는) 금액이 아닙니다. 200000 또는 189.00처럼 쓰세요"),
    ))
}
