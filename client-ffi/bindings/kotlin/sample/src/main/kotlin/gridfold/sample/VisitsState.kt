package gridfold.sample

import gridfold.Conflict
import gridfold.FieldContent
import gridfold.RecordDetail
import gridfold.RecordSummary

/** What the screen shows. */
data class VisitsState(
    /** The visits of this phone's grids, last changed first. */
    val visits: List<RecordSummary> = emptyList(),
    /** The visit that is open, if one is. */
    val open: OpenVisit? = null,
    /** Whether a sync runs. */
    val syncing: Boolean = false,
    /** Edits that are not at the server yet. */
    val pending: Long = 0,
    /** What the person should be told or asked now; taken away by [VisitsViewModel.noticeShown]. */
    val notice: Notice? = null,
)

/** The visit that is open. */
data class OpenVisit(val id: String, val notes: String, val conflicts: List<Conflict>)

/** What the person should be told or asked. The texts are the app's, but for [Refused]'s. */
sealed interface Notice {
    /** There is no signal; everything is kept. */
    data object Offline : Notice

    /** The phone must be enrolled again: ask for a code. */
    data object SignIn : Notice

    /** The app must be updated before it may go on. */
    data object Update : Notice

    /** The phone's storage is full: nothing was saved. */
    data object StorageFull : Notice

    /** The phone may no longer sync: the supervisor knows why. */
    data object Revoked : Notice

    /** The rules do not allow it. */
    data class Refused(val reason: String, val field: String?) : Notice

    /** Something is wrong; the reference is for whoever helps. */
    data class Wrong(val reference: String) : Notice
}

internal fun RecordDetail.asOpenVisit(): OpenVisit =
    OpenVisit(id, (fields["notes"] as? FieldContent.LongText)?.text.orEmpty(), conflicts)
