// What is asked of every library in the same way. A library is `{ open, pull, list, save, count, close }`:
// `list(after, limit)` gives rows by form, newest first, and what the next page comes after.
import { visit } from "../visits.mjs";

const PAGES = 50;

/** Has IndexedDB flush each transaction, whether or not the library asks for it. */
function strictly() {
  const transaction = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (stores, mode = "readonly", options = {}) {
    return transaction.call(this, stores, mode, mode === "readwrite" ? { ...options, durability: "strict" } : options);
  };
}

/** As an app has them on screen. */
async function show(rows) {
  document.querySelector("ul").replaceChildren(
    ...rows.map((row) => {
      const line = document.createElement("li");
      line.textContent = `${row.title} ${row.id}`;
      return line;
    }),
  );
  await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
}

async function timed(work) {
  const begun = performance.now();
  const given = await work();
  return { ms: performance.now() - begun, given };
}

export function offer(library) {
  globalThis.bench = {
    strictly,
    open: () => library.open(),
    pull: (code) => timed(() => library.pull(code)),
    prepare: (code) => library.prepare?.(code),
    count: () => library.count(),
    close: () => library.close(),

    /**
     * Pages of 50, one after the other, once for each of the shifts: so many rows are asked for first,
     * so that no list is one that was asked for before.
     */
    walk: (shifts) =>
      timed(async () => {
        const walks = [];
        let lists = 0;
        for (const shift of shifts) {
          const ids = [];
          let after = null;
          for (let page = 0; page < PAGES; page++) {
            const { rows, next } = await library.list(after, page === 0 && shift > 0 ? shift : 50);
            lists++;
            ids.push(...rows.map((row) => row.id));
            if ((after = next) === null) break;
          }
          walks.push(ids);
        }
        return { walks, lists };
      }),

    /** One visit after the other; gives their ids. */
    save: (from, many) => {
      const visits = Array.from({ length: many }, (_, n) => visit(from + n));
      return timed(async () => {
        const ids = [];
        for (const each of visits) ids.push(await library.save(each));
        return ids;
      });
    },
  };

  const opened = async () => {
    await library.open();
    const { rows } = await library.list(null, 50);
    await show(rows);
    return { ms: performance.now(), ids: rows.map((row) => row.id) };
  };
  if (location.hash === "#open") globalThis.opened = opened();
}
