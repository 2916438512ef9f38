package gridfold

import com.sun.jna.Callback
import com.sun.jna.Native
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertTrue

val KEY = ByteArray(32) { it.toByte() }

/** Runs a story on many threads, and fails it when it hangs. */
fun story(block: suspend CoroutineScope.() -> Unit) =
    runBlocking(Dispatchers.Default) { withTimeout(120.seconds) { block() } }

/** Runs [block], which must throw a [T]. */
suspend inline fun <reified T : Throwable> thrown(block: suspend () -> Any?): T {
    val told = runCatching { block() }
    val error = told.exceptionOrNull()
    assertTrue(error is T) { "${T::class.simpleName} is expected, not $error" }
    return error as T
}

suspend inline fun rejected(code: String, block: suspend () -> Any?): ClientException.Rejected {
    val error = thrown<ClientException.Rejected>(block)
    assertTrue(error.code == code) { "$code is expected, not ${error.code}" }
    return error
}

fun text(field: String, value: String): Operation = Operation.Set(field, FieldValue.Text(value))

fun notes(value: String): Operation = Operation.SetLongText("notes", value)

/** What a field of a record shows, when it is a text. */
fun shown(record: RecordDetail?, field: String): String =
    when (val content = record?.fields?.get(field)) {
        is FieldContent.LongText -> content.text
        is FieldContent.Value -> (content.value as FieldValue.Text).text
        else -> error("$field shows no text")
    }

/** Keeps quiet about what an app's code throws past the generated half; JNA would print it. */
fun quietly() = Native.setCallbackExceptionHandler(Callback.UncaughtExceptionHandler { _, _ -> })

suspend fun Client.sync(): SyncReport = sync(SyncSettings())
