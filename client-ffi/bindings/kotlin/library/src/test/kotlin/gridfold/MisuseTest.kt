package gridfold

import java.io.File
import java.nio.charset.CharacterCodingException
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.concurrent.thread
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.MethodSource

/** Bad input at the boundary gives errors, never a crash. */
class MisuseTest {
    @TempDir lateinit var directory: File

    @BeforeEach fun quiet() = quietly()

    private fun path(name: String) = File(directory, name).path

    @Test
    fun `wrong arguments are errors`() = story {
        thrown<ClientException.Rejected> { openedClient(path("short"), "short key".toByteArray()) }
        openClient(path("store"), KEY) { client ->
            for (wrong in listOf("", "no id", "x".repeat(1_000_000), "\u0000", "ñ".repeat(36))) {
                thrown<ClientException.Rejected> { client.get(wrong) }
                thrown<ClientException.Rejected> { client.watch(WatchTarget.Record(wrong)) }
                thrown<ClientException.Rejected> { client.discardRefused(wrong) }
                thrown<ClientException.Rejected> { client.enrol(wrong, "ftp://server") }
                thrown<ClientException.Rejected> { client.carryImport(wrong.toByteArray()) }
                thrown<ClientException.Rejected> { client.list(RecordQuery(grid = "$wrong/")) }
                assertTrue(!CarryReader().use { it.scan(wrong) }.taken)
            }
            thrown<ClientException.SignInRequired> { client.create(GRID, "visit", emptyList()) }
            for (value in
                listOf(
                    FieldValue.Geopoint(Double.NaN, 0.0),
                    FieldValue.Decimal("1e400"),
                    FieldValue.Date("2026-02-30"),
                )) {
                thrown<ClientException> { client.create(GRID, "visit", listOf(Operation.Set("notes", value))) }
            }
        }
    }

    @Test
    fun `half a surrogate pair is an error wherever it enters`() = story {
        openClient(path("store"), KEY) { client ->
            val lone = "\ud800"
            thrown<CharacterCodingException> { client.get(lone) }
            thrown<CharacterCodingException> { client.list(RecordQuery(text = "a$lone")) }
            thrown<CharacterCodingException> { client.create(GRID, "visit", listOf(notes("\udc00"))) }
            thrown<CharacterCodingException> { CarryReader().use { it.scan(lone) } }
            client.status()
        }
    }

    @Test
    fun `a client that was shut down says so, and a handle that was let go is an error`() = story {
        val client = openedClient(path("store"), KEY)
        repeat(2) {
            client.shutDown()
            thrown<ClientException.Closed> { client.status() }
            thrown<ClientException.Closed> { client.watch(WatchTarget.Everything) }
            thrown<ClientException.Closed> { client.newRecordId() }
        }
        repeat(2) {
            client.close()
            thrown<IllegalStateException> { client.status() }
            thrown<IllegalStateException> { client.shutDown() }
        }
        val reader = CarryReader()
        reader.close()
        thrown<IllegalStateException> { reader.scan("frame") }
        openClient(path("store"), KEY) { again ->
            val watch = again.watch(WatchTarget.Sync)
            watch.nextEvent()
            val waiting = async(start = CoroutineStart.UNDISPATCHED) { watch.nextEvent() }
            watch.close()
            thrown<IllegalStateException> { watch.nextEvent() }
            again.shutDown()
            assertEquals(null, waiting.await())
        }
    }

    @Test
    fun `closing while calls are under way ends them with an answer or an error`() = story {
        repeat(20) {
            val client = openedClient(path("store"), KEY)
            val calls = List(50) { launch { runCatching { client.list(RecordQuery()) }.onFailure { check(it is ClientException.Closed) { it } } } }
            client.shutDown()
            calls.joinAll()
        }
    }

    @Test
    fun `many coroutines and threads share a client`() = story {
        openClient(path("store"), KEY) { client ->
            val pages = List(200) { async { client.list(RecordQuery()) } }.awaitAll()
            assertTrue(pages.all { it.total == 0uL })
            val ended = CopyOnWriteArrayList<Boolean>()
            List(8) { thread { runBlocking { repeat(20) { client.status() } }; ended += true } }.forEach(Thread::join)
            assertEquals(8, ended.size)
            val waiting = List(100) { async { client.list(RecordQuery()) } }
            waiting.filterIndexed { i, _ -> i % 2 == 0 }.forEach { it.cancel() }
            assertTrue(waiting.filterIndexed { i, _ -> i % 2 == 1 }.awaitAll().all { it.total == 0uL })
        }
    }

    private class Broken(private val answer: () -> HttpReply) : Transport {
        override suspend fun call(request: HttpRequest) = answer()
    }

    @ParameterizedTest
    @MethodSource("brokenAnswers")
    fun `a broken transport is an error without its text`(answer: () -> HttpReply) = story {
        openClient(path("store"), KEY, transport = Broken(answer)) { client ->
            val error = thrown<ClientException> { client.enrol("ABCDE-FGHIJ", "http://127.0.0.1:1") }
            assertTrue("secret" !in error.toString())
            thrown<ClientException.SignInRequired> { client.sync() }
        }
    }

    @Test
    fun `a listener that throws hears the next event, and no other listener suffers`() = story {
        openClient(path("store"), KEY) { client ->
            val heard = Channel<ClientEvent>(Channel.UNLIMITED)
            val throws =
                object : EventListener {
                    override fun onEvent(event: ClientEvent) {
                        heard.trySend(event)
                        throw if (event is ClientEvent.Sync && event.state is SyncState.Idle) IllegalStateException() else NotImplementedError()
                    }
                }
            val well = CompletableDeferred<ClientEvent>()
            val first = client.listen(WatchTarget.Sync, throws)
            val second =
                client.listen(
                    WatchTarget.Sync,
                    object : EventListener {
                        override fun onEvent(event: ClientEvent) {
                            if (event is ClientEvent.Sync && event.state is SyncState.Failed) well.complete(event)
                        }
                    },
                )
            heard.receive()
            repeat(3) {
                thrown<ClientException.SignInRequired> { client.sync() }
                while ((heard.receive() as ClientEvent.Sync).state !is SyncState.Failed) continue
            }
            well.await()
            first.stop()
            second.stop()
        }
    }

    companion object {
        private fun reply(status: Int, body: ByteArray, header: String = "text/plain") =
            HttpReply(status.toUShort(), listOf(HttpHeader("content-type", header)), body)

        @JvmStatic
        fun brokenAnswers(): List<() -> HttpReply> =
            listOf(
                { throw IllegalStateException("a secret of the app") },
                { throw NotImplementedError("a secret of the app") },
                { throw TransportException.Tls() },
                { reply(200, ByteArray(100) { -1 }) },
                { reply(500, ByteArray(0)) },
                { reply(65535, "<html>".toByteArray()) },
                { reply(200, ByteArray(0), "half a pair: \ud800, a secret") },
                { reply(200, ByteArray(MAX_REPLY_BYTES + 1)) },
            )
    }
}
