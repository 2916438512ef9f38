package gridfold

import java.io.File
import java.net.ConnectException
import java.net.ServerSocket
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest as WebRequest
import java.net.http.HttpResponse as WebResponse
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

const val GRID = "120101001001001"
const val PASSWORD = "a long enough pass phrase 42"
const val WANG = "王芳"
const val LI = "李伟"

private val AREAS =
    """
    code,parent,name,level
    12,,天津市,province
    120101,12,和平区,district
    120101001,120101,劝业场街道,street
    120101001001,120101001,花园社区,community
    $GRID,120101001001,第一网格,grid
    """
        .trimIndent() + "\n"

/** A real server on loopback, with one grid and two workers; [SERVER_BINARY] names the program. */
class Server(private val directory: File) : AutoCloseable {
    private val binary = checkNotNull(System.getenv("SERVER_BINARY")) { "SERVER_BINARY names the server" }
    private val data = File(directory, "server")
    private val port = ServerSocket(0).use { it.localPort }
    private val web = HttpClient.newHttpClient()
    private var process: Process? = null

    val url = "http://127.0.0.1:$port"

    /** The grant of each worker, by name. */
    val grants: Map<String, String>

    init {
        val password = File(directory, "password").apply { writeText(PASSWORD + "\n") }
        run("init", "--admin-password-file", password.path)
        val areas = File(directory, "areas.csv").apply { writeText(AREAS) }
        run("import", "areas", areas.path)
        grants = listOf(WANG, LI).associateWith { name ->
            run("user", "add", name)
            run("grant", "add", name, "worker", "--area", GRID).split(Regex("\\s+"))[1]
        }
    }

    fun run(vararg words: String): String {
        val done =
            ProcessBuilder(binary, "--data", data.path, *words).redirectErrorStream(true).start()
        val told = done.inputStream.bufferedReader().readText()
        check(done.waitFor() == 0) { told }
        return told
    }

    fun start() {
        val started =
            ProcessBuilder(binary, "--data", data.path, "serve", "--listen", "127.0.0.1:$port")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start()
        process = started
        val until = TimeSource.Monotonic.markNow() + 60.seconds
        while (!ready()) {
            check(started.isAlive) { "the server ended at its start" }
            check(until.hasNotPassedNow()) { "the server is not ready" }
        }
    }

    private fun ready(): Boolean =
        try {
            val asked = WebRequest.newBuilder(URI("$url/readyz")).build()
            web.send(asked, WebResponse.BodyHandlers.discarding()).statusCode() == 200
        } catch (_: ConnectException) {
            false
        }

    fun stop() {
        process?.let {
            it.destroy()
            check(it.waitFor(30, TimeUnit.SECONDS)) { "the server does not end" }
        }
        process = null
    }

    override fun close() = stop()

    /** The one-time code for somebody's phone, made with the server stopped. */
    fun invite(name: String): String =
        run("device", "invite", name, "--no-qr")
            .lines()
            .first { it.startsWith("code") }
            .trim()
            .split(Regex("\\s+"))
            .last()

    /** Reads a record as the administrator, who is a supervisor. */
    fun look(recordId: String) {
        val told = api("POST", "/v1/sign-in", """{"login":"admin","password":"$PASSWORD"}""", null)
        val token = checkNotNull(Regex("\"access_token\":\"([^\"]+)\"").find(told)).groupValues[1]
        api("GET", "/v1/records/$recordId", null, token)
    }

    private fun api(method: String, path: String, body: String?, token: String?): String {
        val publisher =
            body?.let(WebRequest.BodyPublishers::ofString) ?: WebRequest.BodyPublishers.noBody()
        val asked =
            WebRequest.newBuilder(URI(url + path))
                .method(method, publisher)
                .header("content-type", "application/json")
        token?.let { asked.header("authorization", "Bearer $it") }
        val reply = web.send(asked.build(), WebResponse.BodyHandlers.ofString())
        check(reply.statusCode() == 200) { "$method $path: ${reply.statusCode()}" }
        return reply.body()
    }
}
