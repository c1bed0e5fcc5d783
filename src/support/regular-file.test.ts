import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openRegularFile, readRegularFile } from "./regular-file.js";

const folder = mkdtempSync(join(tmpdir(), "longtail-regular-file-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it("reads files", () => {
  const path = join(folder, "file");
  writeFileSync(path, "text");
  expect(Buffer.from(readRegularFile(path)).toString()).toBe("text");
  closeSync(openRegularFile(path));
});

it("opens nothing else, and waits for nobody", () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  expect(() => readRegularFile(pipe)).toThrow("expected a file, found a named pipe");
  expect(() => readRegularFile(folder)).toThrow("expected a file, found a folder");
  expect(() => openRegularFile("/dev/zero")).toThrow("expected a file, found a device");
  expect(() => readRegularFile(join(folder, "missing"))).toThrow("ENOENT");
});

it("reads the pipe of a shell's <(command)", () => {
  const module = join(import.meta.dirname, "../../dist/support/regular-file.js");
  const code = `import { readRegularFile } from ${JSON.stringify(module)}; process.stdout.write(readRegularFile(process.argv[1]));`;
  const { stdout, stderr } = spawnSync(
    "bash",
    ["-c", '"$0" --input-type=module -e "$1" <(sleep 0.2; echo from a pipe)', process.execPath, code],
    { encoding: "utf8" },
  );
  expect(stdout + stderr).toBe("from a pipe\n");
});
