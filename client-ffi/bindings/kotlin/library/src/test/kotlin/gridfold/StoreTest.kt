package gridfold

import java.io.File
import java.security.SecureRandom
import kotlin.experimental.xor
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** A store opens only with its key, and only once at a time. */
class StoreTest {
    @TempDir lateinit var directory: File

    @BeforeEach fun quiet() = quietly()

    private fun path(name: String) = File(directory, name).path

    @Test
    fun `a store opens only with its key and only once`() = story {
        openClient(path("store"), KEY) {
            thrown<ClientException.InUse> { openedClient(path("store"), KEY) }
        }
        thrown<ClientException.WrongKey> { openedClient(path("store"), ByteArray(32)) }
        val again = Client.openExisting(OpenConfig(path("store"), Locale.EN), KEY, HttpTransport())
        again.asCloseable().use { again.status() }
        thrown<ClientException.Closed> { again.status() }
        openedClient(path("store"), KEY).shutDown()
    }

    @Test
    fun `a store is released when the block throws`() = story {
        thrown<IllegalStateException> { openClient(path("store"), KEY) { error("of the app") } }
        openClient(path("store"), KEY) { it.status() }
    }

    private class Masked : KeyStore {
        private val mask = ByteArray(32).also(SecureRandom()::nextBytes)
        var trouble: Throwable? = null

        override fun wrap(key: ByteArray) = ByteArray(key.size) { key[it] xor mask[it] }

        override fun unwrapKey(wrapped: ByteArray): ByteArray {
            trouble?.let { throw it }
            return wrap(wrapped)
        }
    }

    @Test
    fun `a keystore seals the key of a store`() = story {
        val keys = Masked()
        openClient(path("sealed"), keys) { it.status() }
        keys.trouble = KeyStoreException.Unavailable()
        thrown<ClientException.KeyUnavailable> { openedClient(path("sealed"), keys) }
        keys.trouble = null
        openClient(path("sealed"), keys) { it.status() }
    }

    @Test
    fun `a keystore that throws anything is a typed error`() = story {
        val keys = Masked()
        openClient(path("sealed"), keys) { it.status() }
        for (trouble in listOf(KeyStoreException.KeyLost(), IllegalStateException("a secret"), NotImplementedError("a secret"))) {
            keys.trouble = trouble
            val error = thrown<ClientException> { openedClient(path("sealed"), keys) }
            assertTrue("secret" !in error.toString())
            // Without the guard of `openedClient` as well.
            val config = OpenConfig(path("sealed"), Locale.EN)
            thrown<ClientException> { Client.openWithKeyStore(config, keys, HttpTransport()) }
        }
        keys.trouble = null
        openClient(path("sealed"), keys) { it.status() }
    }
}
