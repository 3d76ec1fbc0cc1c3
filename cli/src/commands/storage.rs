//! `storage`: what a manager offers.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, Subcommand};
use storagerent::{Caller, DeleteStorage, Description, ModifyStorage, Money, Per, Rate, RegisterStorage, StorageId};

use super::args::{self, PageArgs};
use super::import::ImportArgs;
use crate::cli::Globals;
use crate::failure::Failure;
use crate::site::Site;

#[derive(Debug, Subcommand)]
pub(crate) enum StorageCommand {
    /// Offer a new storage
    Register(RegisterArgs),
    /// Change a storage; reservations already made keep their price
    Modify(ModifyArgs),
    /// Take a storage away, unless anything of it is live or to come; its history stays
    Delete(StorageArg),
    /// Show a storage
    Show(StorageArg),
    /// List storages
    List(PageArgs),
    /// Offer many storages from a CSV file: all of them, or none
    Import(ImportArgs),
}

/// Which storage.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct StorageArg {
    /// The storage
    #[arg(value_name = "ID", value_parser = args::id)]
    id: u64,
}

#[derive(Debug, Args)]
pub(crate) struct RegisterArgs {
    /// What it is called and where it is, 1 to 200 characters
    #[arg(long, value_name = "TEXT")]
    description: String,
    /// What it costs, in major units: 59000, or 189.00
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    price: String,
    /// An ISO 4217 code
    #[arg(long, value_name = "CODE", default_value = "KRW")]
    currency: String,
    /// What the price is for
    #[arg(long, default_value = "rental", value_parser = pers())]
    per: Per,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true))]
pub(crate) struct ModifyArgs {
    #[command(flatten)]
    storage: StorageArg,
    /// A new description
    #[arg(long, value_name = "TEXT", group = "change")]
    description: Option<String>,
    /// A new price, in major units of the currency it has
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true, group = "change")]
    price: Option<String>,
    /// What the price is for
    #[arg(long, value_parser = pers(), group = "change")]
    per: Option<Per>,
    /// Whether it is withdrawn from new reservations
    #[arg(long, value_name = "true|false", group = "change", hide_possible_values = true)]
    withdrawn: Option<bool>,
}

fn pers() -> impl TypedValueParser<Value = Per> {
    let words = [Per::Rental, Per::Day, Per::Month].map(Per::as_str);
    PossibleValuesParser::new(words).try_map(|word| Per::parse(&word))
}

impl StorageCommand {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        match self {
            StorageCommand::Register(args) => args.run(globals),
            StorageCommand::Modify(args) => args.run(globals),
            StorageCommand::Delete(StorageArg { id }) => Site::writing(globals, |site| {
                let command = DeleteStorage { storage_id: StorageId::new(id) };
                site.out.show(&site.app.delete(&Caller::manager(), command)?)
            }),
            StorageCommand::Show(StorageArg { id }) => Site::reading(globals, |site| {
                site.out.show(&site.app.storage(StorageId::new(id))?)?;
                remark_behind(site);
                Ok(())
            }),
            StorageCommand::List(page) => Site::reading(globals, |site| {
                site.out.list(&site.app.storages(page.page())?, page.narrows())?;
                remark_behind(site);
                Ok(())
            }),
            StorageCommand::Import(args) => args.run(globals),
        }
    }
}

pub(super) fn remark_behind(site: &Site) {
    site.remark_behind(
        "storage",
        "the latest rentals may not be in the status yet",
        "마지막 대여가 아직 상태에 반영되지 않았을 수 있습니다",
    );
}

impl RegisterArgs {
    fn run(self, globals: &Globals) -> Result<(), Failure> {
        let rate = Rate::new(Money::parse(&self.price, &self.currency)?, self.per)?;
        let command = RegisterStorage { description: Description::new(&self.description)?, rate };
        Site::writing(globals, |site| site.out.show(&site.app.register(&Caller::manager(), command)?))
    }
}

impl ModifyArgs {
    fn run(self, globals: &Globals) -> Result<(), Failure> {
        let storage_id = StorageId::new(self.storage.id);
        let description = self.description.as_deref().map(Description::new).transpose()?;
        let command =
            ModifyStorage { description, per: self.per, withdrawn: self.withdrawn, ..ModifyStorage::new(storage_id) };
        Site::writing(globals, |site| {
            // The amount is read in the currency the storage has.
            let price = match self.price {
                Some(amount) => {
                    let currency = site.app.storage(storage_id)?.rate.price().currency();
                    Some(Money::parse(&amount, currency.code())?)
                }
                None => None,
            };
            site.out.show(&site.app.modify(&Caller::manager(), ModifyStorage { price, ..command })?)
        })
    }
}
