//! Opens an engine by its name in a folder of its own.

use std::{path::Path, sync::Arc};

use super::{
    Engine, LogOptions,
    redb_store::RedbStore,
    sled_store::SledStore,
    store::{MemoryStore, Store, StoreError, guarded},
};

pub(super) fn open_store(
    folder: &Path,
    engine: Engine,
    options: &LogOptions,
    cache_bytes: u64,
) -> Result<Arc<dyn Store>, StoreError> {
    let skip_fsync = options.testing.skip_fsync;
    guarded(|| {
        let store: Arc<dyn Store> = match engine {
            Engine::Sled => Arc::new(SledStore::open(folder, cache_bytes, skip_fsync)?),
            Engine::Redb => Arc::new(RedbStore::open(folder, cache_bytes, skip_fsync)?),
            Engine::Memory => match &options.testing.memory {
                Some(memory) => Arc::<MemoryStore>::clone(memory) as _,
                None => Arc::new(MemoryStore::default()),
            },
        };
        Ok(store)
    })
}
