import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loginFor, parseNetrc, withoutLogin } from "./credentials.js";

const netrc = `# logins
machine a.example login first password "sp ace\\"d"
macdef init
machine not.this login x password y

machine b.example
  login second account none password s#2
machine a.example login again password ignored
default login anyone password open
`;

test.each([
  ["a.example", { user: "first", password: 'sp ace"d' }],
  ["b.example", { user: "second", password: "s#2" }],
  ["not.this", { user: "anyone", password: "open" }],
])("netrc: %s", (host, login) => {
  expect(parseNetrc(netrc, host)).toEqual(login);
});

test("netrc without the host and without a default", () => {
  expect(parseNetrc("machine a login b password c", "other")).toBeUndefined();
  expect(parseNetrc("", "other")).toBeUndefined();
});

test("an address's own login goes first, then its index's, then the one in netrc", () => {
  const folder = mkdtempSync(join(tmpdir(), "longtail-netrc-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const NETRC = join(folder, "logins");
  writeFileSync(NETRC, "machine x.example login n password n\n");
  const environment = { HOME: folder, NETRC };
  const indexes = ["https://i%40:p%3A@x.example/simple"];
  const file = new URL("https://x.example/files/a.whl");
  expect(loginFor(new URL("https://u:v@x.example/"), indexes, environment)).toEqual({
    user: "u",
    password: "v",
  });
  expect(loginFor(file, indexes, environment)).toEqual({ user: "i@", password: "p:" });
  expect(loginFor(file, [], environment)).toEqual({ user: "n", password: "n" });
  expect(loginFor(new URL("https://y.example/"), indexes, environment)).toBeUndefined();
});

test("messages show no login", () => {
  expect(withoutLogin("https://user:secret@x.example/simple/")).toBe("https://x.example/simple/");
});
