import { createRxDatabase } from "rxdb/plugins/core";
import { replicateRxCollection } from "rxdb/plugins/replication";
import { getRxStorageDexie } from "rxdb/plugins/storage-dexie";
import { FORM } from "../visits.mjs";
import { offer } from "./page.mjs";

const text = { type: "string" };
const number = { type: "number" };
const yes = { type: "boolean" };
const SCHEMA = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 36 },
    form: { type: "string", maxLength: 32 },
    before: { type: "integer", minimum: 0, maximum: 9_999_999_999_999, multipleOf: 1 },
    visited_at: number,
    grid: text,
    household: text,
    purpose: text,
    result: text,
    minutes: number,
    people_met: number,
    needs: { type: "array", items: text },
    safety_checked: yes,
    safety_finding: text,
    follow_up: yes,
    follow_up_on: text,
    temperature: number,
    location: { type: "object", properties: { latitude: number, longitude: number } },
    notes: text,
  },
  required: ["id", "form", "before"],
  indexes: [["form", "before"]],
};

/** Its storages read indexes forwards only, and sort all that is found for a descending order: the newest has the least. */
const LAST = 9_999_999_999_999;
const doc = (visit) => ({ ...visit, before: LAST - visit.visited_at });

let db;
let visits;

offer({
  open: async () => {
    db = await createRxDatabase({
      name: "bench",
      storage: getRxStorageDexie({ chromeTransactionDurability: "strict" }),
      multiInstance: false,
    });
    ({ visits } = await db.addCollections({ visits: { schema: SCHEMA } }));
  },
  pull: async () => {
    const replication = replicateRxCollection({
      collection: visits,
      replicationIdentifier: "visits",
      live: false,
      waitForLeadership: false,
      pull: {
        batchSize: 1000,
        handler: async (checkpoint, batchSize) => {
          const after = new URLSearchParams({ id: checkpoint?.id ?? "", at: checkpoint?.at ?? 0, limit: batchSize });
          return (await fetch(`/rxdb/pull?${after}`)).json();
        },
        modifier: doc,
      },
    });
    await replication.awaitInitialReplication();
    await replication.cancel();
  },
  list: async (after, limit) => {
    const found = await visits
      .find({
        selector: { form: FORM, ...(after === null ? {} : { before: { $gt: after } }) },
        sort: [{ before: "asc" }],
        limit,
        index: ["form", "before"],
      })
      .exec();
    const rows = found.map((doc) => ({ id: doc.id, title: doc.purpose }));
    return { rows, next: found.length === limit ? found.at(-1).before : null };
  },
  save: async (visit) => {
    await visits.insert(doc(visit));
    return visit.id;
  },
  count: () => visits.count({ selector: { form: FORM } }).exec(),
  close: () => db.close(),
});
