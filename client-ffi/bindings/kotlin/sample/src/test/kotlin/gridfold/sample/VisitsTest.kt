package gridfold.sample

import gridfold.Client
import gridfold.ClientException
import gridfold.Delivery
import gridfold.FieldValue
import gridfold.GRID
import gridfold.HttpReply
import gridfold.HttpRequest
import gridfold.KEY
import gridfold.LI
import gridfold.Server
import gridfold.Transport
import gridfold.TransportException
import gridfold.WANG
import gridfold.openClient
import gridfold.openedClient
import gridfold.story
import gridfold.sync
import gridfold.text
import gridfold.thrown
import java.io.File
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.job
import kotlinx.coroutines.plus
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** The view-model and the worker against the real server. */
class VisitsTest {
    @TempDir lateinit var directory: File
    private lateinit var server: Server

    @BeforeEach
    fun found() {
        server = Server(directory)
    }

    @AfterEach
    fun end() = server.close()

    private fun path(name: String) = File(directory, name).path

    private suspend fun VisitsViewModel.shows(what: (VisitsState) -> Boolean): VisitsState =
        withTimeout(30.seconds) { state.first(what) }

    /** Runs a screen over a phone, and takes both away. */
    private suspend fun screen(
        scope: CoroutineScope,
        phone: Phone,
        block: suspend (VisitsViewModel) -> Unit,
    ) {
        val life = scope + Job(scope.coroutineContext.job)
        try {
            block(VisitsViewModel(phone, life))
        } finally {
            life.coroutineContext.job.cancelAndJoin()
            phone.close()
        }
    }

    @Test
    fun `a visit is saved without signal, synced, and a conflict is settled`() = story {
        val codes = listOf(server.invite(WANG), server.invite(LI))
        server.start()
        val phone = Phone { openedClient(path("wang"), KEY) }
        phone.client().enrol(codes[0], server.url)
        screen(this, phone) { screen ->
            server.stop()
            screen.save(GRID, "老人独居").join()
            val saved = screen.shows { it.visits.size == 1 && it.open?.notes == "老人独居" && it.pending > 0 }
            val visit = saved.visits.single().id
            screen.sync().join()
            assertEquals(Notice.Offline, screen.state.value.notice)
            screen.noticeShown()
            server.start()
            screen.sync().join()
            screen.shows { it.pending == 0L && !it.syncing && it.visits.single().delivery == Delivery.AT_SERVER }

            openClient(path("li"), KEY) { li ->
                li.enrol(codes[1], server.url)
                li.sync()
                phone.client().edit(visit, listOf(text("safety_finding", "楼道堆物")))
                li.edit(visit, listOf(text("safety_finding", "电线老化")))
                li.sync()
            }
            screen.sync().join()
            val conflict = screen.shows { it.open?.conflicts?.size == 1 }.open!!.conflicts.single()
            screen.choose(conflict.path, FieldValue.Text("电线老化")).join()
            screen.shows { it.open?.conflicts?.isEmpty() == true }
            screen.save(GRID, "老人独居,周五再访").join()
            screen.shows { it.open?.notes == "老人独居,周五再访" && it.visits.size == 1 }
            screen.open(null)
            screen.shows { it.open == null }

            screen.save("no such grid", "x").join()
            assertEquals(true, screen.state.value.notice is Notice.Refused)
        }
    }

    @Test
    fun `the worker tells what to do next`() = story {
        val code = server.invite(WANG)
        val phone = Phone { openedClient(path("wang"), KEY) }
        val worker = SyncWorker(phone)
        assertEquals(WorkResult.FAILURE, worker.doWork())
        server.start()
        phone.client().enrol(code, server.url)
        phone.client().create(GRID, "visit", listOf(text("safety_finding", "楼道堆物")))
        assertEquals(WorkResult.SUCCESS, worker.doWork())
        assertEquals(0uL, phone.client().status().pending)
        server.stop()
        assertEquals(WorkResult.RETRY, worker.doWork())
        // Closed behind the worker's back: the next run opens it again.
        phone.client().shutDown()
        server.start()
        assertEquals(WorkResult.SUCCESS, worker.doWork())
        phone.close()
    }

    @Test
    fun `what is no server of ours passes, and the worker tries again`() = story {
        val code = server.invite(WANG)
        server.start()
        openClient(path("wang"), KEY) { it.enrol(code, server.url) }
        val portal =
            object : Transport {
                override suspend fun call(request: HttpRequest): HttpReply = throw TransportException.Tls()
            }
        val phone = Phone { openedClient(path("wang"), KEY, transport = portal) }
        val worker = SyncWorker(phone)
        assertEquals(WorkResult.RETRY, worker.doWork(0))
        assertEquals(WorkResult.RETRY, worker.doWork(5))
        phone.close()
    }

    @Test
    fun `a store that does not open is a notice`() = story {
        openClient(path("wang"), KEY) { client: Client ->
            thrown<ClientException.InUse> { openedClient(path("wang"), KEY) }
            screen(this, Phone { openedClient(path("wang"), KEY) }) { screen ->
                screen.shows { it.notice == Notice.Wrong("store/in_use") }
                assertFalse(screen.state.value.syncing)
            }
            client.status()
        }
    }
}
