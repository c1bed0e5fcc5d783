import { spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newFolder, writeTogether } from "./output-set.js";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "longtail-set-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const NAMES = ["train", "train.json", "test.json"];

/** Writes a folder and two files that all hold the text. */
function write(text: string, { out = root, replace = true, names = NAMES } = {}): Promise<string> {
  return writeTogether({ out, names, replace }, (folder) => {
    for (const name of names)
      writeFileSync(name.endsWith(".json") ? join(folder, name) : join(newFolder(folder, name), "a"), text);
    return text;
  });
}

function read(name: string): string | null {
  const path = join(root, name.endsWith(".json") ? name : `${name}/a`);
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

const content = (): (string | null)[] => NAMES.map(read);

test("makes the folder and those above it, returns what the filling gave", async () => {
  const out = join(root, "a/b");
  expect(await write("x", { out })).toBe("x");
  expect(readdirSync(out).sort()).toEqual([...NAMES].sort());
  expect(readdirSync(join(root, "a"))).toEqual(["b"]);
});

test("refuses what is there, unless it may be replaced; other files stay", async () => {
  await write("old", { names: ["test.json"] });
  writeFileSync(join(root, "notes.txt"), "mine");
  await expect(write("new", { replace: false })).rejects.toThrow(
    "test.json is there already; choose another place, or --force replaces it.",
  );
  expect(content()).toEqual([null, null, "old"]);
  await write("new");
  await write("newer");
  expect(content()).toEqual(["newer", "newer", "newer"]);
  expect(readdirSync(root).sort()).toEqual(["notes.txt", ...NAMES].sort());
  for (const name of NAMES) expect(lstatSync(join(root, name)).isSymbolicLink()).toBe(false);
});

test("a failure leaves what was there and nothing else", async () => {
  await write("old");
  const broken = writeTogether({ out: root, names: NAMES, replace: true }, (folder) => {
    writeFileSync(join(folder, "train.json"), "half");
    throw new Error("no more");
  });
  await expect(broken).rejects.toThrow("no more");
  expect(content()).toEqual(["old", "old", "old"]);
  expect(readdirSync(root).sort()).toEqual([...NAMES].sort());
});

test("a link in the place of a file is replaced, what it leads to stays", async () => {
  writeFileSync(join(root, "elsewhere"), "precious");
  symlinkSync("elsewhere", join(root, "train.json"));
  await write("new");
  expect(content()).toEqual(["new", "new", "new"]);
  expect(readFileSync(join(root, "elsewhere"), "utf8")).toBe("precious");
});

test("what killed processes left is removed, that of others is not", async () => {
  const left = (pid: number): string => {
    const folder = join(root, `.longtail-new-${pid}`);
    mkdirSync(folder);
    writeFileSync(join(folder, "owner"), `process ${pid} on ${hostname()}\n`);
    return folder;
  };
  const [dead, alive] = [left(4_194_304), left(process.ppid)];
  mkdirSync(join(root, ".longtail-done-1"));
  await write("x");
  expect(existsSync(dead)).toBe(false);
  expect(readdirSync(root).sort()).toEqual([`.longtail-new-${process.ppid}`, ...NAMES].sort());
  expect(existsSync(alive)).toBe(true);
});

test("two that write at once leave the files of one", async () => {
  await Promise.all(["one", "two", "three"].map((text) => write(text)));
  const [first] = content();
  expect(["one", "two", "three"]).toContain(first);
  expect(content()).toEqual([first, first, first]);
});

test("a place that cannot be written is named", async () => {
  writeFileSync(join(root, "file"), "");
  await expect(write("x", { out: join(root, "file/b") })).rejects.toThrow(
    /^cannot write .*file\/b\/train: a part of the path is a file/,
  );
});

/** Ends the process at a call of a function of node:fs, before it does anything. */
const KILLER = `
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
let left = Number(process.env.LONGTAIL_TEST_KILL_AT);
for (const name of ["renameSync", "symlinkSync", "unlinkSync", "linkSync", "rmSync"]) {
  const act = fs[name];
  fs[name] = (...args) => {
    if (left-- === 0) process.kill(process.pid, "SIGKILL");
    return act(...args);
  };
}
syncBuiltinESMExports();
`;

describe("killed before any of its changes of the folder", { timeout: 120_000 }, () => {
  const built = new URL("../../dist/dataset-tools/output-set.js", import.meta.url).href;

  /** Writes the set in a process of its own that is killed before its n-th change. Whether it was. */
  function killedAt(n: number, text: string): boolean {
    const script = `
      ${KILLER}
      const { newFolder, writeTogether } = await import(${JSON.stringify(built)});
      await writeTogether({ out: ${JSON.stringify(root)}, names: ${JSON.stringify(NAMES)}, replace: true }, (folder) => {
        for (const name of ${JSON.stringify(NAMES)})
          fs.writeFileSync(name.endsWith(".json") ? folder + "/" + name : newFolder(folder, name) + "/a", ${JSON.stringify(text)});
      });`;
    const env = { ...process.env, LONGTAIL_TEST_KILL_AT: String(n) };
    const { signal, status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      env,
    });
    if (signal === null) expect(status, stderr.toString()).toBe(0);
    return signal === "SIGKILL";
  }

  test.each([
    ["a set that is there", "old"],
    ["nothing", null],
  ])(
    "in place of %s it shows all of the old or all of the new, and the next one clears up",
    async (_, before) => {
      let kills = 0;
      const seen = new Set<string | null>();
      for (; ; kills += 1) {
        rmSync(root, { recursive: true });
        mkdirSync(root);
        if (before !== null) await write(before);
        const killed = killedAt(kills, "new");
        const [first] = content();
        expect(content()).toEqual([first, first, first]);
        expect([before, "new"]).toContain(first);
        seen.add(first ?? null);
        await write("next");
        expect(content()).toEqual(["next", "next", "next"]);
        expect(readdirSync(root).sort()).toEqual([...NAMES].sort());
        if (!killed) break;
      }
      expect(kills).toBeGreaterThan(8);
      expect(seen).toEqual(new Set([before, "new"]));
    },
  );
});
