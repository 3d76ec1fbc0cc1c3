//! Registering, importing, modifying and deleting storages.

use super::App;
use crate::ports::{Bookings, Transaction, wait};
use crate::shared::{Caller, StorageId};
use crate::storage::{
    DeleteStorage, ImportStorages, ModifyStorage, RegisterStorage, Storage, StorageError, StorageRow, manager_only,
    may_delete,
};

impl App {
    /// Offers a new storage.
    ///
    /// # Errors
    /// [`StorageError::NotAllowed`] for customers.
    pub fn register(&self, caller: &Caller, command: RegisterStorage) -> Result<StorageRow, StorageError> {
        wait(self.register_async(caller, command))
    }

    /// The same for a host that may not block.
    ///
    /// # Errors
    /// As [`App::register`].
    pub async fn register_async(&self, caller: &Caller, command: RegisterStorage) -> Result<StorageRow, StorageError> {
        manager_only(caller)?;
        let caller = caller.clone();
        self.write_async(move |app, tx| {
            let trace = app.trace(&caller, app.now());
            let (storage, event) = Storage::register(tx.next_storage_id()?, command);
            tx.save_storage(&storage, event.into(), &trace)?;
            Ok(storage.row().clone())
        })
        .await
    }

    /// Offers many storages in one transaction, under one correlation id; answers with their ids.
    ///
    /// # Errors
    /// [`StorageError::NotAllowed`] for customers.
    pub fn import(&self, caller: &Caller, command: ImportStorages) -> Result<Vec<StorageId>, StorageError> {
        manager_only(caller)?;
        let caller = caller.clone();
        self.write(move |app, tx| {
            let trace = app.trace(&caller, app.now());
            command
                .storages
                .into_iter()
                .map(|one| {
                    let (storage, event) = Storage::register(tx.next_storage_id()?, one);
                    tx.save_storage(&storage, event.into(), &trace)?;
                    Ok(storage.row().storage_id)
                })
                .collect()
        })
    }

    /// Changes what the command gives; to the same, nothing happens.
    ///
    /// # Errors
    /// [`StorageError`]: not found, not allowed, or a price that is none.
    pub fn modify(&self, caller: &Caller, command: ModifyStorage) -> Result<StorageRow, StorageError> {
        wait(self.modify_async(caller, command))
    }

    /// The same for a host that may not block.
    ///
    /// # Errors
    /// As [`App::modify`].
    pub async fn modify_async(&self, caller: &Caller, command: ModifyStorage) -> Result<StorageRow, StorageError> {
        manager_only(caller)?;
        let caller = caller.clone();
        self.write_async(move |app, tx| {
            let mut storage = load(tx, command.storage_id)?;
            storage.must_be_in(caller.expected_version())?;
            if let Some(event) = storage.modify(&command)? {
                tx.save_storage(&storage, event.into(), &app.trace(&caller, app.now()))?;
            }
            Ok(storage.row().clone())
        })
        .await
    }

    /// Takes a storage away, unless anything is live or to come; its history stays.
    ///
    /// # Errors
    /// [`StorageError`]: not found, not allowed, or [`StorageError::HasBookings`].
    pub fn delete(&self, caller: &Caller, command: DeleteStorage) -> Result<StorageRow, StorageError> {
        wait(self.delete_async(caller, command))
    }

    /// The same for a host that may not block.
    ///
    /// # Errors
    /// As [`App::delete`].
    pub async fn delete_async(&self, caller: &Caller, command: DeleteStorage) -> Result<StorageRow, StorageError> {
        manager_only(caller)?;
        let caller = caller.clone();
        self.write_async(move |app, tx| {
            let mut storage = load(tx, command.storage_id)?;
            storage.must_be_in(caller.expected_version())?;
            may_delete(&storage, tx.live_booking(command.storage_id)?)?;
            let event = storage.delete();
            tx.save_storage(&storage, event.into(), &app.trace(&caller, app.now()))?;
            Ok(storage.row().clone())
        })
        .await
    }
}

fn load(tx: &mut dyn Transaction, id: StorageId) -> Result<Storage, StorageError> {
    Storage::load(id, tx.storage(id)?)
}
