import PouchDB from "pouchdb-browser";
import { FORM } from "../visits.mjs";
import { offer } from "./page.mjs";

let db;

// Ids that sort by form and time: PouchDB's guide says to use them before any index.
const doc = ({ id, ...visit }) => ({ _id: `${visit.form}:${visit.visited_at}:${id}`, id, ...visit });

offer({
  open: async () => {
    db = new PouchDB("visits");
    await db.info();
  },
  pull: async () => {
    const remote = new PouchDB(`${location.origin}/couch/visits`);
    await db.replicate.from(remote, { batch_size: 1000 });
  },
  list: async (after, limit) => {
    const found = await db.allDocs({
      startkey: after ?? `${FORM}:\uffff`,
      endkey: `${FORM}:`,
      descending: true,
      skip: after === null ? 0 : 1,
      limit,
      include_docs: true,
    });
    const rows = found.rows.map(({ doc }) => ({ ...doc, title: doc.purpose }));
    return { rows, next: found.rows.length === limit ? found.rows.at(-1).id : null };
  },
  save: async (visit) => {
    await db.put(doc(visit));
    return visit.id;
  },
  count: async () => (await db.info()).doc_count,
  close: () => db.close(),
});
