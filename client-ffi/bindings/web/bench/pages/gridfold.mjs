import { openPhone } from "@gridfold/phone";
import { FORM, GRID, visit } from "../visits.mjs";
import { offer } from "./page.mjs";

let phone;

const set = (field, value) => ({ type: "Set", field, value });

/** The same visit as what a worker's form gives the library. */
function operations(of) {
  return [
    set("household", { type: "Reference", recordId: of.household }),
    set("visited_at", { type: "DateTime", atMs: of.visited_at }),
    set("purpose", { type: "Choice", key: of.purpose }),
    set("result", { type: "Choice", key: of.result }),
    set("minutes", { type: "Integer", number: of.minutes }),
    set("people_met", { type: "Integer", number: of.people_met }),
    ...of.needs.map((choice) => ({ type: "Choose", field: "needs", choice })),
    set("safety_checked", { type: "Boolean", yes: of.safety_checked }),
    set("safety_finding", { type: "Text", text: of.safety_finding }),
    set("follow_up", { type: "Boolean", yes: of.follow_up }),
    set("follow_up_on", { type: "Date", date: of.follow_up_on }),
    set("temperature", { type: "Decimal", number: of.temperature.toFixed(1) }),
    set("location", { type: "Geopoint", ...of.location }),
    { type: "SetLongText", field: "notes", text: of.notes },
  ];
}

offer({
  open: async () => {
    phone = await openPhone({ locale: "zh-CN", autoSync: false });
  },
  prepare: (code) => phone.enrol(code, location.origin),
  pull: async () => {
    while ((await phone.sync({})).more);
  },
  list: async (after, limit) => {
    const page = await phone.list({ form: FORM, sort: "Captured", limit, after });
    return { rows: page.items, next: page.next };
  },
  save: (made) => phone.create(GRID, FORM, operations(made)),
  count: () => phone.count({ form: FORM }),
  close: () => phone.close(),
});

/** Fills the server: makes visits, no two within a millisecond, and pushes them. */
globalThis.fill = async (from, many) => {
  const ids = [];
  let last = 0;
  for (let n = from; n < from + many; n++) {
    while (Date.now() === last) await new Promise((resolve) => setTimeout(resolve, 1));
    ids.push(await phone.create(GRID, FORM, operations(visit(n))));
    last = Date.now();
  }
  while ((await phone.sync({})).more || (await phone.status()).pending > 0);
  return ids;
};
