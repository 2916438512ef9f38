/**
 * Stands before a server: with the files of an app that is being worked on, under the server's own headers; as a
 * server that has a newer app; as a network that lets nothing of the API through.
 */
import { createServer, request } from 'node:http';
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

/** What tells a newer app from the one before. */
export const NEWER = 'meta[name=gridfold-newer]';
const HEADERS = ['content-security-policy', 'permissions-policy', 'service-worker-allowed', 'cache-control'];
const INDEX =
  /(revision"?:\s*")[^"]+("\s*,\s*"?url"?:\s*"index\.html")|(url"?:\s*"index\.html"\s*,\s*"?revision"?:\s*")[^"]+(")/;

/** The same app with another first page, as a release has it: the service worker names what changed. */
function newer(path, bytes) {
  if (path === 'index.html')
    return bytes.toString().replace('<head>', '<head><meta name="gridfold-newer" content="yes">');
  if (path !== 'sw.js') return bytes;
  const text = bytes.toString();
  if (!INDEX.test(text)) throw new Error('the service worker does not name the first page');
  return text.replace(INDEX, (_, a, b, c, d) => (a ? `${a}newer${b}` : `${c}newer${d}`));
}

export class Front {
  /** Without `dist` the server's own app. */
  constructor(behind, dist) {
    this.behind = new URL(behind);
    this.dist = dist;
    /** Whether a newer app is there. */
    this.isNewer = false;
    /** Whether calls of the API are cut before the server has them. */
    this.holds = false;
    /** Whether they are taken and never answered, as by a network that is gone and says nothing. */
    this.swallows = false;
    this.swallowed = 0;
    this.server = createServer((asked, answer) => {
      if (asked.url.startsWith('/m/') && !asked.url.startsWith('/m/maps/'))
        void this.#file(asked, answer).catch((error) => {
          process.stderr.write(`${asked.url} from the server: ${error}\n`);
          answer.destroy();
        });
      else if (this.holds) answer.destroy();
      else if (this.swallows) this.swallowed += 1;
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
    const name = ending ? path : 'index.html';
    const got = await fetch(new URL(this.dist ? '/m/' : `/m/${name}`, this.behind));
    for (const header of HEADERS) if (got.headers.has(header)) answer.setHeader(header, got.headers.get(header));
    answer.setHeader('content-type', TYPES[ending] ?? TYPES['.html']);
    const bytes = this.dist ? readFileSync(join(this.dist, name)) : Buffer.from(await got.arrayBuffer());
    answer.end(this.isNewer ? newer(name, bytes) : bytes);
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
