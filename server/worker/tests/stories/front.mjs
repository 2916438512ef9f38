/** Stands before a server with the files of an app that is being worked on, under the server's own headers. */
import { createServer, request } from 'node:http';
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

export class Front {
  constructor(behind, dist) {
    this.behind = new URL(behind);
    this.dist = dist;
    this.server = createServer((asked, answer) => {
      if (asked.url.startsWith('/m/')) void this.#file(asked, answer).catch(() => answer.destroy());
      else this.#pass(asked, answer);
    });
  }
  listen(port) {
    return new Promise((done) =>
      this.server.listen(port, '127.0.0.1', () => done(`http://127.0.0.1:${this.server.address().port}`)),
    );
  }
  close() {
    return new Promise((done) => {
      this.server.close(done);
      this.server.closeAllConnections();
    });
  }
  async #file(asked, answer) {
    const path = new URL(asked.url, this.behind).pathname.slice('/m/'.length);
    const ending = extname(path);
    const { headers } = await fetch(new URL('/m/', this.behind));
    for (const name of ['content-security-policy', 'permissions-policy', 'service-worker-allowed', 'cache-control'])
      if (headers.has(name)) answer.setHeader(name, headers.get(name));
    answer.setHeader('content-type', TYPES[ending] ?? TYPES['.html']);
    answer.end(readFileSync(join(this.dist, ending ? path : 'index.html')));
  }
  #pass(asked, answer) {
    const { hostname, port } = this.behind;
    const onward = request({ hostname, port, path: asked.url, method: asked.method, headers: asked.headers }, (got) => {
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  }
}
