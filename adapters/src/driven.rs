//! A store that is led by a thread of its own: whoever submits only queues, and nobody who may not block does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::StoreError;
use crate::ports::{Queries, Store, Work};

/// Leads another store on one thread, until dropped. What async hosts put between the `App` and its store: their use cases
/// (`App::register_async` and the like) then queue and are woken after the COMMIT, and no thread waits per request.
#[derive(Debug)]
pub struct DrivenStore<S> {
    store: Arc<S>,
    stopping: Arc<AtomicBool>,
    /// `None` once it has ended.
    leader: Option<JoinHandle<()>>,
}

impl<S: Store + 'static> DrivenStore<S> {
    /// Starts leading.
    ///
    /// # Errors
    /// Those of starting a thread.
    pub fn new(store: Arc<S>) -> std::io::Result<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let (led, stop) = (Arc::clone(&store), Arc::clone(&stopping));
        let leader = std::thread::Builder::new().name("storagerent-leader".to_owned()).spawn(move || {
            while !stop.load(Ordering::Acquire) {
                std::thread::park();
                led.drive();
            }
            // What came between the last time and the end.
            led.drive();
        })?;
        Ok(DrivenStore { store, stopping, leader: Some(leader) })
    }
}

impl<S: Store> Store for DrivenStore<S> {
    fn submit(&self, work: Vec<Box<dyn Work>>, wait_max: Duration) -> bool {
        if !self.store.submit(work, wait_max) {
            return false;
        }
        self.drive();
        false
    }

    /// Has the thread lead: whoever is asked to lead in its place has something else to do.
    fn drive(&self) {
        match &self.leader {
            Some(leader) => leader.thread().unpark(),
            None => self.store.drive(),
        }
    }

    fn read(&self, f: &mut dyn FnMut(&mut dyn Queries)) -> Result<(), StoreError> {
        self.store.read(f)
    }
}

impl<S> Drop for DrivenStore<S> {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        if let Some(leader) = self.leader.take() {
            leader.thread().unpark();
            // Dropped by a work it was telling, it is the leader itself that ends: it cannot wait for itself.
            if leader.thread().id() != std::thread::current().id() {
                let _panicked = leader.join();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;
    use crate::payment::{Behaviour, SimulatedGateway};
    use crate::{Caller, Money, Options, Page, Rate, RegisterStorage};

    /// Notes which thread leads it.
    #[derive(Default)]
    struct Noting {
        led_by: std::sync::Mutex<Vec<Option<String>>>,
    }

    impl Store for Noting {
        fn submit(&self, _: Vec<Box<dyn Work>>, _: Duration) -> bool {
            true
        }

        fn drive(&self) {
            self.led_by.lock().unwrap().push(std::thread::current().name().map(str::to_owned));
        }

        fn read(&self, _: &mut dyn FnMut(&mut dyn Queries)) -> Result<(), StoreError> {
            Ok(())
        }
    }

    #[test]
    fn nobody_leads_but_its_thread() {
        let noting = Arc::new(Noting::default());
        let store = DrivenStore::new(Arc::clone(&noting)).unwrap();
        assert!(!store.submit(Vec::new(), Duration::ZERO));
        store.drive();
        drop(store);
        let led_by = noting.led_by.lock().unwrap();
        assert!(
            !led_by.is_empty() && led_by.iter().all(|name| name.as_deref() == Some("storagerent-leader")),
            "{led_by:?}"
        );
    }

    #[test]
    fn whoever_submits_only_queues_and_the_leader_does_it() {
        let store = DrivenStore::new(Arc::new(MemoryStore::new())).unwrap();
        let app = crate::over(Arc::new(store), Options::new(SimulatedGateway::in_memory(Behaviour::Approve))).unwrap();
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let app = app.clone();
                std::thread::spawn(move || {
                    for _ in 0..20 {
                        let rate = Rate::flat(Money::krw(1000)).unwrap();
                        let description = "강남 소형".parse().unwrap();
                        app.register(&Caller::manager(), RegisterStorage { description, rate }).unwrap();
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(app.storages(Page::default()).unwrap().len(), 160);
        assert!(app.verify().unwrap().ok);
    }
}
