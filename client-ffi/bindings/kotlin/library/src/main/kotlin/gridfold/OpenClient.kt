package gridfold

/**
 * Opens the store at [path], or makes one, runs [block] and shuts the store down, also when the
 * block throws or is cancelled.
 *
 * [key] is 32 bytes that the app keeps in the platform's keystore. What the app must hold longer
 * than a block it opens with [openedClient].
 *
 * @throws ClientException `WrongKey`, `DamagedStore`, `InUse`, `UpdateRequired`; never a new store
 *   in place of one that does not open.
 */
public suspend inline fun <R> openClient(
    path: String,
    key: ByteArray,
    locale: Locale = Locale.ZH,
    transport: Transport = HttpTransport(),
    block: (Client) -> R,
): R {
    val client = openedClient(path, key, locale, transport)
    return try {
        block(client)
    } finally {
        client.shutDown()
    }
}

/**
 * As [openClient], with a key that the platform's keystore seals and that the app never holds.
 *
 * @throws ClientException as above, and `KeyUnavailable` while the keystore is locked.
 */
public suspend inline fun <R> openClient(
    path: String,
    keyStore: KeyStore,
    locale: Locale = Locale.ZH,
    transport: Transport = HttpTransport(),
    block: (Client) -> R,
): R {
    val client = openedClient(path, keyStore, locale, transport)
    return try {
        block(client)
    } finally {
        client.shutDown()
    }
}

/**
 * Opens the store at [path], or makes one, for as long as the app wants it. Whoever opens it ends it
 * with [Client.shutDown]; see [asCloseable].
 *
 * @throws ClientException as [openClient].
 */
public suspend fun openedClient(
    path: String,
    key: ByteArray,
    locale: Locale = Locale.ZH,
    transport: Transport = HttpTransport(),
): Client = Client.open(OpenConfig(path, locale), key, GuardedTransport(transport))

/**
 * As [openedClient], with a key that the platform's keystore seals.
 *
 * @throws ClientException as [openClient].
 */
public suspend fun openedClient(
    path: String,
    keyStore: KeyStore,
    locale: Locale = Locale.ZH,
    transport: Transport = HttpTransport(),
): Client =
    Client.openWithKeyStore(
        OpenConfig(path, locale),
        GuardedKeyStore(keyStore),
        GuardedTransport(transport),
    )

/**
 * What shuts the store down when it is closed, for `use` and for a view-model's `addCloseable`.
 *
 * The client's own `close` only lets go of the object: the store stays open until calls that are
 * under way have ended. Closing this cancels a sync and releases the store at once; calls after it
 * fail with [ClientException.Closed].
 */
public fun Client.asCloseable(): AutoCloseable = AutoCloseable { shutDown() }
