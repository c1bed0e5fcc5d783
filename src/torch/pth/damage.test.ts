/** Files that no one should trust: damaged ones, others than PyTorch's, and such as would run code in Python. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CheckpointError } from "../../support/errors.js";
import { tensor } from "../create.js";
import { memory, scope } from "../scope.js";
import { Placeholder } from "./pickle.js";
import { temporaryFolder, writeArchive } from "./pth.fixture.js";
import { readPth } from "./read.js";
import { writePth } from "./write.js";

let temporary: ReturnType<typeof temporaryFolder>;
let path: string;
beforeEach(() => {
  temporary = temporaryFolder();
  path = join(temporary.path, "file.pth");
});
afterEach(() => {
  temporary[Symbol.dispose]();
});

/** The message of the CheckpointError that reading throws, without the folder. */
function fault(): string {
  using _ = scope();
  try {
    readPth(path);
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    return (error as Error).message.replace(`${temporary.path}/`, "");
  }
  return "none";
}

const FLOATS = "(X\u0007\0\0\0storagectorch\nFloatStorage\nX\u0001\0\0\x000X\u0003\0\0\0cpuK\u0002tQ"; // two of them
const REBUILD = "ctorch._utils\n_rebuild_tensor_v2\n";
const NO_HOOKS = "\x89ccollections\nOrderedDict\n)R";
const rebuilt = (arguments_: string): string => `\x80\u0002${REBUILD}(${FLOATS}${arguments_}${NO_HOOKS}tR.`;
const eightBytes = { "data/0": "\0\0\x80?\0\0\0@" }; // 1, 2

test("a hand-made tensor is read", () => {
  using _ = scope();
  writeArchive(path, rebuilt("K\0K\u0002\x85K\u0001\x85"), eightBytes);
  expect(String(readPth(path))).toContain("float32 [2]");
});

test("code is named, not run: a placeholder stands for what it would make", () => {
  using _ = scope();
  const proof = join(temporary.path, "proof");
  const command = `touch ${proof}`;
  const text = `X${String.fromCharCode(command.length)}\0\0\0${command}`;
  const found = (pickle: string): unknown => {
    writeArchive(path, pickle);
    return readPth(path);
  };
  expect(found(`\x80\u0002cos\nsystem\n${text}\x85R.`)).toEqual(new Placeholder("os.system"));
  expect(found(`\x80\u0002c__builtin__\neval\n${text}\x85R.`)).toEqual(new Placeholder("__builtin__.eval"));
  expect(found(`\x80\u0004\x8c\u0005posix\x8c\u0006system\x93${text}\x85R.`)).toEqual(
    new Placeholder("posix.system"),
  );
  expect(found("\x80\u0002cconstructor\nconstructor\n)R.")).toEqual(
    new Placeholder("constructor.constructor"),
  );
  expect(existsSync(proof)).toBe(false);
});

test("objects of unknown classes are placeholders: attributes, items and calls are passed over", () => {
  const values = {
    "a namespace": ["cargparse\nNamespace\n)\x81}X\u0002\0\0\0lrK\u0001sb", "argparse.Namespace"],
    "a NumPy array": [
      "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\u0001b\x87R(K\u0001K\u0004\x85NNNtb",
      "numpy.core.multiarray._reconstruct",
    ],
    "a dictionary of another class": ["ceasydict\nEasyDict\n)R(U\u0001aK\u0001u", "easydict.EasyDict"],
    "a list of another class": ["ccollections\ndeque\n)R(K\u0001K\u0002e", "collections.deque"],
    "a NumPy date": [
      "cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\u0002M8\x85RC\u00080000\x30000\x86R",
      "numpy.generic",
    ],
    "a complex tensor": [
      `${REBUILD}(${FLOATS.replace("FloatStorage", "ComplexFloatStorage")}K\0K\u0002\x85K\u0001\x85${NO_HOOKS}tR`,
      "torch.ComplexFloatStorage",
    ],
  } as const;
  for (const [what, [pickle, name]] of Object.entries(values)) {
    writeArchive(path, `\x80\u0002}U\u0001x${pickle}s.`);
    expect(readPth(path), what).toEqual(new Map([["x", new Placeholder(name)]]));
  }
});

