// The table, as it stands in docs/benchmarks.md.

const JOBS = [
  { job: "save", what: ({ saves }) => `durable save of one visit, mean of ${saves}` },
  { job: "strict", of: "save", what: () => "the same with each transaction made strict from outside" },
  { job: "open", what: ({ records }) => `open with ${records} visits and show the first list, new process` },
  { job: "list", what: () => "list of 50 by form, newest first, mean of all pages" },
  { job: "pull", what: ({ records }) => `first pull of ${records} visits` },
  { job: "stored", what: () => "stored on disk a record, after the pull" },
];
const UNITS = { cpu: "ms CPU", ms: "ms wall", bytes: "B" };

function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], least: sorted[0], most: sorted.at(-1) };
}

function shown(value) {
  if (value < 10) return value.toFixed(2);
  if (value < 100) return value.toFixed(1);
  return Math.round(value).toLocaleString("en");
}

function cell(rounds, job, figure, ours) {
  const values = rounds.map((round) => round[job]?.[figure]).filter((value) => value !== undefined);
  if (values.length === 0) return "–";
  const { median, least, most } = spread(values);
  const range = least === most ? "" : ` (${shown(least)}–${shown(most)})`;
  const ratio = ours > 0 ? `, × ${(median / ours).toFixed(2)}` : "";
  return `${shown(median)} ${UNITS[figure]}${range}${ratio}`;
}

const medianOf = (row, job, figure) => {
  const values = row?.rounds.map((round) => round[job]?.[figure]).filter((value) => value !== undefined) ?? [];
  return values.length === 0 ? 0 : spread(values).median;
};

/** A table of markdown; ratios are to what Gridfold costs. */
export function report(rows, floors, counts) {
  const ours = rows.find(({ page }) => page === "gridfold");
  const lines = ["| job | library | CPU | wall | bytes |", "|---|---|---|---|---|"];
  for (const { job, of = job, what } of JOBS) {
    for (const row of rows) {
      if (!row.rounds.some((round) => round[job] !== undefined)) continue;
      const figures = ["cpu", "ms", "bytes"].map((figure) =>
        cell(row.rounds, job, figure, row === ours ? 0 : medianOf(ours, of, figure)),
      );
      const says = job === "save" ? ` (${row.says})` : "";
      lines.push(`| ${what(counts)} | ${row.name}${says} | ${figures.join(" | ")} |`);
    }
    if (job === "open") {
      const rounds = floors.map((cost) => ({ open: cost }));
      lines.push(`| a page without a library | – | ${cell(rounds, "open", "cpu", 0)} | ${cell(rounds, "open", "ms", 0)} | – |`);
    }
  }
  return lines.join("\n");
}
