// The package in Chromium and Firefox, against the real server.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Browser, BROWSERS, ready, World } from "./harness.mjs";

const kinds = process.env.BROWSERS?.split(",") ?? Object.keys(BROWSERS);

for (const kind of kinds) {
  describe(kind, () => {
    let world, browser, codes;
    before(async () => {
      world = await World.start();
      codes = ["王芳", "李伟", "王芳", "李伟", "王芳", "赵敏", "赵敏"].map((name) => world.invite(name));
      await world.serve();
      browser = await new Browser(kind, world).open();
    });
    after(async () => {
      await browser?.close();
      await world?.stop();
    });

    /** Runs what the page has of a name, in a page of its own. */
    const inPage = async (name, ...given) => {
      const page = await browser.page();
      try {
        return await page.evaluate((name, given) => globalThis.story[name](...given), name, given);
      } finally {
        await page.close();
      }
    };

    test("what is not what a call takes is said before anything is done", () => inPage("misuse"));

    test("the key is kept by the browser, by a PIN or by the app", () => inPage("pin"));

    // Firefox has no authenticator that a test could drive from here.
    if (kind === "chromium") {
      /** Runs what `keys` has of a name in a page. */
      const keys = (page, name, ...given) =>
        page.evaluate((name, given) => globalThis.keys[name](...given), name, given);

      test("a store kept by the device's authenticator opens by that one alone, when it knows the person", async () => {
        const page = await browser.page(world.named);
        const device = await browser.authenticator(page);
        await keys(page, "make", "finger", codes[5]);
        await page.reload();
        await ready(page);
        await keys(page, "opens", "finger");
        await keys(page, "aloneBy", "finger");

        const other = await browser.page(world.named);
        const another = await browser.authenticator(other);
        await keys(other, "refused", "finger", "NotVerified");
        await another.remove();
        await keys(other, "refused", "finger", "NoAuthenticator");
        await other.close();
        await keys(page, "opens", "finger");
        // It is of no more use after that: it was tried too often.
        await device.neverKnows();
        await keys(page, "refused", "finger", "NotVerified");
        await page.close();
      });

      test("an authenticator that keeps no key or does not know the person changes nothing", async () => {
        const page = await browser.page(world.named);
        const without = await browser.authenticator(page, { prf: false });
        await keys(page, "staysAsItWas", "stays", "NoAuthenticator");
        await without.remove();
        const stranger = await browser.authenticator(page);
        await stranger.neverKnows();
        await keys(page, "staysAsItWas", "stays", "NotVerified");
        await stranger.remove();

        const device = await browser.authenticator(page);
        const pin = { by: "Pin", pin: "4711" };
        await keys(page, "change", "stays", pin, { by: "Authenticator" });
        await keys(page, "change", "stays", { by: "Authenticator" }, { by: "Browser" });
        await keys(page, "change", "stays", { by: "Browser" }, { by: "Authenticator" });
        await device.forget();
        await keys(page, "refused", "stays", "NotVerified");
        await page.close();
        // A page that is known by an address.
        const address = await browser.page();
        await browser.authenticator(address);
        await keys(address, "staysAsItWas", "address", "NoAuthenticator");
        await address.close();
      });
    }

    test("a device without an authenticator is told apart, and the key is kept as before", async () => {
      const page = await browser.page(world.named);
      assert.equal(await page.evaluate(() => globalThis.keys.may()), false);
      await page.evaluate(() => globalThis.keys.staysAsItWas("none", "NoAuthenticator"));
      await page.close();
    });

    test("a killed browser's store opens by the authenticator that kept its key", async () => {
      const pin = { by: "Pin", pin: "4711" };
      const by = { by: "Authenticator" };
      let page;
      const keys = (name, ...given) => page.evaluate((name, given) => globalThis.keys[name](...given), name, given);
      const withSeed = async (seed) => {
        page = await browser.page(world.named);
        await keys("standIn", seed);
      };
      const killed = async (seed) => {
        await browser.kill();
        await browser.open();
        await withSeed(seed);
      };
      await withSeed("one device");
      await keys("make", "seeded", codes[6], pin);
      // Killed while the person is asked: it is still the PIN's.
      await keys("changeWithoutEnd", "seeded", pin);
      await killed("one device");
      await keys("refused", "seeded", "WrongKey");
      // And killed as soon as it was said to be the authenticator's.
      await keys("changeAndStay", "seeded", pin, by);
      await killed("another device");
      await keys("refused", "seeded", "WrongKey");
      await page.close();
      await withSeed("one device");
      await keys("aloneBy", "seeded");
      await keys("crashes", "seeded");
      await page.close();
    });

    test("a cancelled sync loses nothing, and syncing by itself sends it", () => inPage("byItself", codes[2]));

    test("a browser killed in the middle of edits has every one that was acknowledged", async () => {
      await inPage("begin", "killed", codes[3]);
      for (const more of [1, 15, 40]) {
        const wanted = world.acked + more;
        const page = await browser.page();
        const ended = page.evaluate(() => globalThis.story.editForEver("killed")).catch(() => undefined);
        while (world.acked < wanted) {
          const first = await Promise.race([ended.then(() => "ended"), new Promise((d) => setTimeout(d, 5, "goes on"))]);
          assert.equal(first, "goes on", "the edits ended by themselves");
        }
        await browser.kill();
        await ended;
        await browser.open();
        const [visits, pending] = await inPage("counted", "killed");
        assert.ok(visits >= world.acked, `${world.acked} were acknowledged, ${visits} are there`);
        assert.equal(pending, visits);
        world.acked = visits;
      }
    });

    test("one tab has the store, and another takes it over when asked to", async () => {
      const first = await browser.page();
      await first.evaluate(() => globalThis.story.hold("killed"));
      await inPage("useHere", "killed");
      await first.evaluate(() => globalThis.story.noLonger());
      await first.close();
    });

    test("a tab that is reloaded has its store again", async () => {
      const page = await browser.page();
      for (let n = 0; n < 3; n++) {
        await page.evaluate(() => globalThis.story.hold("killed"));
        await page.reload();
        await ready(page);
      }
      await page.close();
    });

    test("a crash in the middle of an edit is said, and the phone goes on", () => inPage("crash", "killed"));

    test("a library that crashes each time is not started for ever", async () => {
      world.crashes = true;
      try {
        await inPage("crashesEachTime");
      } finally {
        world.crashes = false;
      }
    });

    test("a full storage is said, and nothing is lost", async () => {
      const [visits] = await inPage("counted", "killed");
      const stored = await inPage("full", "killed");
      assert.deepEqual((await inPage("counted", "killed"))[0], visits + stored);
    });

    test("a store that vanished is said before the next acknowledgement, and what waits is sent", async () => {
      const sent = await inPage("vanish", "killed");
      // Firefox takes the open files away too.
      if (kind === "chromium") assert.equal(sent, true);
    });

    test("a copied profile forks nothing, and nothing of either is lost", async () => {
      await inPage("begin", "copied", codes[4]);
      assert.deepEqual(await inPage("writeAndSync", "copied", 1), [1, 0]);
      await browser.shut();
      const copy = new Browser(kind, world);
      try {
        copy.take(browser);
        await browser.open();
        await copy.open();
        const inCopy = async (...given) => {
          const page = await copy.page();
          return page.evaluate((name, given) => globalThis.story[name](...given), given[0], given.slice(1));
        };
        assert.deepEqual(await inPage("writeAndSync", "copied", 2), [3, 0]);
        assert.deepEqual(await inCopy("writeAndSync", "copied", 3), [6, 0]);
        assert.deepEqual(await inPage("writeAndSync", "copied", 1), [7, 0]);
        assert.deepEqual(await inCopy("writeAndSync", "copied", 0), [7, 0]);
      } finally {
        await copy.close();
      }
    });

    test("two phones live through a day offline", () => inPage("day", codes.slice(0, 2)));
  });
}
