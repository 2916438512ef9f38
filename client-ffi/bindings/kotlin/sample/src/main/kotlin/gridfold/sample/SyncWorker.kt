package gridfold.sample

import gridfold.ClientException
import gridfold.SyncSettings

/** How a run ended; `androidx.work.ListenableWorker.Result` has the same three. */
enum class WorkResult {
    SUCCESS,
    RETRY,
    FAILURE,
}

/**
 * Syncs in the background. It has the shape of WorkManager's `CoroutineWorker`; on Android:
 * ```
 * class GridfoldWorker(context: Context, parameters: WorkerParameters) : CoroutineWorker(context, parameters) {
 *     override suspend fun doWork(): Result =
 *         when (SyncWorker((applicationContext as App).phone).doWork(runAttemptCount)) {
 *             WorkResult.SUCCESS -> Result.success()
 *             WorkResult.RETRY -> Result.retry()
 *             WorkResult.FAILURE -> Result.failure()
 *         }
 * }
 * ```
 * Asked for at each start of the app, and once after an edit:
 * ```
 * val connected = Constraints.Builder().setRequiredNetworkType(NetworkType.CONNECTED).build()
 * val work = WorkManager.getInstance(context)
 * work.enqueueUniquePeriodicWork(
 *     "gridfold-sync", ExistingPeriodicWorkPolicy.KEEP,
 *     PeriodicWorkRequestBuilder<GridfoldWorker>(15, TimeUnit.MINUTES)
 *         .setConstraints(connected)
 *         .setBackoffCriteria(BackoffPolicy.EXPONENTIAL, 30, TimeUnit.SECONDS).build())
 * work.enqueueUniqueWork(
 *     "gridfold-sync-now", ExistingWorkPolicy.APPEND_OR_REPLACE,
 *     OneTimeWorkRequestBuilder<GridfoldWorker>()
 *         .setConstraints(connected)
 *         .setBackoffCriteria(BackoffPolicy.EXPONENTIAL, 30, TimeUnit.SECONDS).build())
 * ```
 * - *Constraint*: without a connected network WorkManager does not start it, and stops it when the
 *   network goes: the coroutine is cancelled, the sync ends at its HTTP call, nothing is lost.
 * - *Unique work*: one run at a time by name. Two at once would be harmless, but a waste.
 * - *Backoff*: [WorkResult.RETRY] asks for another run, 30 seconds later, then 60, 120 and so on.
 * - *`APPEND_OR_REPLACE`*: an edit made while a run is under way gets a run of its own after it.
 */
class SyncWorker(private val phone: Phone, private val settings: SyncSettings = SyncSettings()) {
    /** Runs once. [runAttemptCount] is how often this work was tried before. */
    suspend fun doWork(runAttemptCount: Int = 0): WorkResult =
        try {
            val report = phone.client().sync(settings)
            // The byte budget ran out: the rest goes with the next run.
            if (report.more) WorkResult.RETRY else WorkResult.SUCCESS
        } catch (error: ClientException) {
            result(error, runAttemptCount)
        }

    private fun result(error: ClientException, runAttemptCount: Int): WorkResult =
        when (error) {
            // It may go better later without anybody's doing. What is no server of ours, such as the
            // sign-in page of a network, is `Offline`: that passes.
            is ClientException.Offline,
            is ClientException.KeyUnavailable,
            is ClientException.InUse,
            is ClientException.StorageFull,
            is ClientException.Cancelled,
            is ClientException.Closed -> WorkResult.RETRY
            // A defect; perhaps it was only this run's.
            is ClientException.Internal ->
                if (runAttemptCount < MAX_ATTEMPTS) WorkResult.RETRY else WorkResult.FAILURE
            // The person or the app must do something first; the screen says what.
            is ClientException.SignInRequired,
            is ClientException.Rejected,
            is ClientException.UpdateRequired,
            is ClientException.Revoked,
            is ClientException.WrongKey,
            is ClientException.DamagedStore,
            is ClientException.NoStore,
            is ClientException.StoreExists,
            is ClientException.NotFound -> WorkResult.FAILURE
        }

    private companion object {
        const val MAX_ATTEMPTS = 5
    }
}
