package gridfold

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.map

/**
 * What happens to [target], from the moment it is collected until the collector ends or the client
 * is shut down. A slow collector misses nothing: what happens meanwhile is merged.
 *
 * Each collector has a watch of its own. A target that is none, and a client that is shut down, fail
 * the flow with a [ClientException].
 */
public fun Client.events(target: WatchTarget): Flow<ClientEvent> = flow {
    val watch = watch(target)
    try {
        while (true) emit(watch.nextEvent() ?: break)
    } finally {
        watch.stop()
        watch.close()
    }
}

/** One page of a list as it is now, and again whenever it reads differently. */
public fun Client.records(query: RecordQuery = RecordQuery()): Flow<RecordPage> =
    events(WatchTarget.List(query)).filterIsInstance<ClientEvent.Page>().map { it.page }

/** One record as it is now, and again whenever it reads differently; null while it is not here. */
public fun Client.record(recordId: String): Flow<RecordDetail?> =
    events(WatchTarget.Record(recordId)).filterIsInstance<ClientEvent.Record>().map { it.record }

/** How syncs stand, now and whenever one begins, gets further or ends. */
public fun Client.syncStates(): Flow<SyncState> =
    events(WatchTarget.Sync).filterIsInstance<ClientEvent.Sync>().map { it.state }
