/**
 * A phone's line to its server, which can be cut: what a browser is told of an outage may not reach its workers at
 * once, and a request that gets through meanwhile makes another story of it.
 */
import { connect, createServer } from 'node:net';

export class Line {
  #sockets = new Set();
  #cut = false;
  /** Where it leads is asked at every connection. */
  constructor(leads) {
    this.server = createServer((near) => {
      if (this.#cut) {
        near.destroy();
        return;
      }
      const { hostname, port } = new URL(leads());
      const far = connect(Number(port), hostname);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ]) {
        this.#sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.#sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
  }
  listen() {
    return new Promise((done) => this.server.listen(0, '127.0.0.1', () => done(this.server.address().port)));
  }
  /** Nothing gets through from now on, and what is under way breaks off. */
  cut() {
    this.#cut = true;
    for (const socket of this.#sockets) socket.destroy();
  }
  mend() {
    this.#cut = false;
  }
  close() {
    const closed = new Promise((done) => this.server.close(done));
    for (const socket of this.#sockets) socket.destroy();
    return closed;
  }
}
