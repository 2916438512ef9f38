// Figures of the package: `node tests/bench.mjs [chromium|firefox]`, after `./build`. A development
// build says nothing; SERVER_BINARY should be a release build too.
import { Browser, World } from "./harness.mjs";

const kind = process.argv[2] ?? "chromium";
const world = await World.start();
const codes = ["王芳", "李伟"].map((name) => world.invite(name));
await world.serve();
const browser = await new Browser(kind, world).open();
const page = await browser.page();
const figures = await page.evaluate((codes) => globalThis.story.figures(codes), codes);
for (const [what, figure] of Object.entries(figures)) console.log(`${what}: ${figure}`);
await browser.close();
await world.stop();
