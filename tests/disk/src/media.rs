//! One file on the disk: what the running system sees of it, what is on the medium, and what is on its way there.

use crate::dice::Dice;

/// The system holds files in pages: written to again, a page is on its way again with all that is on it.
const PAGE_BYTES: usize = 4_096;

/// Within a sector a write is whole or not at all; a write of several may be torn between them.
const SECTOR_BYTES: usize = 512;

/// What becomes of writes that were not synced when the power is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// None reached the medium.
    Dropped,
    /// All did.
    Kept,
    /// The first ones did, the last of these torn.
    Prefix,
    /// Each was lost, kept or torn by itself, in whatever order.
    Any,
}

impl Mix {
    /// All of them, the extremes first.
    pub const ALL: [Mix; 4] = [Mix::Dropped, Mix::Kept, Mix::Prefix, Mix::Any];
}

#[derive(Debug, Clone)]
struct Change {
    what: What,
    /// A sync of it failed, and the system forgot that it is not on the medium: no later sync takes it along.
    stranded: bool,
}

#[derive(Debug, Clone)]
enum What {
    Write { at: usize, bytes: Vec<u8> },
    Truncate { len: usize },
}

/// A file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Media {
    now: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

impl Media {
    /// A file that is on the medium as a whole.
    pub(crate) fn settled(bytes: Vec<u8>) -> Self {
        Media { now: bytes.clone(), durable: bytes, pending: Vec::new() }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.now
    }

    pub(crate) fn len(&self) -> usize {
        self.now.len()
    }

    /// Fills the buffer from a place on; what lies beyond the end is zeros. Answers whether all of it was there.
    pub(crate) fn read(&self, at: usize, into: &mut [u8]) -> bool {
        let there = self.now.get(at..).unwrap_or_default();
        let count = there.len().min(into.len());
        into[..count].copy_from_slice(&there[..count]);
        into[count..].fill(0);
        count == into.len()
    }

    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        put(&mut self.now, at, bytes);
        let mut from = 0;
        while from < bytes.len() {
            let page = (at + from) / PAGE_BYTES;
            let until = ((page + 1) * PAGE_BYTES - at).min(bytes.len());
            let on_page = |what: &What| matches!(what, What::Write { at, .. } if at / PAGE_BYTES == page);
            self.pending.iter_mut().filter(|change| on_page(&change.what)).for_each(|change| change.stranded = false);
            let what = What::Write { at: at + from, bytes: bytes[from..until].to_owned() };
            self.pending.push(Change { what, stranded: false });
            from = until;
        }
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.now.truncate(len);
        self.pending.push(Change { what: What::Truncate { len }, stranded: false });
    }

    /// Brings to the medium what is on its way there.
    pub(crate) fn sync(&mut self) {
        let mut stranded = Vec::new();
        for change in std::mem::take(&mut self.pending) {
            match change.what {
                What::Write { .. } if change.stranded => stranded.push(change),
                What::Write { at, bytes } => put(&mut self.durable, at, &bytes),
                What::Truncate { len } => {
                    self.durable.truncate(len);
                    // What lay beyond the new end is gone from the system too, and cannot arrive any more.
                    stranded.retain(|change| matches!(change.what, What::Write { at, .. } if at < len));
                }
            }
        }
        self.pending = stranded;
    }

    /// A sync failed: what was on its way may never arrive, though later syncs succeed. Lengths are kept apart, and not forgotten.
    pub(crate) fn strand(&mut self) {
        for change in &mut self.pending {
            change.stranded = matches!(change.what, What::Write { .. });
        }
    }

    /// What is on the medium after a power cut.
    pub(crate) fn after_cut(&self, mix: Mix, dice: &mut Dice) -> Vec<u8> {
        let mut left = self.durable.clone();
        let whole = match mix {
            Mix::Prefix => dice.below(self.pending.len() as u64 + 1) as usize,
            Mix::Dropped | Mix::Kept | Mix::Any => 0,
        };
        for (n, change) in self.pending.iter().enumerate() {
            let fate = match mix {
                Mix::Dropped => Fate::Lost,
                Mix::Kept => Fate::Kept,
                Mix::Prefix if n < whole => Fate::Kept,
                Mix::Prefix if n == whole => Fate::Torn,
                Mix::Prefix => Fate::Lost,
                Mix::Any => *dice.pick(&[Fate::Lost, Fate::Kept, Fate::Torn]),
            };
            match (&change.what, fate) {
                (_, Fate::Lost) => {}
                (What::Write { at, bytes }, Fate::Kept) => put(&mut left, *at, bytes),
                (What::Write { at, bytes }, Fate::Torn) => tear(&mut left, *at, bytes, dice),
                (What::Truncate { len }, Fate::Kept | Fate::Torn) => left.truncate(*len),
            }
        }
        left
    }
}