/** Lists within lists, each twice in the next one: value 39 stands for 2^39 numbers. */
const SHARED = `]q\0K\u0001a${Array.from({ length: 39 }, (_, i) => `]q${String.fromCharCode(i + 1)}(h${String.fromCharCode(i)}h${String.fromCharCode(i)}e`).join("")}`;

test.each([
  ["the file's value", `${SHARED}.`, "none"],
  ["a position", `${SHARED}0${rebuilt("h'K\u0002\x85K\u0001\x85").slice(2)}`, "found a list of 2"],
  ["a NumPy type", `${SHARED}0cnumpy\ndtype\nh'\x85R.`, "none"],
  ["a device", `${SHARED}0ctorch\ndevice\nh'h'\x86R.`, "expected a device, found a list of 2"],
  [
    "copies",
    `](${"N".repeat(100_000)}eq\0cbuiltins\nlist\nq\u00010${"h\u0001h\0\x85R".repeat(200)}.`,
    "more than 10000000 values",
  ],
  ["empty lists", `${"]".repeat(2_000_000)}.`, "more than 10000000 values"],
  ["marks", `${"(".repeat(11_000_000)}.`, "more than 10000000 values"],
  ["a name without an end", `c${"a".repeat(10_000)}`, "expected a line of at most 4096 bytes"],
  [
    "texts encoded again and again",
    `X\0\0\u0010\0${"a".repeat(1 << 20)}q\0c_codecs\nencode\nq\u0001U\u0006latin1q\u00020${"h\u0001h\0h\u0002\x86R".repeat(1300)}.`,
    "more than 10000000 values",
  ],
  [
    "a shape beyond all memory",
    rebuilt("K\0(\x8a\u0007\0\0\0\0\0\0\u0010\x8a\u0007\0\0\0\0\0\0\u0010t(K\0K\0t"),
    "a tensor's shape has too many elements",
  ],
])("a small file that stands for more than there is: %s", (_, pickle, expected) => {
  writeArchive(path, pickle.startsWith("\x80") ? pickle : `\x80\u0002${pickle}`, eightBytes);
  const found = fault();
  expect(found).toContain(expected);
  expect(found.length).toBeLessThan(300);
});

test("entries that share their bytes, or a name", () => {
  writeArchive(path, "\x80\u0002N.", { "data/0": "a".repeat(1000), "data/1": "b".repeat(1000) });
  const whole = readFileSync(path);
  const record = (name: string): number => whole.lastIndexOf(`archive/${name}`) - 46;
  const shared = Buffer.from(whole);
  whole.copy(shared, record("data/1") + 42, record("data/0") + 42, record("data/0") + 46);
  writeFileSync(path, shared);
  expect(fault()).toBe("file.pth: damaged: archive/data/0 reaches into what lies behind it");
  const twice = Buffer.from(whole);
  twice.write("archive/data/0", record("data/1") + 46);
  writeFileSync(path, twice);
  expect(fault()).toBe("file.pth: damaged: archive/data/0 is there twice");
});

test("a storage of two sizes", () => {
  const other = FLOATS.replace("K\u0002tQ", "K\u0001tQ");
  writeArchive(path, `\x80\u0002${FLOATS}${other}.`, eightBytes);
  expect(fault()).toContain('storage "0" has 2 elements of float32 and 1 of float32');
});

test("a dictionary's keys do not reach JavaScript's objects", () => {
  writeArchive(path, "\x80\u0002}X\u0009\0\0\0__proto__K\u0001s.");
  expect(readPth(path)).toEqual(new Map([["__proto__", 1]]));
});

test.each([
  [
    "a tensor beyond its storage",
    rebuilt("K\u0001K\u0002\x85K\u0001\x85"),
    'damaged: a tensor reaches beyond the 2 elements of storage "0" (byte 125 of the pickle)',
  ],
  [
    "negative sizes",
    rebuilt("K\0J\xff\xff\xff\xff\x85K\u0001\x85"),
    "damaged: expected a whole number as size or position, found -1 (byte 128 of the pickle)",
  ],
  [
    "strides of another length",
    rebuilt("K\0K\u0002\x85)"),
    "damaged: a tensor's shape and strides differ in length (byte 123 of the pickle)",
  ],
  ["an empty stack", "\x80\u00020.", "damaged: its stack is empty (byte 3 of the pickle)"],
  ["no mark", "\x80\u0002t.", "damaged: a mark is missing (byte 3 of the pickle)"],
  [
    "a call of no function",
    "\x80\u0002K\u0001)R.",
    "damaged: expected a function and its arguments (byte 6 of the pickle)",
  ],
  [
    "an item for no dictionary",
    "\x80\u0002]K\u0001K\u0001s.",
    "damaged: expected a dictionary and pairs to put into it (byte 8 of the pickle)",
  ],
  [
    "an append to no list",
    "\x80\u0002K\u0001K\u0001a.",
    "damaged: expected a list to append to (byte 7 of the pickle)",
  ],
  ["an unknown operation", "\x80\u0002\xff.", "damaged: operation 0xff is unknown (byte 3 of the pickle)"],
  ["a value never stored", "\x80\u0002h\u0003.", "damaged: value 3 was never stored (byte 4 of the pickle)"],
  [
    "another protocol",
    "\x80\u0006N.",
    "damaged: it has pickle protocol 6; protocols 2 to 5 can be read (byte 2 of the pickle)",
  ],
  ["no end", "\x80\u0002N", "truncated: expected 1 more bytes at byte 3, found 0"],
  [
    "a text longer than the file",
    "\x80\u0002X\xff\xff\xff\x7fabc.",
    "truncated: expected 2147483647 more bytes at byte 7, found 4",
  ],
  [
    "a persistent id of something else",
    "\x80\u0002X\u0003\0\0\0abcQ.",
    "damaged: expected a storage (byte 11 of the pickle)",
  ],
  [
    "attributes of a number",
    "\x80\u0002K\u0001}b.",
    "damaged: sets attributes of an object that has none (byte 6 of the pickle)",
  ],
  [
    "a NumPy scalar of too few bytes",
    "\x80\u0002cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\u0002f8\x85RC\u0001a\x86R.",
    "damaged: a NumPy scalar of type f8 holds 1 bytes (byte 56 of the pickle)",
  ],
])("a damaged pickle: %s", (_, pickle, expected) => {
  writeArchive(path, pickle, eightBytes);
  expect(fault()).toBe(`file.pth: ${expected}`);
});

test("a storage that is missing, too short or altered", () => {
  const whole = rebuilt("K\0K\u0002\x85K\u0001\x85");
  writeArchive(path, whole);
  expect(fault()).toBe("file.pth: damaged: it lacks archive/data/0");
  writeArchive(path, whole, { "data/0": "abc" });
  expect(fault()).toContain('damaged: storage "0" has 3 bytes, expected 8');
  writeArchive(path, whole, eightBytes);
  const bytes = readFileSync(path);
  bytes.write("Q", bytes.indexOf("\x80?", 0, "latin1"));
  writeFileSync(path, bytes);
  expect(fault()).toBe("file.pth: damaged: archive/data/0 has a wrong checksum");
});

test("a file cut off at any place says so", () => {
  using _ = scope();
  writePth(path, { state_dict: new Map([["weight", tensor([1, 2, 3])]]) });
  const whole = readFileSync(path);
  const before = memory().live;
  for (let size = 4; size < whole.length; size += 7) {
    writeFileSync(path, whole.subarray(0, size));
    expect(fault(), String(size)).toContain("truncated");
  }
  expect(memory().live).toBe(before);
});

test("the older format, cut off at any place", () => {
  const whole = readFileSync(join(import.meta.dirname, "../../../test/fixtures/pth/torch-legacy.pth"));
  for (let size = 15; size < whole.length; size += 61) {
    writeFileSync(path, whole.subarray(0, size));
    expect(fault(), String(size)).toContain("truncated");
  }
});

test("an altered byte is read as something else or reported, whichever it is", () => {
  const whole = readFileSync(join(import.meta.dirname, "../../../test/fixtures/pth/torch-legacy.pth"));
  for (let at = 0; at < whole.length; at += 5) {
    const bytes = Buffer.from(whole);
    bytes[at]! ^= 0x81;
    writeFileSync(path, bytes);
    fault(); // expects every error to be a CheckpointError
  }
});

test("neither a PyTorch file nor one at all", () => {
  expect(fault()).toBe("file.pth: cannot be read (ENOENT)");
  mkdirSync(path);
  expect(fault()).toBe("file.pth: expected a .pth file, found a folder");
  path = join(temporary.path, "other.pth");
  for (const content of ["", "PK", "<html>not found</html>"]) {
    writeFileSync(path, content);
    expect(fault()).toBe("other.pth: not a PyTorch file: expected a zip archive or PyTorch's older format");
  }
  writeFileSync(path, "PK\u0003\u0004 and nothing else");
  expect(fault()).toContain("truncated, or not a whole zip archive");
});

test("another archive, or one of a big-endian machine", () => {
  writeArchive(path, "\x80\u0002N.", { byteorder: "big" });
  expect(fault()).toBe("file.pth: written by a big-endian machine, which is not supported");
  const bytes = readFileSync(path);
  for (let at = 0; (at = bytes.indexOf("data.pkl", at)) >= 0;) bytes.write("evil.pkl", at);
  writeFileSync(path, bytes);
  expect(fault()).toBe("file.pth: a zip archive without PyTorch's data.pkl");
});

test("a compressed entry", () => {
  writeArchive(path, "\x80\u0002N.");
  const bytes = readFileSync(path);
  bytes.writeUInt16LE(8, bytes.indexOf("PK\u0001\u0002") + 10);
  writeFileSync(path, bytes);
  expect(fault()).toBe("file.pth: archive/data.pkl is compressed; PyTorch stores entries as they are");
});
