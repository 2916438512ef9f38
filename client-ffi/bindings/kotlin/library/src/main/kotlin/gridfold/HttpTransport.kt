package gridfold

import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.InputStream
import java.net.ConnectException
import java.net.HttpURLConnection
import java.net.MalformedURLException
import java.net.NoRouteToHostException
import java.net.SocketTimeoutException
import java.net.URL
import java.net.URLConnection
import java.net.UnknownHostException
import javax.net.ssl.SSLException
import javax.net.ssl.SSLHandshakeException
import javax.net.ssl.SSLPeerUnverifiedException
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.suspendCancellableCoroutine

/** Largest reply body that is taken, in bytes. */
public const val MAX_REPLY_BYTES: Int = 32 shl 20

/**
 * A ready transport on the platform's own client: `HttpURLConnection`, which is on every Android and
 * every JVM, so that the trust store, proxy and network security configuration of the phone apply.
 *
 * Each call runs on [Dispatchers.IO]. Cancelling returns at once and breaks the connection.
 *
 * @param connectTimeoutMs longest wait for a connection.
 * @param readTimeoutMs longest wait for the next bytes of an answer.
 * @param connect opens the connection; another one binds it to a network (`network::openConnection`)
 *   or sets a pinning socket factory.
 */
public class HttpTransport(
    private val connectTimeoutMs: Int = 10_000,
    private val readTimeoutMs: Int = 60_000,
    private val connect: (URL) -> URLConnection = URL::openConnection,
) : Transport {
    private val dispatcher: CoroutineDispatcher = Dispatchers.IO

    override suspend fun call(request: HttpRequest): HttpReply =
        suspendCancellableCoroutine { waiting ->
            // Nothing of it may run on the caller's thread: on Android that may be the main one.
            dispatcher.dispatch(EmptyCoroutineContext) {
                if (!waiting.isActive) return@dispatch
                val connection = runCatching { prepared(request) }.getOrElse {
                    waiting.resumeWithException(reason(it))
                    return@dispatch
                }
                waiting.invokeOnCancellation {
                    dispatcher.dispatch(EmptyCoroutineContext) { connection.disconnect() }
                }
                runCatching { exchange(connection, request) }
                    .onSuccess { waiting.resume(it) }
                    .onFailure { waiting.resumeWithException(reason(it)) }
            }
        }

    private fun prepared(request: HttpRequest): HttpURLConnection {
        val url = URL(request.baseUrl.trimEnd('/') + request.path)
        val connection = connect(url) as? HttpURLConnection ?: throw TransportException.Unreachable()
        connection.requestMethod = request.method
        connection.connectTimeout = connectTimeoutMs
        connection.readTimeout = readTimeoutMs
        connection.useCaches = false
        // Any status is an answer, and a token goes to no other host.
        connection.instanceFollowRedirects = false
        for (header in request.headers) connection.addRequestProperty(header.name, header.value)
        return connection
    }

    private fun exchange(connection: HttpURLConnection, request: HttpRequest): HttpReply {
        if (request.body.isNotEmpty()) {
            connection.doOutput = true
            connection.outputStream.use { it.write(request.body) }
        }
        val status = connection.responseCode
        if (status !in 100..599) throw TransportException.Interrupted()
        val headers =
            connection.headerFields.orEmpty().flatMap { (name, values) ->
                // The status line stands under a null name.
                if (name == null) emptyList() else values.map { HttpHeader(name, it) }
            }
        val stream = if (status >= 400) connection.errorStream else connection.inputStream
        val body = stream?.use(::bounded) ?: ByteArray(0)
        // The JVM's client takes an answer that was cut short for a whole one.
        val promised = connection.contentLengthLong
        if (promised >= 0 && body.size < promised) throw TransportException.Interrupted()
        return HttpReply(status.toUShort(), headers, body)
    }

    private fun bounded(stream: InputStream): ByteArray {
        val body = ByteArrayOutputStream()
        val chunk = ByteArray(16 shl 10)
        while (true) {
            val read = stream.read(chunk)
            if (read < 0) return body.toByteArray()
            if (body.size() + read > MAX_REPLY_BYTES) throw TransportException.Interrupted()
            body.write(chunk, 0, read)
        }
    }

    private fun reason(thrown: Throwable): TransportException =
        when (thrown) {
            is TransportException -> thrown
            is SocketTimeoutException -> TransportException.Timeout()
            is SSLHandshakeException, is SSLPeerUnverifiedException -> TransportException.Tls()
            is ConnectException,
            is UnknownHostException,
            is NoRouteToHostException,
            is MalformedURLException,
            // A port that is none.
            is IllegalArgumentException -> TransportException.Unreachable()
            // Other failures of TLS are those of a line that broke.
            is SSLException, is IOException -> TransportException.Interrupted()
            else -> TransportException.Failed()
        }
}