#[derive(Debug, Clone, Copy)]
enum Fate {
    Lost,
    Kept,
    Torn,
}

fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}

/// Puts some of the sectors a write touches.
fn tear(file: &mut Vec<u8>, at: usize, bytes: &[u8], dice: &mut Dice) {
    let mut from = 0;
    while from < bytes.len() {
        let until = ((at + from) / SECTOR_BYTES * SECTOR_BYTES + SECTOR_BYTES - at).min(bytes.len());
        if dice.one_in(2) {
            put(file, at + from, &bytes[from..until]);
        }
        from = until;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_synced_is_sure_to_be_there_after_a_cut() {
        let mut media = Media::settled(b"old".to_vec());
        media.write(0, b"new and longer");
        let mut dice = Dice::new(1);
        assert_eq!(media.after_cut(Mix::Dropped, &mut dice), b"old");
        assert_eq!(media.after_cut(Mix::Kept, &mut dice), b"new and longer");
        media.sync();
        assert_eq!(media.after_cut(Mix::Dropped, &mut dice), b"new and longer");
    }

    #[test]
    fn a_torn_write_is_torn_between_sectors_only() {
        let mut media = Media::settled(vec![0; 4 * SECTOR_BYTES]);
        media.write(100, &[1; 3 * SECTOR_BYTES]);
        let mut dice = Dice::new(7);
        let images: Vec<_> = (0..50).map(|_| media.after_cut(Mix::Any, &mut dice)).collect();
        for image in &images {
            for (n, sector) in image.chunks(SECTOR_BYTES).enumerate() {
                let written = if n == 0 {
                    &sector[100..]
                } else if n == 3 {
                    &sector[..100]
                } else {
                    sector
                };
                assert!(written.iter().all(|byte| *byte == written[0]), "sector {n} is torn");
            }
        }
        assert!(images.iter().any(|image| image[SECTOR_BYTES] != image[2 * SECTOR_BYTES]), "some are torn");
    }

    #[test]
    fn what_a_failed_sync_left_behind_a_later_sync_does_not_bring_unless_written_again() {
        let mut media = Media::settled(vec![0; 8]);
        let mut dice = Dice::new(1);
        media.write(0, &[1; 4]);
        media.strand();
        media.write(PAGE_BYTES, &[2; 4]);
        media.sync();
        let first = |media: &Media, mix, dice: &mut Dice| media.after_cut(mix, dice)[..8].to_vec();
        assert_eq!(first(&media, Mix::Dropped, &mut dice), [0; 8], "another page was written");
        assert_eq!(first(&media, Mix::Kept, &mut dice), [1, 1, 1, 1, 0, 0, 0, 0], "it may have arrived");
        media.write(4, &[3; 4]);
        media.sync();
        assert_eq!(first(&media, Mix::Dropped, &mut dice), [1, 1, 1, 1, 3, 3, 3, 3]);
    }

    #[test]
    fn what_a_failed_sync_left_behind_does_not_come_back_once_it_is_cut_off() {
        let mut media = Media::settled(Vec::new());
        let mut dice = Dice::new(1);
        media.write(0, &[1; 4]);
        media.strand();
        media.truncate(0);
        assert_eq!(media.after_cut(Mix::Kept, &mut dice), []);
        media.sync();
        for mix in Mix::ALL {
            assert_eq!(media.after_cut(mix, &mut dice), []);
        }
    }
}
