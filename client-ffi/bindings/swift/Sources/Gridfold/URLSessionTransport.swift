import Foundation
#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Calls a server with the platform's own client, so that the system's TLS, proxy, App Transport
/// Security and a delegate's certificate pinning apply.
///
/// A session of your own, with a delegate that pins certificates, may be handed in. Bodies hold
/// residents' data: the session should keep no cache, as the ready one does not.
public final class URLSessionTransport: Transport, @unchecked Sendable {
    /// Largest reply body that is taken, in bytes.
    public static let maxReplyBytes = 32 << 20

    private let session: URLSession

    /// A transport on an ephemeral session: no cache, no cookies, nothing on disk.
    ///
    /// - Parameter timeout: seconds without progress after which a call ends.
    public convenience init(timeout: TimeInterval = 60) {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = timeout
        configuration.urlCache = nil
        configuration.httpCookieStorage = nil
        configuration.httpShouldSetCookies = false
        self.init(session: URLSession(configuration: configuration))
    }

    /// A transport on a session of the app's.
    public init(session: URLSession) {
        self.session = session
    }

    public func call(request: HttpRequest) async throws -> HttpReply {
        let base = request.baseUrl.hasSuffix("/") ? String(request.baseUrl.dropLast()) : request.baseUrl
        guard let url = URL(string: base + request.path) else { throw TransportError.Unreachable }
        var call = URLRequest(url: url)
        call.httpMethod = request.method
        for header in request.headers {
            call.setValue(header.value, forHTTPHeaderField: header.name)
        }
        if request.method != "GET" { call.httpBody = request.body }
        let (body, response) = try await send(call)
        guard let http = response as? HTTPURLResponse, let status = UInt16(exactly: http.statusCode)
        else { throw TransportError.Interrupted }
        guard body.count <= Self.maxReplyBytes else { throw TransportError.Interrupted }
        let headers = http.allHeaderFields.compactMap { name, value -> HttpHeader? in
            guard let name = name as? String, let value = value as? String else { return nil }
            return HttpHeader(name: name, value: value)
        }
        return HttpReply(status: status, headers: headers, body: body)
    }

    // Not `data(for:)`, which older systems and Linux's Foundation lack.
    private func send(_ call: URLRequest) async throws -> (Data, URLResponse) {
        let running = Running()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { done in
                let task = session.dataTask(with: call) { body, response, error in
                    if let error {
                        done.resume(throwing: Self.meaning(of: error))
                    } else if let body, let response {
                        done.resume(returning: (body, response))
                    } else {
                        done.resume(throwing: TransportError.Interrupted)
                    }
                }
                running.start(task)
            }
        } onCancel: {
            running.cancel()
        }
    }

    static func meaning(of error: Error) -> TransportError {
        guard let code = (error as? URLError)?.code else { return .Interrupted }
        switch code {
        case .timedOut: return .Timeout
        case .secureConnectionFailed, .serverCertificateHasBadDate, .serverCertificateUntrusted,
            .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid,
            .clientCertificateRejected, .clientCertificateRequired:
            return .Tls
        case .cannotFindHost, .cannotConnectToHost, .dnsLookupFailed, .notConnectedToInternet,
            .internationalRoamingOff, .dataNotAllowed, .callIsActive, .unsupportedURL, .badURL:
            return .Unreachable
        default: return .Interrupted
        }
    }
}

/// A task that may be cancelled before it is there.
private final class Running: @unchecked Sendable {
    private let lock = NSLock()
    private var task: URLSessionDataTask?
    private var cancelled = false

    func start(_ new: URLSessionDataTask) {
        lock.lock()
        task = new
        let stop = cancelled
        lock.unlock()
        new.resume()
        if stop { new.cancel() }
    }

    func cancel() {
        lock.lock()
        cancelled = true
        let running = task
        lock.unlock()
        running?.cancel()
    }
}
