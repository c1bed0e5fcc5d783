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

  it("takes what the format's reference reader takes: every byte is one tensor's", () => {
    using _ = scope();
    const path = join(folder, "a.safetensors");
    const read = (header: string | object, data = 8): string => {
      const isText = typeof header === "string" || Buffer.isBuffer(header);
      const text = Buffer.from(isText ? header : JSON.stringify(header));
      const size = Buffer.alloc(8);
      size.writeBigUInt64LE(BigInt(text.length));
      writeFileSync(path, Buffer.concat([size, text, Buffer.alloc(data)]));
      try {
        return [...readSafetensors(path).tensors.keys()].join(" ");
      } catch (error) {
        expect(error).toBeInstanceOf(CheckpointError);
        return (error as Error).message.replace(folder, "");
      }
    };
    const floats = (start: number, end: number): object => ({
      dtype: "F32",
      shape: [(end - start) / 4],
      data_offsets: [start, end],
    });
    expect(read({ b: floats(4, 8), a: floats(0, 4), empty: floats(4, 4) })).toBe("b a empty");
    expect(read({ b: floats(4, 8), a: floats(0, 4) })).toBe("b a");
    expect([
      read({ a: floats(0, 4), b: floats(0, 4) }, 4),
      read({ a: floats(0, 4), b: floats(8, 12) }, 12),
      read({ a: floats(4, 8) }),
      read({ a: floats(0, 4) }),
      read(`{"a":${JSON.stringify(floats(0, 8))},"\\u0061":${JSON.stringify(floats(0, 8))}}`),
      read({ a: { ...floats(0, 8), shape: [[[2]]] } }),
      read({ a: { ...floats(0, 8), shape: [-1, -2] } }),
      read({ a: { ...floats(0, 8), shape: [2 ** 40, 2 ** 40, 0] } }),
      read({ __metadata__: { format: 1 } }, 0),
      read(' {"a":1}'),
      read(`{"a":${"[".repeat(300_000)}${"]".repeat(300_000)}}`),
      read(`{"a":${JSON.stringify(floats(0, 8)).replace("{", '{"dtype":"I64",')}}`),
      read('{"__metadata__":{"format":"pt","format":"tf"}}', 0),
      read(Buffer.from('{"\xff":1}', "latin1")),
      read({ a: { ...floats(0, 0), shape: [2 ** 40, 2 ** 40, 0] } }, 0),
      read(`{"a":[${"0,".repeat(10_000_000)}0]}`),
    ]).toMatchInlineSnapshot(`
      [
        "/a.safetensors: damaged: tensor b begins at byte 0 of the data, expected 4, where the one before it ends",
        "/a.safetensors: damaged: tensor b begins at byte 8 of the data, expected 4, where the one before it ends",
        "/a.safetensors: damaged: tensor a begins at byte 4 of the data, expected 0, where the one before it ends",
        "/a.safetensors: damaged: expected 4 bytes of data, as its header says, found 8",
        "/a.safetensors: "a" is there twice in its header",
        "/a.safetensors: tensor a: expected dtype, shape and data_offsets in the header",
        "/a.safetensors: tensor a: expected dtype, shape and data_offsets in the header",
        "/a.safetensors: tensor a has too many elements: [1099511627776, 1099511627776, 0]",
        "/a.safetensors: not a safetensors file: its metadata is not a JSON object of texts",
        "/a.safetensors: not a safetensors file: its header is not a JSON object",
        "/a.safetensors: not a safetensors file: its header: expected at most 8 lists and objects within each other",
        "/a.safetensors: "dtype" is there twice in its header",
        "/a.safetensors: "format" is there twice in its header",
        "/a.safetensors: not a safetensors file: its header is not in UTF-8",
        "/a.safetensors: tensor a has too many elements: [1099511627776, 1099511627776, 0]",
        "/a.safetensors: not a safetensors file: its header: expected at most 10000000 values",
      ]
    `);
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
