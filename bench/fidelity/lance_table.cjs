// One day of a Lance table: node lance_table.cjs TABLES DAY ROWS SEED. Rows are added, some updated
// and deleted; on Sundays fragments are merged and versions older than a day are removed.
const lancedb = require("@lancedb/lancedb");

const [tables, day, rows, seed] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const WIDTH = 64;

// mulberry32: the same numbers everywhere.
let state = seed * 100_003 + day;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

function made(count, first) {
  return Array.from({ length: count }, (_, i) => ({
    id: first + i,
    day,
    vector: Array.from({ length: WIDTH }, () => random() * 2 - 1),
  }));
}

async function main() {
  const database = await lancedb.connect(tables);
  const first = (day + 1) * 1_000_000;
  if (!(await database.tableNames()).includes("items")) {
    await database.createTable("items", made(rows * 20, 0));
  }
  const table = await database.openTable("items");
  await table.add(made(rows, first));
  await table.delete(`id % 211 = ${Math.floor(random() * 211)}`);
  await table.update({ where: `id % 307 = ${Math.floor(random() * 307)}`, values: { day } });
  if (day % 7 === 6) {
    await table.optimize({ cleanupOlderThan: new Date(Date.now() - 1), deleteUnverified: true });
  }
}

main();
