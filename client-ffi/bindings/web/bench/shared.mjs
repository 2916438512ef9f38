// A visit as Yjs shares it.
import * as Y from "yjs";

/** With fields that merge one by one and notes by character, as Gridfold's do; or as one value, where the last writer wins. */
export function shared({ id, ...visit }, whole) {
  if (whole) return { id, ...visit };
  return new Y.Map(Object.entries({ ...visit, notes: new Y.Text(visit.notes) }));
}
