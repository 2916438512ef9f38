package gridfold

import java.io.File
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** One story: enrol, a day offline on two phones, conflict, refusal, sync, observe, carry, wipe. */
class StoryTest {
    @TempDir lateinit var directory: File
    private lateinit var server: Server

    @BeforeEach
    fun found() {
        server = Server(directory)
    }

    @AfterEach
    fun end() = server.close()

    @Test
    fun `two phones live through a day offline`() = story {
        val codes = listOf(server.invite(WANG), server.invite(LI))
        server.start()
        openClient(path("wang"), KEY, Locale.ZH) { wang ->
            openClient(path("li"), KEY, Locale.EN) { li -> Day(wang, li).live(codes) }
        }
    }

    private fun path(name: String) = File(directory, name).path

    private inner class Day(val wang: Client, val li: Client) {
        suspend fun live(codes: List<String>) {
            enrol(codes)
            val matter = aMatterReachesTheServer()
            val watch = bothEditOffline(matter)
            draftsAndUndo()
            val visit = aVisitIsWritten()
            carry(visit)
            choose(matter, visit)
            aSupervisorSees(visit)
            handle(matter)
            theGrantEnds(visit)
            watch.stop()
            assertNull(watch.nextEvent())
            wipe()
        }

        suspend fun enrol(codes: List<String>) {
            thrown<ClientException.SignInRequired> { wang.sync() }
            assertEquals(WANG, wang.enrol(codes[0], server.url).userName)
            li.enrol(codes[1], server.url)
            assertEquals(listOf(GRID), wang.areas().filter { it.mine }.map { it.code })
            assertTrue(wang.colleagues().any { it.name == LI })
            val labels = wang.forms().associate { it.code to it.label }
            assertTrue(labels.keys.containsAll(setOf("visit", "matter", "task", "household", "meeting")))
            assertNotEquals(labels["matter"], li.forms().first { it.code == "matter" }.label)
        }

        suspend fun aMatterReachesTheServer(): String {
            val matter = wang.create(GRID, "matter", listOf(text("kind", "路灯"), text("summary", "三号楼前路灯不亮")))
            assertEquals(Delivery.ON_THIS_PHONE, wang.get(matter)?.delivery)
            wang.sync()
            assertEquals(Delivery.AT_SERVER, wang.get(matter)?.delivery)
            li.sync()
            return matter
        }

        /** The server cannot be reached, and both go on. */
        suspend fun bothEditOffline(matter: String): Watch {
            server.stop()
            val watch = li.watch(WatchTarget.Record(matter))
            val first = watch.nextEvent() as ClientEvent.Record
            assertEquals(matter, first.record?.id)
            wang.edit(matter, listOf(text("place", "三号楼东侧")))
            li.edit(matter, listOf(text("place", "三号楼西侧")))
            val event = withTimeout(30.seconds) { watch.nextEvent() } as ClientEvent.Record
            assertEquals("三号楼西侧", shown(event.record, "place"))
            thrown<ClientException.Offline> { wang.sync() }
            assertEquals(1uL, wang.status().pending)
            assertEquals(false, wang.status().serverReachable)
            return watch
        }

        suspend fun draftsAndUndo() {
            val draft = wang.saveDraft(Draft(grid = GRID, form = "visit", operations = emptyList(), appState = "page 2"))
            rejected("empty") { wang.commitDraft(draft) }
            assertEquals(listOf("page 2"), wang.drafts().map { it.appState })
            wang.discardDraft(draft)

            val slip = wang.create(GRID, "visit", listOf(notes("错")))
            val undone = wang.undoLast().single()
            assertEquals(slip to true, undone.recordId to undone.created)
            assertNull(wang.get(slip))
        }

        suspend fun aVisitIsWritten(): String {
            val visit = wang.create(GRID, "visit", listOf(notes("老人独居,电灯坏")))
            wang.edit(visit, listOf(notes("老人独居,电灯已修好")))
            // A draft holds a whole text; committed, it is written against the text of that moment.
            val whole = listOf(notes("老人独居,电灯已修好,下周再来"))
            val later = wang.saveDraft(Draft(grid = GRID, form = "visit", recordId = visit, operations = whole))
            wang.edit(visit, listOf(notes("短")))
            assertEquals(visit, wang.commitDraft(later))
            assertEquals("老人独居,电灯已修好,下周再来", shown(wang.get(visit), "notes"))
            wang.edit(visit, listOf(notes("老人独居,电灯已修好")))
            val refused = rejected("unknown_field") { wang.edit(visit, listOf(text("no_such_field", "x"))) }
            assertEquals("no_such_field", refused.`field`)
            assertTrue(refused.reason.isNotBlank())
            assertEquals(refused.draftId, wang.drafts().single().id, "what was typed is kept")
            wang.discardDraft(refused.draftId!!)
            return visit
        }

        /** Wang has no way to the server; Li takes it along. */
        suspend fun carry(visit: String) {
            val bundle = wang.carryExport(CarryTo.Colleague(li.identity()!!.userId))
            val frames = carryFrames(bundle.data, 600u)
            val scanned = CarryReader().use { reader ->
                (listOf("not a frame") + frames.reversed() + frames).map(reader::scan).last()
            }
            assertTrue(bundle.data.contentEquals(scanned.data))
            val taken = li.carryImport(scanned.data!!) as CarryImport.Entries
            assertEquals(WANG, taken.authorName)
            assertTrue(li.carried().any { it.recordId == visit })
            rejected("already_sent") { wang.undoLast() }

            server.start()
            assertTrue(li.sync().pushed >= 1uL)
            val receipt = li.carryReceipts().single()
            assertEquals(WANG, receipt.userName)
            val back = wang.carryImport(receipt.data) as CarryImport.Receipt
            assertEquals(bundle.entries, back.entries)
            assertEquals(Delivery.AT_SERVER, wang.get(visit)?.delivery)
            wang.sync()
            li.sync()
            assertEquals(0uL, wang.status().pending)
            assertTrue(li.carried().isEmpty())
            assertEquals("老人独居,电灯已修好", shown(li.get(visit), "notes"))
        }

        /** Both sides of the place are there on both phones until somebody chooses. */
        suspend fun choose(matter: String, visit: String) {
            for (phone in listOf(wang, li)) {
                val sides = phone.get(matter)!!.conflicts.single().sides
                assertEquals(
                    setOf(FieldValue.Text("三号楼东侧") to WANG, FieldValue.Text("三号楼西侧") to LI),
                    sides.map { it.value to it.userName }.toSet(),
                )
            }
            li.choose(matter, "place", FieldValue.Text("三号楼东侧"))
            li.sync()
            wang.sync()
            for (phone in listOf(wang, li)) {
                val record = phone.get(matter)!!
                assertEquals("三号楼东侧", shown(record, "place"))
                assertTrue(record.conflicts.isEmpty())
            }
            val found = li.list(RecordQuery(text = "电灯", form = "visit"))
            assertEquals(listOf(visit) to 1uL, found.items.map { it.id } to found.total)
        }

        /** A supervisor opens the visit; its author's phone learns of it, and not who looked. */
        suspend fun aSupervisorSees(visit: String) {
            server.look(visit)
            wang.sync()
            assertEquals(Delivery.SEEN_BY_SUPERVISOR, wang.get(visit)?.delivery)
        }

        /** What may be done next is by status and role. */
        suspend fun handle(matter: String) {
            val actions = wang.nextTransitions(matter).map { it.action }
            assertTrue("escalate" in actions)
            assertFalse("accept" in actions)
            rejected("not_writable") { wang.transition(matter, "accept") }
            rejected("transition_not_allowed") { wang.transition(matter, "dispatch") }
            wang.comment(matter, "居民很着急")
            assertEquals(listOf("居民很着急"), wang.comments(matter).map { it.text })
            val first = wang.history(matter).first()
            assertEquals(WANG, first.userName)
            assertInstanceOf(EntryState.Admitted::class.java, first.state)
        }

        /**
         * Li's grant ends while Li is offline: what was typed comes in late and is kept, then the
         * grid is erased from that phone.
         */
        suspend fun theGrantEnds(visit: String) {
            server.stop()
            server.run("grant", "end", server.grants.getValue(LI))
            li.edit(visit, listOf(notes("灯又坏了")))
            server.start()
            val report = li.sync()
            assertEquals(1uL to 0uL, report.admitted to report.refused)
            assertTrue(report.erasedStreams.isNotEmpty())
            assertNull(li.get(visit))
            wang.sync()
            assertEquals("灯又坏了", shown(wang.get(visit), "notes"))
            assertEquals(EntryState.Admitted(late = true), wang.history(visit).last().state)
        }

        suspend fun wipe() {
            wang.wipe()
            thrown<ClientException.Closed> { wang.status() }
            thrown<ClientException.NoStore> {
                Client.openExisting(OpenConfig(path("wang"), Locale.ZH), KEY, HttpTransport())
            }
        }
    }
}
