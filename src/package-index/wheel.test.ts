import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DownloadError } from "../support/errors.js";
import { DamagedWheelError, extractWheel, type Wheel } from "./wheel.js";
import { wheelFile, zip } from "./zip.fixture.js";

let folder = "";
let wheel = "";
let pin: Wheel;
const content = {
  "torch/lib/libc10.so": "c10",
  "torch/lib/libtorch_cuda.so": "large",
  "torch/include/a/b.h": "#pragma once",
  "torch/include/": "",
  "torch-2.dist-info/licenses/LICENSE": "license",
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-wheel-"));
  wheel = join(folder, "torch-2.whl");
  const made = wheelFile({ name: "torch", version: "2" }, content);
  pin = made.wheel;
  writeFileSync(wheel, made.bytes);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function extract(
  members: readonly string[],
  onBytes: (bytes: number, total: number) => void = () => undefined,
): Promise<void> {
  return extractWheel(wheel, { members, folder: join(folder, "out"), record: pin.record, onBytes });
}

test("only the members and the licenses are unpacked", async () => {
  const progress: number[][] = [];
  await extract(["torch/lib/libc10.so", "torch/include/"], (bytes, total) => {
    progress.push([bytes, total]);
  });
  const files = Object.keys(content).filter((name) => !name.endsWith("/"));
  expect(files.filter((name) => existsSync(join(folder, "out", name)))).toEqual([
    "torch/lib/libc10.so",
    "torch/include/a/b.h",
    "torch-2.dist-info/licenses/LICENSE",
  ]);
  expect(existsSync(join(folder, "out", "torch-2.dist-info/RECORD"))).toBe(false);
  expect(readFileSync(join(folder, "out", "torch/include/a/b.h"), "utf8")).toBe("#pragma once");
  expect(progress).toEqual([
    [3, 22],
    [15, 22],
    [22, 22],
  ]);
});

test("a member that is not there is named", async () => {
  const extraction = extract(["torch/lib/libgomp.so.1"]);
  await expect(extraction).rejects.toThrow("torch-2.whl: expected torch/lib/libgomp.so.1 in it, found none");
});

test("a damaged wheel is named", async () => {
  const bytes = readFileSync(wheel);
  writeFileSync(wheel, bytes.subarray(0, bytes.length - 30));
  const truncated = extract(["torch/include/"]);
  await expect(truncated).rejects.toThrow(DownloadError);
  await expect(truncated).rejects.toThrow(/^torch-2\.whl is damaged: .*; install again$/);
});

test("a file with other bytes than RECORD says is named, and so is another RECORD", async () => {
  const other = zip({
    ...content,
    "torch/lib/libc10.so": "C10",
    "torch-2.dist-info/RECORD": recordOf(readFileSync(wheel, "latin1")),
  });
  writeFileSync(wheel, other);
  const extraction = extract(["torch/lib/libc10.so"]);
  await expect(extraction).rejects.toThrow(DamagedWheelError);
  await expect(extraction).rejects.toThrowErrorMatchingInlineSnapshot(
    `[DamagedWheelError: torch-2.whl is damaged: torch/lib/libc10.so: expected sha256 HzERNO_h-Y1angSbQtfHPD-dglq-MxnhbiHPpl-jaLc, found kI1ykA4kdZIbWA6XHmA-8iTxmVzfR-MCLRLuiK4-boo; install again]`,
  );
  pin = { ...pin, record: "0".repeat(64) };
  await expect(extract(["torch/include/"])).rejects.toThrow(
    /^torch-2\.whl is damaged: RECORD: expected sha256 0{64}, found [0-9a-f]{64}; install again$/,
  );
});

test("a wheel without RECORD is refused", async () => {
  writeFileSync(wheel, zip(content));
  await expect(extract(["torch/include/"])).rejects.toThrow("expected a RECORD in it, found none");
});

/** The content of RECORD in a wheel whose entries are stored as they are. */
function recordOf(bytes: string): string {
  const at = bytes.indexOf("torch/lib/libc10.so,sha256=");
  return bytes.slice(at, bytes.indexOf("PK", at));
}
