package gridfold

import com.sun.net.httpserver.HttpServer
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.net.URL
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** The ready transport: any status is an answer, and what keeps a call from one is told apart. */
class HttpTransportTest {
    private fun request(url: String, body: String = "asked") =
        HttpRequest("POST", url, "/v1/sync", listOf(HttpHeader("x-word", "one")), body.toByteArray())

    private val loopback = InetAddress.getLoopbackAddress()

    @Test
    fun `any status is an answer with its body`() = story {
        val followed = AtomicInteger()
        val web = HttpServer.create(InetSocketAddress(loopback, 0), 0)
        web.createContext("/") { exchange ->
            val asked = exchange.requestBody.readBytes().decodeToString()
            val status = asked.substringBefore(' ').toIntOrNull() ?: 200
            if (exchange.requestMethod == "GET") followed.incrementAndGet()
            exchange.responseHeaders.add("location", "/elsewhere")
            exchange.responseHeaders.add("x-word", exchange.requestHeaders.getFirst("x-word"))
            val told = "$status ${exchange.requestURI.path}".toByteArray()
            exchange.sendResponseHeaders(status, told.size.toLong())
            exchange.responseBody.use { it.write(told) }
        }
        web.start()
        try {
            val url = "http://127.0.0.1:${web.address.port}/"
            for (status in listOf(200, 307, 401, 403, 404, 429, 500, 503)) {
                val reply = HttpTransport().call(request(url, "$status please"))
                assertEquals("$status /v1/sync", "${reply.status} /v1/sync")
                assertEquals("$status /v1/sync", reply.body.decodeToString())
                assertTrue(reply.headers.any { it.name.equals("x-word", true) && it.value == "one" })
            }
            assertEquals(0, followed.get(), "a redirection was followed")
        } finally {
            web.stop(0)
        }
    }

    @Test
    fun `what keeps a call from an answer is told apart`() = story {
        val unused = ServerSocket(0, 1, loopback).use { it.localPort }
        thrown<TransportException.Unreachable> { HttpTransport().call(request("http://127.0.0.1:$unused")) }
        for (wrong in listOf("", "no address", "http://127.0.0.1:99999", "file:///etc", "gopher://x")) {
            thrown<TransportException.Unreachable> { HttpTransport().call(request(wrong)) }
        }
        silent { url ->
            thrown<TransportException.Timeout> { HttpTransport(readTimeoutMs = 50).call(request(url)) }
            thrown<TransportException> { HttpTransport(readTimeoutMs = 50).call(request(url.replace("http:", "https:"))) }
        }
        answering("no http at all\r\n\r\n") { thrown<TransportException.Interrupted> { HttpTransport().call(request(it)) } }
        answering("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf") {
            thrown<TransportException.Interrupted> { HttpTransport().call(request(it)) }
        }
        answering("plain text to one who wants TLS\r\n\r\n") {
            thrown<TransportException> { HttpTransport().call(request(it.replace("http:", "https:"))) }
        }
        val failing: (URL) -> Nothing = { throw NotImplementedError() }
        thrown<TransportException.Failed> { HttpTransport(connect = failing).call(request("http://127.0.0.1:$unused")) }
    }

    @Test
    fun `a call that is cancelled returns at once and breaks the connection`() = story {
        ServerSocket(0, 1, loopback).use { server ->
            val call = async { HttpTransport().call(request("http://127.0.0.1:${server.localPort}")) }
            withContext(Dispatchers.IO) {
                server.accept().use { socket ->
                    socket.soTimeout = 30_000
                    val stream = socket.getInputStream()
                    // The request is here whole, and the caller waits for its answer.
                    val seen = StringBuilder()
                    while (!seen.endsWith("asked")) seen.append(stream.read().toChar())
                    call.cancel()
                    withTimeout(5.seconds) { thrown<CancellationException> { call.await() } }
                    assertEquals(-1, stream.read(), "the connection is open still")
                }
            }
        }
    }

    /** A server that takes connections and never answers. */
    private suspend fun silent(block: suspend (String) -> Unit) =
        ServerSocket(0, 50, loopback).use { block("http://127.0.0.1:${it.localPort}") }

    /** A server that answers every connection with [bytes] once it has read something, and hangs up. */
    private suspend fun answering(bytes: String, block: suspend (String) -> Unit) {
        val server = ServerSocket(0, 50, loopback)
        val answers =
            kotlin.concurrent.thread {
                runCatching {
                    while (true) server.accept().use { socket ->
                        val seen = StringBuilder()
                        val stream = socket.getInputStream()
                        while (!seen.endsWith("asked") && stream.available() >= 0) {
                            val byte = stream.read()
                            // A greeting of TLS begins with 22.
                            if (byte < 0 || seen.isEmpty() && byte == 22) break
                            seen.append(byte.toChar())
                        }
                        socket.getOutputStream().write(bytes.toByteArray())
                        socket.shutdownOutput()
                    }
                }
            }
        try {
            block("http://127.0.0.1:${server.localPort}")
        } finally {
            server.close()
            answers.join()
        }
    }
}
