// One story against a real server: enrol, a day offline on two phones, conflict, sync, observe,
// carry, late edit, key store, bad input, wipe. `Story URL PASSWORD GRID CODE CODE GRANT DIRECTORY`.

import Foundation
import Gridfold
#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

struct Failed: Error { let what: String }

func expect(_ holds: Bool, _ what: String, line: Int = #line) throws {
    if !holds { throw Failed(what: "line \(line): \(what)") }
}

func refusal<T>(_ what: String, line: Int = #line, _ call: () async throws -> T) async throws -> ClientError {
    do { _ = try await call() } catch let error as ClientError { return error }
    throw Failed(what: "line \(line): \(what) did not fail as it should")
}

/// The ready transport, with a switch for the signal.
final class Signal: Transport, @unchecked Sendable {
    private let inner = URLSessionTransport()
    private let lock = NSLock()
    private var on = true
    func set(_ value: Bool) { lock.withLock { on = value } }
    func call(request: HttpRequest) async throws -> HttpReply {
        guard lock.withLock({ on }) else { throw TransportError.Unreachable }
        return try await inner.call(request: request)
    }
}

/// A keystore that can be locked.
final class MaskedKeyStore: KeyStore, @unchecked Sendable {
    let mask = Data((0..<32).map { _ in UInt8.random(in: 0...255) })
    var locked = false
    func wrap(key: Data) throws -> Data { Data(zip(key, mask).map { $0 ^ $1 }) }
    func unwrapKey(wrapped: Data) throws -> Data {
        if locked { throw KeyStoreError.Unavailable }
        return try wrap(key: wrapped)
    }
}

final class Counting: EventListener, @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0
    var heard: Int { lock.withLock { count } }
    func onEvent(event: ClientEvent) throws {
        lock.withLock { count += 1 }
        throw Failed(what: "a listener that throws is called again all the same")
    }
}

/// The HTTP API as an administrator's program uses it.
struct Api {
    let url: String
    var token: String?
    func call(_ method: String, _ path: String, _ body: [String: Any]? = nil) async throws -> [String: Any] {
        var headers = [HttpHeader(name: "content-type", value: "application/json")]
        if let token { headers.append(HttpHeader(name: "authorization", value: "Bearer \(token)")) }
        let data = try body.map { try JSONSerialization.data(withJSONObject: $0) } ?? Data()
        let reply = try await URLSessionTransport().call(
            request: HttpRequest(method: method, baseUrl: url, path: path, headers: headers, body: data))
        try expect((200..<300).contains(reply.status), "\(method) \(path) answered \(reply.status)")
        return (try? JSONSerialization.jsonObject(with: reply.body)) as? [String: Any] ?? [:]
    }
}

func text(_ field: String, _ value: String) -> EditOperation { .set(field: field, value: .text(text: value)) }

func shown(_ record: RecordDetail?, _ field: String) -> String? {
    switch record?.fields[field] {
    case .value(.text(let text)): return text
    case .longText(let text): return text
    default: return nil
    }
}

