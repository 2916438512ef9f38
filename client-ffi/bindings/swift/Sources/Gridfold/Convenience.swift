import Foundation

/// One typed operation of an edit. `Operation` is also a class of Foundation's; this name is not.
public typealias EditOperation = Operation

extension Client {
    /// One sync, with a byte budget if wanted; 0 for none.
    @discardableResult
    public func sync(budgetBytes: UInt64 = 0) async throws -> SyncReport {
        try await sync(settings: SyncSettings(budgetBytes: budgetBytes))
    }

    /// Events of what is watched, as a sequence that ends when the client is shut down. Leaving the
    /// loop stops the watch.
    ///
    /// - Throws: `ClientError.Closed`, or `Rejected` for an id that is none.
    public func events(_ target: WatchTarget) throws -> Events {
        Events(watch: try watch(target: target))
    }
}

/// Events of one watch. What happens before the loop looks is merged: nothing is missed.
public struct Events: AsyncSequence, Sendable {
    public typealias Element = ClientEvent
    let watch: Watch

    public func makeAsyncIterator() -> Iterator { Iterator(watch: watch) }

    /// Stops the watch when it is let go.
    public final class Iterator: AsyncIteratorProtocol, @unchecked Sendable {
        private let watch: Watch

        init(watch: Watch) { self.watch = watch }

        public func next() async -> ClientEvent? {
            // A cancelled task does not reach the library by itself.
            await withTaskCancellationHandler {
                await watch.nextEvent()
            } onCancel: { [watch] in
                watch.stop()
            }
        }

        deinit { watch.stop() }
    }
}
