/**
 * The invitation of a phone: as a QR's text, as a link that opens this app with it, or as a code that is typed.
 *
 * In a link it stands behind `#`: what is there is sent to no server and stands in no log.
 */
const PLACE = '#enrol=';

/** The invitation of a link that the app was opened by. */
export function enrolmentIn(hash: string): string | undefined {
  if (!hash.startsWith(PLACE)) return undefined;
  try {
    const text = decodeURIComponent(hash.slice(PLACE.length));
    return text === '' ? undefined : text;
  } catch {
    return undefined;
  }
}

export interface Invitation {
  code: string;
  /** The server that a QR's text names. This app speaks with the one it came from and no other. */
  server: string | undefined;
}

/** What was scanned, opened or typed. */
export function invitationOf(text: string): Invitation {
  const at = text.indexOf(PLACE);
  const inner = (at < 0 ? undefined : enrolmentIn(text.slice(at).trim())) ?? text;
  const named = /^\s*gridfold:1:(.+):([^:]*)$/s.exec(inner);
  return { code: (named?.[2] ?? inner).trim(), server: named?.[1] };
}
