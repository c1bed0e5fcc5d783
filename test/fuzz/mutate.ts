import type { Mulberry32 } from "../support/mulberry32.js";

/** Values at which readers' arithmetic has its edges. */
const EDGES = [
  0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
];
const MAX_CHANGES = 4;
const MAX_SLICE = 512;

type Change = (content: Buffer, random: Random) => Buffer;

interface Random {
  /** A whole number from 0 to below − 1. */
  readonly below: (limit: number) => number;
  readonly other: Buffer;
  readonly tokens: readonly string[];
}

/** A random change of a file: bits, whole numbers, slices of it or of another file, words of its format, its end. */
const CHANGES: readonly Change[] = [
  (content, { below }) => withByte(content, below, (byte) => byte ^ (1 << below(8))),
  (content, { below }) => withByte(content, below, () => below(256)),
  (content, { below }) => {
    const [size, value] = [[1, 2, 4][below(3)]!, EDGES[below(EDGES.length)]!];
    if (content.length < size) return content;
    const at = below(content.length - size + 1);
    const mask = 256 ** size - 1;
    const number = value > mask ? mask : value;
    if (below(2) === 0) content.writeUIntBE(number, at, size);
    else content.writeUIntLE(number, at, size);
    return content;
  },
  (content, { below }) => content.subarray(0, below(content.length + 1)),
  (content, { below }) => {
    const [from, to] = slice(content, below);
    return Buffer.concat([content.subarray(0, from), content.subarray(to)]);
  },
  (content, { below }) => {
    const [from, to] = slice(content, below);
    const at = below(content.length + 1);
    const copies = Array.from({ length: 1 + below(8) }, () => content.subarray(from, to));
    return Buffer.concat([content.subarray(0, at), ...copies, content.subarray(at)]);
  },
  (content, { below, other }) => {
    const [from, to] = slice(other, below);
    const at = below(content.length + 1);
    return Buffer.concat([content.subarray(0, at), other.subarray(from, to), content.subarray(at)]);
  },
  (content, { below, tokens }) => {
    if (tokens.length === 0) return content;
    const at = below(content.length + 1);
    const token = Buffer.from(tokens[below(tokens.length)]!, "latin1");
    return Buffer.concat([content.subarray(0, at), token, content.subarray(at + below(2) * token.length)]);
  },
];

/** One of the seeds after one to four random changes. The same generator gives the same files. */
export function mutated(
  seeds: readonly Uint8Array[],
  tokens: readonly string[],
  generator: Mulberry32,
): Buffer {
  const below = (limit: number): number => Math.floor(generator.uniform() * limit);
  let content = Buffer.from(seeds[below(seeds.length)]!);
  for (let left = 1 + below(MAX_CHANGES); left > 0; left--) {
    const other = Buffer.from(seeds[below(seeds.length)]!);
    content = Buffer.from(CHANGES[below(CHANGES.length)]!(content, { below, other, tokens }));
  }
  return content;
}

function withByte(content: Buffer, below: Random["below"], change: (byte: number) => number): Buffer {
  if (content.length === 0) return content;
  const at = below(content.length);
  content[at] = change(content[at]!);
  return content;
}

function slice(content: Buffer, below: Random["below"]): [number, number] {
  const from = below(content.length + 1);
  return [from, Math.min(content.length, from + below(MAX_SLICE))];
}
