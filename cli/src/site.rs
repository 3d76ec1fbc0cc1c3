//! The site a command works on: opening its file, doing what is due before, and letting consumers and effects run after.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use etcetera::BaseStrategy;
use storagerent::clock::ManualClock;
use storagerent::effect::{Charge, Outcome};
use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::sqlite::SqliteStore;
use storagerent::{
    App, Caller, CustomerId, DrivenStore, Error, Lang, OperationError, Options, Page, PaymentGateway, StoreError,
};

use crate::cli::Globals;
use crate::failure::Failure;
use crate::output::Output;

/// An opened site.
pub(crate) struct Site {
    pub(crate) app: App,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) out: Output,
    /// Why the simulated payment service is not used on this file: it is another one's.
    pub(crate) elsewhere: Option<Error>,
    gateway: Arc<LazyGateway>,
}

/// What a command does to the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Goes on even if what is due cannot be written.
    Reads,
    /// Is refused then.
    Writes,
    /// Does itself what is due.
    IsTheClock,
}

impl Site {
    /// Opens the site and asks it something.
    pub(crate) fn reading<T>(globals: &Globals, f: impl FnOnce(&Site) -> Result<T, Failure>) -> Result<T, Failure> {
        Site::with(globals, Access::Reads, f)
    }

    /// Opens the site and changes something.
    pub(crate) fn writing<T>(globals: &Globals, f: impl FnOnce(&Site) -> Result<T, Failure>) -> Result<T, Failure> {
        Site::with(globals, Access::Writes, f)
    }

    /// Opens the site and does what is due, which is then all there is to do.
    pub(crate) fn ticking<T>(globals: &Globals, f: impl FnOnce(&Site) -> Result<T, Failure>) -> Result<T, Failure> {
        Site::with(globals, Access::IsTheClock, f)
    }

    fn with<T>(globals: &Globals, access: Access, f: impl FnOnce(&Site) -> Result<T, Failure>) -> Result<T, Failure> {
        let (site, is_new) = Site::open(globals)?;
        if is_new && access == Access::Reads {
            site.remark_new(globals);
        }
        let due = match access {
            Access::Reads | Access::Writes => site.app.tick().map(drop),
            Access::IsTheClock => Ok(()),
        };
        let could_write = due.is_ok();
        if access == Access::Writes {
            due?;
        }
        let answer = f(&site);
        if is_new && access == Access::Writes && answer.is_err() {
            site.remark_new(globals);
        }
        if could_write {
            site.catch_up();
        }
        site.remark_books();
        answer
    }

    /// Opens the site; says whether its file is a new one.
    fn open(globals: &Globals) -> Result<(Site, bool), Failure> {
        let path = file(globals)?;
        let is_new = std::fs::metadata(&path).map_or(true, |data| data.len() == 0);
        let store = Arc::new(SqliteStore::open(&path)?);
        let over = |options| storagerent::over(Arc::<SqliteStore>::clone(&store), with_clock(globals, options));
        let gateway = Arc::new(LazyGateway::new(books(&path), globals.payment));
        let (app, elsewhere) = match over(Options::new(Arc::clone(&gateway))) {
            Ok(app) => (app, None),
            // The simulated payment service is not let near another one's money; all else can be seen and done.
            Err(error @ Error::Operation(OperationError::OtherGateway { .. })) => {
                (over(Options::without_gateway())?, Some(error))
            }
            Err(error) => return Err(error.into()),
        };
        let out = globals.output();
        if is_new {
            keep_language(&app, out.lang())?;
        }
        Ok((Site { app, store, out, elsewhere, gateway }, is_new))
    }

    /// Says that there was nothing: a mistyped name would otherwise pass for a site that has nothing in it.
    fn remark_new(&self, globals: &Globals) {
        if let Ok(path) = file(globals) {
            let path = path.display();
            self.out.remark(&self.out.lang().pick(
                format!("there was no site at {path}; this is a new, empty one"),
                format!("{path}에 사이트가 없어 빈 사이트를 새로 만들었습니다"),
            ));
        }
    }

