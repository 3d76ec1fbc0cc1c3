//! Processes of the tool: a server, alone or under a supervisor that keeps its socket, and a payment service.

use std::fs::File;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use storagerent::{
    App, Caller, ImportStorages, Money, Options, Rate, RegisterStorage, ReservationId, ReservationStatus, Verified,
};
use tempfile::TempDir;

use super::{Stage, client::Client};

/// So long a process may take to begin or end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a scene is played: a folder of its own.
pub(super) struct Place {
    folder: TempDir,
    tool: PathBuf,
}

/// A running process of the tool; killed when dropped.
pub(super) struct Running {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Place {
    /// A site with so many storages, of 1,000 won each.
    pub(super) fn new(stage: &Stage, storages: usize) -> Result<Self> {
        let place = Place { folder: tempfile::tempdir()?, tool: stage.tool.clone() };
        let rate = Rate::flat(Money::krw(1_000)).map_err(Error::other)?;
        let storage = RegisterStorage { description: "BigStorage".parse().map_err(Error::other)?, rate };
        let app = place.app()?;
        for chunk in vec![storage; storages].chunks(10_000) {
            app.import(&Caller::manager(), ImportStorages { storages: chunk.to_vec() }).map_err(Error::other)?;
        }
        app.run_consumers(u32::MAX).map_err(Error::other)?;
        Ok(place)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The site, without a payment service.
    pub(super) fn app(&self) -> Result<App> {
        storagerent::open_with(self.path("rent.db"), Options::without_gateway()).map_err(Error::other)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Result<String> {
        std::fs::write(self.path(name), text)?;
        Ok(self.path(name).display().to_string())
    }

    /// What the server said on standard error.
    pub(super) fn log(&self) -> Result<String> {
        std::fs::read_to_string(self.path("log"))
    }

    fn logged(&self) -> Result<Stdio> {
        Ok(File::options().create(true).append(true).open(self.path("log"))?.into())
    }

    fn started(&self, mut command: Command) -> Result<Running> {
        command.env("STORAGERENT_DB", self.path("rent.db")).env("LANG", "C");
        let mut child = command.stdout(Stdio::piped()).stderr(self.logged()?).spawn()?;
        let mut said = String::new();
        let stdout = child.stdout.as_mut().ok_or(ErrorKind::BrokenPipe)?;
        BufReader::new(stdout).read_line(&mut said)?;
        let url: serde_json::Value =
            serde_json::from_str(&said).map_err(|_| Error::other(self.log().unwrap_or_default()))?;
        let host =
            url["url"].as_str().unwrap_or_default().trim_start_matches("http://").trim_end_matches('/').to_owned();
        let address = host.parse().map_err(Error::other)?;
        Ok(Running { child, address })
    }

    /// A process of the tool, listening where it likes unless told.
    pub(super) fn run(&self, what: &str, args: &[&str]) -> Result<Running> {
        let mut command = Command::new(&self.tool);
        command.args(["--json", what]).args(args);
        if !args.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        self.started(command)
    }

    /// A server on a socket that this process keeps, as systemd does: whoever connects while none serves waits in it.
    pub(super) fn serve_on(&self, socket: &TcpListener, args: &[&str]) -> Result<Running> {
        let mut command = Command::new("sh");
        // The socket comes as standard input and goes on as the third descriptor, where handed over ones begin.
        command.args(["-c", "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\""]).arg(&self.tool);
        command.args(["--json", "serve"]).args(args).stdin(Stdio::from(OwnedFd::from(socket.try_clone()?)));
        self.started(command)
    }

    /// Everything is as the log says, and these reservations stand.
    pub(super) fn verified(&self, acknowledged: &[u64]) -> Result<Verified> {
        let app = self.app()?;
        let verified = app.verify().map_err(Error::other)?;
        if !verified.ok {
            return Err(Error::other(format!("{:?}", verified.findings)));
        }
        for id in acknowledged {
            let row = app.reservation(ReservationId::new(*id)).map_err(Error::other)?;
            if row.reservation_status != ReservationStatus::Reserved {
                return Err(Error::other(format!(
                    "reservation {id} was acknowledged and is {:?}",
                    row.reservation_status
                )));
            }
        }
        Ok(verified)
    }
}

impl Running {
    pub(super) fn client(&self) -> Client {
        Client::new(self.address, true)
    }

    pub(super) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Told to end, it ends well.
    pub(super) fn end(mut self) -> Result<Duration> {
        let begun = Instant::now();
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        if !told.success() {
            return Err(Error::other("it was gone already"));
        }
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                let mut rest = String::new();
                self.child.stdout.take().map(|mut out| out.read_to_string(&mut rest)).transpose()?;
                return if status.success() {
                    Ok(begun.elapsed())
                } else {
                    Err(Error::other(format!("{status}: {rest}")))
                };
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(ErrorKind::TimedOut.into())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Gone already, if it was killed or ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A path as an argument.
pub(super) fn arg(path: &Path) -> String {
    path.display().to_string()
}
