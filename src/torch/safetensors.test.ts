import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CheckpointError } from "../support/errors.js";
import { arange, tensor } from "./create.js";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "./safetensors.js";
import { scope } from "./scope.js";
import type { Tensor } from "./tensor.js";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "longtail-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("safetensors", () => {
  it("round-trips every element type, empty tensors and metadata", () => {
    using _ = scope();
    const path = join(folder, "a.safetensors");
    const tensors = new Map<string, Tensor>([
      ["weight", tensor([1, -2.5, 3, 4], { shape: [2, 2] })],
      ["half", tensor([1, 0.5]).to({ dtype: "bfloat16" })],
      ["count", arange(3)],
      ["bytes", tensor(Uint8Array.of(1, 2, 3))],
      ["flags", tensor([1, 0]).gt(0.5)],
      ["double", tensor(Float64Array.of(0.1))],
      ["none", tensor([], { shape: [0, 4] })],
      ["scalar", tensor([7], { shape: [] })],
      ["transposed", tensor([1, 2, 3, 4], { shape: [2, 2] }).t()],
    ]);
    writeSafetensors(path, tensors, { recipe: "{}" });
    const file = readSafetensors(path);
    expect(file.metadata).toEqual({
      recipe: "{}",
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(readSafetensorsMetadata(path)).toEqual(file.metadata);
    expect([...file.tensors.keys()]).toEqual([...tensors.keys()]);
    for (const [name, expected] of tensors) {
      const found = file.tensors.get(name);
      expect([name, found?.dtype, found?.shape, found?.toList()]).toEqual([
        name,
        expected.dtype,
        expected.shape,
        expected.toList(),
      ]);
    }
    expect(readdirSync(folder)).toEqual(["a.safetensors"]);
  });

  it("writes the same bytes for the same tensors, data aligned to 8 bytes", () => {
    using _ = scope();
    const path = join(folder, "a.safetensors");
    const write = () => {
      writeSafetensors(path, new Map([["x", tensor([1, 2])]]), { a: "1" });
      return readFileSync(path);
    };
    const bytes = write();
    expect(write()).toEqual(bytes);
    expect(Number(bytes.readBigUInt64LE()) % 8).toBe(0);
  });

  it("names the file and the fault", () => {
    using _ = scope();
    const path = join(folder, "a.safetensors");
    writeSafetensors(path, new Map([["x", tensor([1, 2])]]));
    const whole = readFileSync(path);
    const message = (bytes: Uint8Array) => {
      writeFileSync(path, bytes);
      try {
        readSafetensors(path);
        return "read";
      } catch (error) {
        expect(error).toBeInstanceOf(CheckpointError);
        return (error as Error).message.replace(folder, "");
      }
    };
    expect(message(whole)).toBe("read");
    expect(message(whole.subarray(0, 4))).toMatchInlineSnapshot(
      `"/a.safetensors: truncated: expected 8 bytes of header length, found 4"`,
    );
    expect(message(whole.subarray(0, whole.length - 1))).toMatchInlineSnapshot(
      `"/a.safetensors: truncated: tensor x ends at byte 8 of the data, the file holds 7"`,
    );
    expect(message(Buffer.from("this is no checkpoint at all"))).toMatchInlineSnapshot(
      `"/a.safetensors: not a whole safetensors file: its header would have 2338328219631577000 bytes, the file has 28"`,
    );
    expect(
      message(Buffer.concat([Buffer.from([4, 0, 0, 0, 0, 0, 0, 0]), Buffer.from("abcd")])),
    ).toMatchInlineSnapshot(`"/a.safetensors: not a safetensors file: its header is not a JSON object"`);
    expect(() => readSafetensors(join(folder, "none"))).toThrow(/none: cannot be read \(ENOENT\)/);
    expect(() => readSafetensors(folder)).toThrow(/expected a safetensors file, found a folder/);
  });

  it("detects every changed byte", () => {
    using _ = scope();
    const path = join(folder, "a.safetensors");
    writeSafetensors(path, new Map([["x", tensor([1, 2, 3])]]), { a: "1" });
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at += 1) {
      const damaged = Buffer.from(whole);
      damaged[at] = damaged[at]! ^ (1 << (at % 8));
      writeFileSync(path, damaged);
      const read = (): unknown => readSafetensors(path).metadata["sha256"]; // without it nothing is checked
      try {
        expect(read(), `byte ${at}`).toBeUndefined();
      } catch (error) {
        expect(error, `byte ${at}`).toBeInstanceOf(CheckpointError);
      }
    }
  });

  it("refuses every truncation", () => {
    using _ = scope();
    const path = join(folder, "a.safetensors");
    writeSafetensors(path, new Map([["x", tensor([1, 2, 3])]]), { key: "value" });
    for (let size = statSync(path).size - 1; size >= 0; size--) {
      truncateSync(path, size);
      expect(() => readSafetensors(path)).toThrow(CheckpointError);
    }
  });

  it("leaves the old file when it cannot write the new one", () => {
    using _ = scope();
    const path = join(folder, "a.safetensors");
    writeSafetensors(path, new Map([["x", tensor([1])]]));
    const freed = tensor([2]);
    {
      using _inner = scope();
      const broken = new Map([
        ["x", freed],
        ["y", tensor([3])],
      ]);
      const y = broken.get("y");
      Object.defineProperty(y, "handle", { value: 12345 });
      expect(() => writeSafetensors(path, broken)).toThrow();
    }
    chmodSync(folder, 0o700);
    expect(readSafetensors(path).tensors.get("x")?.toList()).toEqual([1]);
    expect(readdirSync(folder)).toEqual(["a.safetensors"]);
  });
});
