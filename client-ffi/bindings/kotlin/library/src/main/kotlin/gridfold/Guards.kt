package gridfold

import java.nio.CharBuffer
import java.nio.charset.CharacterCodingException
import java.nio.charset.CodingErrorAction
import kotlin.coroutines.cancellation.CancellationException

// What an app's own code throws or returns must come back to the app as a typed error. The generated
// half does that for an `Exception`; for an `Error`, and for a reply that has no bytes in UTF-8, it
// would leave the library waiting for an answer that never comes.

/** A transport of the app's whose every outcome is an outcome for the library. */
internal class GuardedTransport(private val inner: Transport) : Transport {
    override suspend fun call(request: HttpRequest): HttpReply =
        try {
            inner.call(request).also(::check)
        } catch (known: TransportException) {
            throw known
        } catch (cancelled: CancellationException) {
            throw cancelled
        } catch (_: Throwable) {
            // Its text is the app's own and may hold anything.
            throw TransportException.Failed()
        }

    private fun check(reply: HttpReply) {
        if (reply.body.size > MAX_REPLY_BYTES) throw TransportException.Interrupted()
        for (header in reply.headers) {
            if (!hasUtf8(header.name) || !hasUtf8(header.value)) throw TransportException.Failed()
        }
    }
}

/** A keystore of the app's that throws nothing but [KeyStoreException]. */
internal class GuardedKeyStore(private val inner: KeyStore) : KeyStore {
    override fun wrap(key: ByteArray): ByteArray = guarded { inner.wrap(key) }

    override fun unwrapKey(wrapped: ByteArray): ByteArray = guarded { inner.unwrapKey(wrapped) }

    private inline fun guarded(call: () -> ByteArray): ByteArray =
        try {
            call()
        } catch (known: KeyStoreException) {
            throw known
        } catch (_: Throwable) {
            throw KeyStoreException.Failed()
        }
}

private fun hasUtf8(text: String): Boolean =
    try {
        Charsets.UTF_8.newEncoder().onMalformedInput(CodingErrorAction.REPORT).encode(CharBuffer.wrap(text))
        true
    } catch (_: CharacterCodingException) {
        false
    }