func story(url: String, password: String, grid: String, codes: [String], grant: String, directory: String) async throws {
    let key = Data(0..<32)
    let (wangs, lis) = (Signal(), Signal())
    let wang = try await Client.open(
        config: OpenConfig(path: directory + "/wang", locale: .zh), key: key, transport: wangs)
    let li = try await Client.open(
        config: OpenConfig(path: directory + "/li", locale: .en), key: key, transport: lis)

    if case .SignInRequired = try await refusal("a sync before enrolling", { try await wang.sync() }) {} else {
        throw Failed(what: "the error is another")
    }
    let me = try await wang.enrol(codeOrQr: codes[0], serverUrl: url)
    _ = try await li.enrol(codeOrQr: codes[1], serverUrl: url)
    try expect(me.userName == "王芳", "who I am")
    try expect(try await wang.areas().filter(\.mine).map(\.code) == [grid], "my areas")
    try expect(try await wang.forms().contains { $0.code == "visit" }, "forms")
    print("enrolled")

    let matter = try await wang.create(
        grid: grid, form: "matter", operations: [text("kind", "路灯"), text("summary", "三号楼前路灯不亮")])
    try expect(try await wang.get(recordId: matter)?.delivery == .onThisPhone, "delivery here")
    _ = try await wang.sync()
    _ = try await li.sync()
    try expect(try await wang.get(recordId: matter)?.delivery == .atServer, "delivery there")

    // A day offline on both.
    wangs.set(false)
    lis.set(false)
    let counting = Counting()
    let subscription = try li.listen(target: .record(recordId: matter), listener: counting)
    let events = try li.events(.record(recordId: matter)).makeAsyncIterator()
    _ = await events.next()
    try await wang.edit(recordId: matter, operations: [text("place", "三号楼东侧")])
    try await li.edit(recordId: matter, operations: [text("place", "三号楼西侧")])
    guard case .record(let seen)? = await events.next() else { throw Failed(what: "no event") }
    try expect(shown(seen, "place") == "三号楼西侧", "the event shows the edit")
    if case .Offline = try await refusal("a sync without signal", { try await wang.sync() }) {} else {
        throw Failed(what: "the error is another")
    }
    try expect(try await wang.status().pending == 1, "pending")
    let draft = try await wang.saveDraft(draft: Draft(grid: grid, form: "visit", operations: [], appState: "page 2"))
    try expect(try await wang.drafts().map(\.appState) == ["page 2"], "a draft")
    try await wang.discardDraft(draftId: draft)
    let slip = try await wang.create(
        grid: grid, form: "visit", operations: [.setLongText(field: "notes", text: "错")])
    try expect(try await wang.undoLast().map(\.recordId) == [slip], "undo")
    let visit = try await wang.create(
        grid: grid, form: "visit", operations: [.setLongText(field: "notes", text: "老人独居,电灯已修好")])
    let rejected = try await refusal("an unknown field") {
        try await wang.edit(recordId: visit, operations: [text("no_such_field", "x")])
    }
    guard case .Rejected("unknown_field", "no_such_field", _, _) = rejected else {
        throw Failed(what: "the rejection is another")
    }
    print("a day offline")

    // Li takes Wang's work along.
    let carrier = try await li.identity()!.userId
    let bundle = try await wang.carryExport(to: .colleague(userId: carrier))
    let reader = CarryReader()
    var whole: Data?
    for frame in try carryFrames(data: bundle.data, maxChars: 600).reversed() {
        whole = reader.scan(frame: frame).data ?? whole
    }
    try expect(whole == bundle.data, "the frames hold the bundle")
    guard case .entries(_, "王芳", _) = try await li.carryImport(data: whole!) else {
        throw Failed(what: "the bundle is another's")
    }
    lis.set(true)
    _ = try await li.sync()
    let receipts = try await li.carryReceipts()
    try expect(receipts.count == 1, "a receipt travels back")
    _ = try await wang.carryImport(data: receipts[0].data)
    try expect(try await wang.get(recordId: visit)?.delivery == .atServer, "the receipt says where it is")
    wangs.set(true)
    _ = try await wang.sync()
    _ = try await li.sync()
    print("carried")

    for phone in [wang, li] {
        let conflicts = try await phone.get(recordId: matter)!.conflicts
        try expect(conflicts.count == 1 && conflicts[0].sides.count == 2, "both sides stay visible")
    }
    try await li.choose(recordId: matter, path: "place", value: .text(text: "三号楼东侧"))
    _ = try await li.sync()
    _ = try await wang.sync()
    try expect(shown(try await wang.get(recordId: matter), "place") == "三号楼东侧", "the choice stands")
    let found = try await li.list(query: RecordQuery(form: "visit", text: "电灯"))
    try expect(found.items.map(\.id) == [visit], "found by text")
    try expect(counting.heard > 0, "the listener was called")
    subscription.stop()

    var api = Api(url: url)
    api.token = try await api.call("POST", "/v1/sign-in", ["login": "admin", "password": password])["access_token"] as? String
    _ = try await api.call("GET", "/v1/records/\(visit)")
    _ = try await wang.sync()
    try expect(try await wang.get(recordId: visit)?.delivery == .seenBySupervisor, "seen")
    try expect(try await wang.nextTransitions(recordId: matter).contains { $0.action == "escalate" }, "next steps")
    try await wang.comment(recordId: matter, text: "居民很着急")
    try expect(try await wang.comments(recordId: matter).count == 1, "a comment")
    print("settled")

    // By itself, until it is told to stop.
    let bySelf = Task { try await wang.runAutoSync(settings: AutoSyncSettings(intervalS: 3600, debounceS: 0)) }
    for await event in try wang.events(.sync) {
        if case .sync(.done) = event, try await wang.status().pending == 0 { break }
    }
    wang.stopAutoSync()
    try await bySelf.value

    lis.set(false)
    _ = try await api.call("POST", "/v1/grants/\(grant)/end", [:])
    try await li.edit(recordId: visit, operations: [.setLongText(field: "notes", text: "灯又坏了")])
    lis.set(true)
    let report = try await li.sync()
    try expect(report.admitted == 1 && report.refused == 0, "a late edit is kept")
    try expect(try await li.get(recordId: visit) == nil, "the grid is erased from that phone")
    _ = try await wang.sync()
    try expect(shown(try await wang.get(recordId: visit), "notes") == "灯又坏了", "and reaches the others")
    print("late edit kept")

    for wrong in ["", "no id", String(repeating: "x", count: 1_000_000), "\0"] {
        _ = try await refusal("a wrong id") { try await wang.get(recordId: wrong) }
        _ = try await refusal("a wrong code") { try await wang.enrol(codeOrQr: wrong, serverUrl: "ftp://x") }
    }
    await withTaskGroup(of: Void.self) { group in
        for _ in 0..<50 { group.addTask { _ = try? await wang.list(query: RecordQuery()) } }
    }
    if case .InUse = try await refusal("a second open", {
        try await Client.open(config: OpenConfig(path: directory + "/wang", locale: .zh), key: key, transport: wangs)
    }) {} else { throw Failed(what: "the error is another") }
    try await wang.wipe()
    if case .Closed = try await refusal("a call after the wipe", { try await wang.status() }) {} else {
        throw Failed(what: "the error is another")
    }
    li.shutDown()

    let keys = MaskedKeyStore()
    let sealed = OpenConfig(path: directory + "/sealed", locale: .en)
    try await Client.openWithKeyStore(config: sealed, keyStore: keys, transport: wangs).shutDown()
    keys.locked = true
    if case .KeyUnavailable = try await refusal("a locked keystore", {
        try await Client.openWithKeyStore(config: sealed, keyStore: keys, transport: wangs)
    }) {} else { throw Failed(what: "the error is another") }
    keys.locked = false
    try await Client.openWithKeyStore(config: sealed, keyStore: keys, transport: wangs).shutDown()
    print("the story passed")
}

let words = CommandLine.arguments
guard words.count == 8 else {
    print("usage: Story URL PASSWORD GRID CODE CODE GRANT DIRECTORY")
    exit(2)
}
do {
    try await story(
        url: words[1], password: words[2], grid: words[3], codes: [words[4], words[5]], grant: words[6],
        directory: words[7])
} catch {
    print("failed:", error)
    exit(1)
}
