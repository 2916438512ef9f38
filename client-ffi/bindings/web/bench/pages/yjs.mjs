import { IndexeddbPersistence } from "y-indexeddb";
import * as Y from "yjs";
import { FORM } from "../visits.mjs";
import { shared } from "../shared.mjs";
import { offer } from "./page.mjs";

const whole = new URLSearchParams(location.search).has("whole");

let doc;
let stored;
let visits;
/** Yjs has no lists: the page keeps the ids of each form, oldest first. */
let order;
/** Nor a promise of the library's that tells when an update is stored. */
let lastWrite;

const get = (visit, field) => (whole ? visit[field] : visit.get(field));

function put(id, visit) {
  const form = get(visit, "form");
  const at = get(visit, "visited_at");
  let all = order.get(form);
  if (all === undefined) order.set(form, (all = []));
  let to = all.length;
  while (to > 0 && all[to - 1].at > at) to--;
  all.splice(to, 0, { id, at });
}

offer({
  open: async () => {
    doc = new Y.Doc();
    stored = new IndexeddbPersistence("visits", doc);
    await stored.whenSynced;
    const transaction = stored.db.transaction;
    stored.db.transaction = function (...how) {
      const made = transaction.apply(this, how);
      lastWrite = new Promise((done, failed) => {
        made.oncomplete = done;
        made.onabort = failed;
      });
      return made;
    };
    visits = doc.getMap("visits");
    order = new Map();
    // Sorted once: as many puts would each look for their place.
    const all = [...visits].sort(([, a], [, b]) => get(a, "visited_at") - get(b, "visited_at"));
    for (const [id, visit] of all) put(id, visit);
    visits.observe((event) => {
      for (const [id, { action }] of event.changes.keys) if (action === "add") put(id, visits.get(id));
    });
  },
  pull: async () => {
    const update = await fetch(`/yjs/${whole ? "whole" : "fields"}`);
    Y.applyUpdate(doc, new Uint8Array(await update.arrayBuffer()));
    await lastWrite;
  },
  list: async (after, limit) => {
    const all = order.get(FORM) ?? [];
    const to = after ?? all.length;
    const from = Math.max(0, to - limit);
    const rows = all.slice(from, to).reverse().map(({ id }) => {
      const visit = visits.get(id);
      const row = whole ? visit : visit.toJSON();
      return { ...row, id, title: row.purpose };
    });
    return { rows, next: from > 0 ? from : null };
  },
  save: async (visit) => {
    visits.set(visit.id, shared(visit, whole));
    await lastWrite;
    return visit.id;
  },
  count: async () => visits.size,
  close: () => stored.destroy(),
});
