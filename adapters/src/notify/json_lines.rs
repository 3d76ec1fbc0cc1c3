//! Messages as lines of JSON in a file, for whoever reads on.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use storagerent_core::effect::Outcome;
use storagerent_core::message::MessageRow;
use storagerent_core::ports::Notifier;
use storagerent_core::shared::Key;

/// Appends a line of JSON per message, on disk before it counts as delivered: the `key`, then the message's fields.
///
/// A repeated delivery is a line with a key that was there before. A line torn by a crash is ended before the next one is
/// written, so a reader skips what is no JSON. Many processes may append to one file.
#[derive(Debug)]
pub struct JsonLines {
    channel: String,
    path: PathBuf,
    file: Mutex<File>,
}

#[derive(Serialize)]
struct Line<'a> {
    key: Key,
    #[serde(flatten)]
    message: &'a MessageRow,
}

impl JsonLines {
    /// A channel of that name that appends to the file, made if it is not there, readable by its owner alone.
    ///
    /// # Errors
    /// When the file cannot be opened for reading and appending.
    pub fn open(channel: impl Into<String>, path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        let mut options = OpenOptions::new();
        options.create(true).append(true).read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        sync_folder(&path)?;
        Ok(JsonLines { channel: channel.into(), path, file: Mutex::new(file) })
    }

    fn append(&self, line: &[u8]) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.lock()?;
        let appended = append_line(&mut file, line);
        file.unlock()?;
        appended
    }
}

impl Notifier for JsonLines {
    fn channel(&self) -> &str {
        &self.channel
    }

    fn deliver(&self, key: Key, message: &MessageRow) -> Outcome {
        let mut line = match serde_json::to_vec(&Line { key, message }) {
            Ok(line) => line,
            Err(error) => return Outcome::Refused { reason: format!("cannot be written as JSON: {error}") },
        };
        line.push(b'\n');
        match self.append(&line) {
            Ok(()) => Outcome::Delivered,
            Err(error) => {
                Outcome::Unavailable { reason: format!("{} cannot be appended to: {error}", self.path.display()) }
            }
        }
    }
}

fn append_line(file: &mut File, line: &[u8]) -> io::Result<()> {
    if !ends_whole(file)? {
        file.write_all(b"\n")?;
    }
    file.write_all(line)?;
    file.flush()?;
    file.sync_data()
}

fn ends_whole(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// A new file's name is in its folder, which a power cut may take back too.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::Value;

    use super::super::message;
    use super::*;

    fn lines(path: &Path) -> Vec<Value> {
        fs::read_to_string(path).unwrap().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    #[test]
    fn a_line_holds_the_key_and_the_message() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("messages.jsonl");
        let channel = JsonLines::open("mail", &path).unwrap();
        assert_eq!(channel.deliver(Key::new(1), &message()), Outcome::Delivered);
        assert_eq!(channel.deliver(Key::new(2), &message()), Outcome::Delivered);
        let lines = lines(&path);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["key"], Key::new(1).to_string());
        assert_eq!((&lines[0]["messageId"], &lines[0]["customer"]), (&7.into(), &"kim".into()));
        assert_eq!(lines[0]["content"], message().content, "data is not changed");
    }

    #[test]
    fn a_torn_line_is_ended_before_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("messages.jsonl");
        JsonLines::open("mail", &path).unwrap().deliver(Key::new(1), &message());
        let whole = fs::read_to_string(&path).unwrap();
        for torn_at in 1..whole.trim_end().len() {
            if !whole.is_char_boundary(torn_at) {
                continue;
            }
            fs::write(&path, &whole[..torn_at]).unwrap();
            let channel = JsonLines::open("mail", &path).unwrap();
            assert_eq!(channel.deliver(Key::new(1), &message()), Outcome::Delivered);
            assert_eq!(channel.deliver(Key::new(2), &message()), Outcome::Delivered);
            assert_eq!(lines(&path).len(), 2, "torn at {torn_at}");
        }
    }

    #[test]
    fn what_many_append_at_once_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("messages.jsonl");
        std::thread::scope(|s| {
            for n in 0..8 {
                let path = &path;
                s.spawn(move || {
                    let channel = JsonLines::open("mail", path).unwrap();
                    (0..5).for_each(|key| {
                        channel.deliver(Key::new(n * 5 + key), &message());
                    });
                });
            }
        });
        let keys: std::collections::BTreeSet<_> = lines(&path).iter().map(|line| line["key"].to_string()).collect();
        assert_eq!((keys.len(), lines(&path).len()), (40, 40));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_readable_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("messages.jsonl");
        JsonLines::open("mail", &path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(JsonLines::open("mail", folder.path().join("no/such/folder")).is_err());
    }
}