    /// The site for a server: its store is led by a thread of its own, so that no handler blocks. What it is wired with is made
    /// from the simulated payment service, or without it.
    pub(crate) fn serving(
        globals: &Globals,
        wiring: impl FnOnce(&dyn Fn() -> Options) -> Result<Options, Failure>,
    ) -> Result<App, Failure> {
        let path = file(globals)?;
        let simulated = || Options::new(LazyGateway::new(books(&path), globals.payment));
        let wiring = wiring(&simulated)?;
        let is_new = std::fs::metadata(&path).map_or(true, |data| data.len() == 0);
        let store = DrivenStore::new(Arc::new(SqliteStore::open(&path)?)).map_err(|e| Failure::file(&path, e))?;
        let app = storagerent::over(Arc::new(store), with_clock(globals, wiring))?;
        if is_new {
            keep_language(&app, globals.lang())?;
        }
        Ok(app)
    }

    /// Says, if that is so, that this command cannot reach the payment service that has the money of this file.
    pub(crate) fn remark_elsewhere(&self) {
        if self.elsewhere.is_some() {
            self.out.remark(self.out.lang().pick(
                "the payment service of this file is called by its server alone: charges are settled and refunds made while \
                 `storagerent serve` runs",
                "이 파일의 결제 서비스는 서버만 호출합니다. 결제 확인과 환불은 `storagerent serve`가 실행되는 동안 이루어집니다",
            ));
        }
    }

    /// Has the payment service's books made before the first payment is asked for: where there were payments and there are no books,
    /// it is a copy. Should they not open, the charge says so.
    pub(crate) fn open_first_books(&self) -> Result<(), Failure> {
        if self.app.payments(Page::first(1))?.is_empty() {
            let _ = self.gateway.open();
        }
        Ok(())
    }

    /// Says, if that is so, that the payment service's books cannot be used: all it says by itself is that it is away.
    fn remark_books(&self) {
        if self.gateway.misses_books.load(Ordering::Relaxed) {
            let books = self.gateway.books.display();
            self.out.remark(&self.out.lang().pick(
                format!("the payment service's books {books} are not there: refunds, and charges whose outcome is not known, wait for them"),
                format!("결제 서비스의 장부 {books}이(가) 없습니다. 환불과 결과를 모르는 결제가 장부를 기다립니다"),
            ));
        }
        if let Some(error) = &*self.gateway.trouble() {
            let books = self.gateway.books.display();
            self.out.remark(&self.out.lang().pick(
                format!("the payment service's books {books} cannot be used: {error}"),
                format!("결제 서비스의 장부 {books}을(를) 쓸 수 없습니다: {error}"),
            ));
        }
    }

    /// Says, if that is so, that a consumer has not seen the last events yet, and what that means for what is shown.
    pub(crate) fn remark_behind(&self, consumer: &str, en: &str, ko: &str) {
        if self.out.is_json() {
            return;
        }
        let consumers = self.app.consumers().unwrap_or_default();
        let Some(status) = consumers.iter().find(|status| status.row.name == consumer && status.behind > 0) else {
            return;
        };
        let (behind, lang) = (status.behind, self.out.lang());
        let mut sentence = lang.pick(
            format!("{en}: events that consumer {consumer} has not seen: {behind}"),
            format!("{ko}: {consumer} 소비자에게 이벤트 {behind}건이 밀려 있습니다"),
        );
        if status.row.paused {
            sentence.push_str(&lang.pick(
                format!("; it is paused, and `storagerent consumer resume {consumer}` lets it go on"),
                format!(". 멈춰 있으니 `storagerent consumer resume {consumer}`로 다시 돌리세요"),
            ));
        }
        self.out.remark(&sentence);
    }

    /// Lets consumers and effects run. Their trouble is kept with them, and is no trouble of the command's.
    pub(crate) fn catch_up(&self) {
        let _ = self.app.run_consumers(u32::MAX);
        if self.app.run_effects(u32::MAX).is_ok_and(|effects| effects.done + effects.failed > 0) {
            let _ = self.app.run_consumers(u32::MAX);
        }
    }
}

/// With the clock that the command line asks for.
pub(crate) fn with_clock(globals: &Globals, options: Options) -> Options {
    match globals.now {
        Some(now) => options.clock(ManualClock::at(now)),
        None => options,
    }
}

