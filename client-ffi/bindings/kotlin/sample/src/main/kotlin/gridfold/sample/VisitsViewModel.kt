package gridfold.sample

import gridfold.Client
import gridfold.ClientException
import gridfold.FieldValue
import gridfold.Operation
import gridfold.RecordQuery
import gridfold.SyncSettings
import gridfold.SyncState
import gridfold.WatchTarget
import gridfold.events
import gridfold.record
import gridfold.records
import gridfold.syncStates
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.flatMapLatest
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.onStart
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch

/**
 * The visits of a worker: a list, one that is open, saving, choosing in a conflict, syncing.
 *
 * On Android it extends `androidx.lifecycle.ViewModel` and takes `viewModelScope` instead of [scope];
 * nothing else changes. The library blocks no caller, so the scope may be on the main thread.
 *
 * Nothing here waits for the network: an action is done when the phone has stored it, the list shows
 * it at once, and the server learns of it by [sync], [SyncWorker] or `runAutoSync`.
 */
class VisitsViewModel(private val phone: Phone, private val scope: CoroutineScope) {
    private val shown = MutableStateFlow(VisitsState())
    private val opened = MutableStateFlow<String?>(null)
    private var running: Job? = null

    /** What the screen shows. */
    val state: StateFlow<VisitsState> = shown.asStateFlow()

    init {
        follow({ it.records(RecordQuery(form = "visit")) }) { page -> copy(visits = page.items) }
        follow(::openVisits) { visit -> copy(open = visit) }
        follow(::syncs) { (running, pending) -> copy(syncing = running, pending = pending) }
    }

    /** Stores a visit: a new one in [grid], or what was typed into the one that is open. */
    fun save(grid: String, notes: String): Job = act { client ->
        val typed = listOf(Operation.SetLongText("notes", notes))
        when (val id = opened.value) {
            null -> opened.value = client.create(grid, "visit", typed)
            else -> client.edit(id, typed)
        }
    }

    /** Opens a visit, or none. */
    fun open(id: String?) {
        opened.value = id
    }

    /** Settles a conflict of the visit that is open by one of its sides, or by a third value. */
    fun choose(path: String, value: FieldValue): Job = act { client ->
        opened.value?.let { client.choose(it, path, value) }
    }

    /**
     * Syncs now, because the person asks for it; a second tap while one runs gives that one.
     *
     * Whether one runs is asked of its job: what the screen shows of it comes a moment later, and a
     * tap in that moment would be lost. Call it where taps come from, the main thread.
     */
    fun sync(): Job =
        running?.takeIf { it.isActive }
            ?: act { client -> client.sync(SyncSettings()) }.also { running = it }

    /** The notice was shown. */
    fun noticeShown() {
        shown.update { it.copy(notice = null) }
    }

    @OptIn(ExperimentalCoroutinesApi::class)
    private fun openVisits(client: Client): Flow<OpenVisit?> =
        opened.flatMapLatest { id ->
            if (id == null) flowOf(null) else client.record(id).map { it?.asOpenVisit() }
        }

    // An edit moves what is pending as well as a sync does.
    private fun syncs(client: Client): Flow<Pair<Boolean, Long>> =
        combine(
            client.syncStates(),
            client.events(WatchTarget.Everything).map {}.onStart { emit(Unit) },
        ) { state, _ ->
            (state is SyncState.Running) to client.status().pending.toLong()
        }

    private fun <T> follow(source: (Client) -> Flow<T>, show: VisitsState.(T) -> VisitsState) {
        act { client -> source(client).collect { told -> shown.update { it.show(told) } } }
    }

    private fun act(work: suspend (Client) -> Unit): Job =
        scope.launch {
            try {
                work(phone.client())
            } catch (error: ClientException) {
                shown.update { it.copy(notice = notice(error)) }
            }
        }
}

/** What the person should know of an error; null when there is nothing to do or say. */
internal fun notice(error: ClientException): Notice? =
    when (error) {
        is ClientException.Offline -> Notice.Offline
        is ClientException.SignInRequired -> Notice.SignIn
        is ClientException.UpdateRequired -> Notice.Update
        is ClientException.StorageFull -> Notice.StorageFull
        is ClientException.Revoked -> Notice.Revoked
        is ClientException.Rejected -> Notice.Refused(error.reason, error.`field`)
        is ClientException.Cancelled, is ClientException.Closed -> null
        is ClientException.Internal -> Notice.Wrong(error.reference)
        is ClientException.DamagedStore -> Notice.Wrong("store/${error.part}")
        is ClientException.WrongKey -> Notice.Wrong("store/key")
        is ClientException.KeyUnavailable -> Notice.Wrong("store/locked")
        is ClientException.InUse -> Notice.Wrong("store/in_use")
        is ClientException.NoStore, is ClientException.StoreExists -> Notice.Wrong("store/path")
        is ClientException.NotFound -> Notice.Wrong("not_found")
    }
