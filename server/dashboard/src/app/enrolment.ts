/** A link that opens the worker's app with a one-time code. Behind `#` it is sent to no server and stands in no log. */
export function appLink(qr: string): string | null {
  const [, server, code] = /^gridfold:1:(.+):([^:]+)$/s.exec(qr) ?? [];
  return server && code ? `${server.replace(/\/+$/, '')}/m/#enrol=${encodeURIComponent(code)}` : null;
}
