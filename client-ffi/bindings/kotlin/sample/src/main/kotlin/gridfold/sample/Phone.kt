package gridfold.sample

import gridfold.Client
import gridfold.ClientException
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock

/**
 * The one open store of the app. Screens and background work of a process share it, since a second
 * open of the same store fails with `InUse`.
 *
 * On Android the app's `Application` holds it:
 * ```
 * class App : Application() {
 *     val phone = Phone {
 *         openedClient(File(noBackupFilesDir, "gridfold").path, AndroidKeyStore(), localeFromTag(Locale.getDefault().toLanguageTag()))
 *     }
 * }
 * ```
 * It is never closed there: the system ends the process, and what was written is on disk already.
 *
 * @param open opens the store; called when something needs it first, and again after [close] or a wipe.
 */
class Phone(private val open: suspend () -> Client) {
    private val gate = Mutex()
    private var client: Client? = null

    /** The open store. */
    suspend fun client(): Client = gate.withLock {
        client?.takeUnless { it.isClosed() } ?: open().also { client = it }
    }

    /** Shuts the store down, for example before the app hands it to another process. */
    suspend fun close(): Unit = gate.withLock {
        client?.shutDown()
        client = null
    }

    private fun Client.isClosed(): Boolean =
        try {
            newRecordId()
            false
        } catch (_: ClientException.Closed) {
            true
        }
}