/// A new file speaks to customers in the language it was made in.
fn keep_language(app: &App, lang: Lang) -> Result<(), Failure> {
    if app.settings()?.language != lang {
        app.set(&Caller::manager(), "language", lang.code())?;
    }
    Ok(())
}

/// Who asks: that customer, or the manager.
pub(crate) fn caller(customer: Option<&str>) -> Result<Caller, Failure> {
    Ok(match customer {
        Some(name) => Caller::customer(CustomerId::new(name)?),
        None => Caller::manager(),
    })
}

/// The site's file: the one named, or the one in the data folder, which is made if need be.
pub(crate) fn file(globals: &Globals) -> Result<PathBuf, Failure> {
    if let Some(path) = &globals.db {
        return Ok(path.clone());
    }
    let folders = etcetera::choose_base_strategy().map_err(|_| Failure::NoDataFolder)?;
    let folder = folders.data_dir().join("storagerent");
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder).map_err(|e| Failure::file(&folder, e))?;
    Ok(folder.join("rent.db"))
}

/// The simulated payment service's books: beside the file itself, by whatever name it was found.
pub(crate) fn books(path: &Path) -> PathBuf {
    beside(&std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()), ".books")
}

/// A file beside another one, of the same name and more.
pub(crate) fn beside(path: &Path, more: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(more);
    PathBuf::from(name)
}

/// The simulated payment service, whose books are opened when it is called first: who only looks leaves no file behind.
struct LazyGateway {
    books: PathBuf,
    behaviour: Behaviour,
    opened: OnceLock<SimulatedGateway>,
    /// Why they could not be opened when that was tried last.
    trouble: Mutex<Option<StoreError>>,
    /// Whether books that are not there were asked about money taken before.
    misses_books: AtomicBool,
}

impl LazyGateway {
    fn new(books: PathBuf, behaviour: Behaviour) -> Self {
        let (opened, trouble, misses_books) = (OnceLock::new(), Mutex::default(), AtomicBool::new(false));
        LazyGateway { books, behaviour, opened, trouble, misses_books }
    }

    fn trouble(&self) -> MutexGuard<'_, Option<StoreError>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The service, or why it cannot be called.
    fn open(&self) -> Result<&SimulatedGateway, String> {
        if let Some(gateway) = self.opened.get() {
            return Ok(gateway);
        }
        let opened = match self.behaviour {
            // A service that is down is not reached, nor are its books.
            Behaviour::Down => Ok(SimulatedGateway::in_memory(Behaviour::Down)),
            other => SimulatedGateway::with_books(&self.books, other),
        };
        // Tried anew with each call: a server goes on once they can be opened.
        match opened {
            Ok(gateway) => {
                *self.trouble() = None;
                Ok(self.opened.get_or_init(|| gateway))
            }
            Err(error) => {
                let why = error.to_string();
                *self.trouble() = Some(error);
                Err(why)
            }
        }
    }

    /// Asks about money that may have been taken before. Whoever looks at a copy has no books beside it: new ones would know of none,
    /// swear that it was not taken, and refuse to give it back.
    fn ask_again(&self, f: impl FnOnce(&SimulatedGateway) -> Outcome) -> Outcome {
        if self.behaviour != Behaviour::Down && !self.books.exists() {
            self.misses_books.store(true, Ordering::Relaxed);
            return Outcome::Unavailable { reason: "the payment service's books are not there".to_owned() };
        }
        self.open().map_or_else(|reason| Outcome::Unavailable { reason }, f)
    }
}

impl PaymentGateway for LazyGateway {
    fn name(&self) -> &str {
        "simulated"
    }

    fn charge(&self, charge: &Charge, deadline: Duration) -> Outcome {
        self.open().map_or_else(|reason| Outcome::NotTaken { reason }, |gateway| gateway.charge(charge, deadline))
    }

    fn void(&self, charge: &Charge, deadline: Duration) -> Outcome {
        self.ask_again(|gateway| gateway.void(charge, deadline))
    }

    fn refund(&self, charge: &Charge, deadline: Duration) -> Outcome {
        self.ask_again(|gateway| gateway.refund(charge, deadline))
    }
}
