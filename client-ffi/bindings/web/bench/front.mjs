// One origin with everything the pages ask for: themselves, and the server that each library syncs with.
import { readFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { gzip } from "node:zlib";
import { promisify } from "node:util";
import * as Y from "yjs";
import { shared } from "./shared.mjs";

const require = createRequire(import.meta.url);
const KINDS = { ".js": "text/javascript", ".wasm": "application/wasm" };
const pack = promisify(gzip);

export class Front {
  /** `built` has the pages' scripts, `dist` the package, `gridfold` says where the server is. */
  static async start(built, dist, gridfold) {
    const front = new Front();
    Object.assign(front, { built, dist, gridfold, sockets: new Set() });
    front.server = http.createServer((request, response) => void front.#answer(request, response));
    front.server.on("connection", (socket) => front.sockets.add(socket));
    await new Promise((done) => front.server.listen(0, "127.0.0.1", done));
    front.origin = `http://127.0.0.1:${front.server.address().port}`;
    return front;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** Bytes on all connections so far, both ways, headers and all. */
  get bytes() {
    let all = 0;
    for (const socket of this.sockets) all += socket.bytesRead + socket.bytesWritten;
    return all;
  }

  /** Gives the peers' servers what they serve. */
  async fill(visits) {
    const core = require("pouchdb-core");
    const couch = core.plugin(require("pouchdb-adapter-memory")).defaults({ adapter: "memory" });
    this.couch = require("express")();
    this.couch.use("/couch", require("express-pouchdb")(couch, { mode: "minimumForPouchDB" }));
    // After it: it serves what it saw being made.
    await new couch("visits").bulkDocs(
      visits.map(({ id, ...visit }) => ({ _id: `${visit.form}:${visit.visited_at}:${id}`, id, ...visit })),
    );

    this.visits = visits.toSorted((a, b) => a.visited_at - b.visited_at);
    this.states = {};
    for (const how of ["whole", "fields"]) {
      const doc = new Y.Doc();
      const all = doc.getMap("visits");
      // One transaction each, as they were made.
      for (const visit of visits) all.set(visit.id, shared(visit, how === "whole"));
      this.states[how] = Buffer.from(Y.encodeStateAsUpdate(doc));
    }
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.origin);
    const [, first, ...rest] = url.pathname.split("/");
    try {
      switch (first) {
        case "v1":
          return this.#pass(request, response);
        case "couch":
          return this.couch(request, response);
        case "yjs":
          return await this.#packed(response, "application/octet-stream", this.states[rest[0]]);
        case "rxdb":
          return await this.#packed(response, "application/json", JSON.stringify(this.#changed(url.searchParams)));
        case "page": {
          const html = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><ul></ul><script type="module" src="/built/${rest[0]}.js"></script>`;
          response.writeHead(200, { "content-type": "text/html" }).end(html);
          return;
        }
        case "built":
        case "dist": {
          const bytes = readFileSync(join(first === "dist" ? this.dist : this.built, rest.join("/")));
          // As a service worker would have them: the second visit asks for nothing.
          response.writeHead(200, {
            "content-type": KINDS[extname(url.pathname)] ?? "text/plain",
            "cache-control": "max-age=86400, immutable",
          });
          response.end(bytes);
          return;
        }
      }
      response.writeHead(404).end();
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  }

  async #packed(response, kind, body) {
    response.writeHead(200, { "content-type": kind, "content-encoding": "gzip", "cache-control": "no-store" });
    response.end(await pack(body));
  }

  /** What RxDB's guide to HTTP replication has a server answer. */
  #changed(query) {
    const [at, id, limit] = [Number(query.get("at")), query.get("id"), Number(query.get("limit"))];
    const later = (visit) => visit.visited_at > at || (visit.visited_at === at && visit.id > id);
    const from = this.visits.findIndex(later);
    const documents = from < 0 ? [] : this.visits.slice(from, from + limit);
    const last = documents.at(-1);
    return {
      documents: documents.map((visit) => ({ ...visit, _deleted: false })),
      checkpoint: last === undefined ? { at, id } : { at: last.visited_at, id: last.id },
    };
  }

  #pass(request, response) {
    const { method, headers } = request;
    const to = this.gridfold();
    const asked = http.request(to + request.url, { method, headers: { ...headers, host: new URL(to).host } }, (reply) => {
      response.writeHead(reply.statusCode, reply.headers);
      reply.pipe(response);
    });
    asked.on("error", () => response.destroy());
    request.pipe(asked);
  }
}
