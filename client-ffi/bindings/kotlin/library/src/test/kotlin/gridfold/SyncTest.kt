package gridfold

import java.io.File
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** Cancelled syncs lose nothing; syncing by itself sends what they left; flows tell of all of it. */
class SyncTest {
    @TempDir lateinit var directory: File
    private lateinit var server: Server

    @BeforeEach
    fun found() {
        server = Server(directory)
    }

    @AfterEach
    fun end() = server.close()

    private fun path(name: String) = File(directory, name).path

    /** Waits for ever in the middle of a call while it is told to. */
    private class Hanging : Transport {
        private val inner = HttpTransport()
        val hangs = AtomicBoolean(false)
        val called = Channel<Unit>(Channel.UNLIMITED)
        val ended = Channel<Unit>(Channel.UNLIMITED)

        override suspend fun call(request: HttpRequest): HttpReply {
            if (!hangs.get()) return inner.call(request)
            called.send(Unit)
            try {
                awaitCancellation()
            } finally {
                ended.trySend(Unit)
            }
        }
    }

    @Test
    fun `a cancelled sync loses nothing and syncing by itself sends it`() = story {
        val code = server.invite(WANG)
        server.start()
        val transport = Hanging()
        openClient(path("wang"), KEY, transport = transport) { wang ->
            wang.enrol(code, server.url)
            val visit = wang.create(GRID, "visit", listOf(text("safety_finding", "楼道堆物")))
            transport.hangs.set(true)
            val byJob = async { runCatching { wang.sync() } }
            transport.called.receive()
            byJob.cancel()
            thrown<CancellationException> { byJob.await() }
            // The app's own coroutine learns of it as well.
            transport.ended.receive()
            assertEquals(1uL, wang.status().pending)
            val byCall = async { thrown<ClientException.Cancelled> { wang.sync() } }
            transport.called.receive()
            wang.cancelSync()
            byCall.await()
            assertEquals(1uL, wang.status().pending)
            transport.hangs.set(false)

            val byItself = launch { wang.runAutoSync(AutoSyncSettings(intervalS = 3600u, debounceS = 0u)) }
            wang.edit(visit, listOf(text("safety_finding", "楼道堆物,已清理")))
            withTimeout(60.seconds) {
                wang.syncStates().first { it is SyncState.Done && wang.status().pending == 0uL }
            }
            assertEquals(Delivery.AT_SERVER, wang.get(visit)?.delivery)
            wang.stopAutoSync()
            withTimeout(60.seconds) { byItself.join() }
        }
    }

    @Test
    fun `flows tell what is there and what changes, and end with the client`() = story {
        val code = server.invite(WANG)
        server.start()
        openClient(path("wang"), KEY) { wang ->
            wang.enrol(code, server.url)
            val pages = Channel<RecordPage>(Channel.UNLIMITED)
            val list = launch { wang.records(RecordQuery(form = "visit")).collect(pages::send) }
            assertEquals(0uL, pages.receive().total)
            val visit = wang.create(GRID, "visit", listOf(notes("老人独居")))
            assertEquals(visit, pages.receive().items.single().id)
            val atServer =
                async(start = CoroutineStart.UNDISPATCHED) {
                    wang.record(visit).first { it?.delivery == Delivery.AT_SERVER }
                }
            wang.sync()
            assertEquals(visit, atServer.await()?.id)
            assertTrue(wang.syncStates().first() is SyncState.Done)

            val all = async(start = CoroutineStart.UNDISPATCHED) { wang.events(WatchTarget.Everything).toList() }
            list.cancel()
            wang.shutDown()
            all.await()
            thrown<ClientException.Closed> { wang.records().first() }
        }
        // No watch that a flow opened keeps the store.
        openClient(path("wang"), KEY) { assertEquals(1uL, it.count(RecordQuery(form = "visit"))) }
    }
}
