/** CLIP's text side as open_clip and transformers compute it (test/golden/make-clip.py). */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { goldenJson, goldenTensors } from "../../test/support/golden.js";
import { scope } from "../torch/scope.js";
import { weightsFile } from "../weights/install.js";
import { CLIP_VOCABULARY } from "../weights/clip.js";
import { textArchitecture, textDirections, textWeights } from "./clip-text.js";
import { clipTokenizer, promptTokens, readClipTokenizer } from "./clip-tokenizer.js";
import { matching, renamed } from "./state-names.js";

const { merges, cases } = goldenJson("clip-tokens") as {
  merges: string[];
  cases: { text: string; tokens: number[]; full: number[] }[];
};
const folder = mkdtempSync(join(tmpdir(), "longtail-clip-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("tokens", () => {
  test("are open_clip's, of a vocabulary with its first merges", () => {
    const tokenizer = clipTokenizer(merges);
    for (const { text, tokens } of cases) expect(tokenizer.encode(text), text).toEqual(tokens);
  });

  const { path, isThere } = weightsFile(CLIP_VOCABULARY);
  test.skipIf(!isThere)("are open_clip's, of the whole vocabulary", () => {
    expect(existsSync(path)).toBe(true);
    const tokenizer = readClipTokenizer(path);
    for (const { text, full } of cases) expect(tokenizer.encode(text), text).toEqual(full);
  });

  test("another file is no vocabulary", () => {
    const [text, short] = ["vocabulary.txt", "short.txt.gz"].map((name) => join(folder, name));
    writeFileSync(text!, merges.join("\n"));
    writeFileSync(short!, gzipSync(merges.join("\n")));
    expect(() => readClipTokenizer(text!)).toThrow(
      /vocabulary.txt: expected CLIP's vocabulary, packed by gzip/,
    );
    expect(() => readClipTokenizer(short!)).toThrow(/short.txt.gz: expected CLIP's vocabulary, 48894 lines/);
  });

  test("prompts have names with spaces, and an end", () => {
    const tokenizer = clipTokenizer(merges);
    const options = { prompt: "a photo of a {}.", context: 12 };
    expect(promptTokens(tokenizer, ["bow_tie"], options)).toEqual([
      tokenizer.encode("a photo of a bow tie."),
    ]);
    const long = "a name that is much too long to be one";
    expect(() => promptTokens(tokenizer, [long], options)).toThrow(
      /classifier.prompt: expected texts of at most 12 tokens, found \d+ for "a photo of a a name/,
    );
  });
});

describe("class weights from texts", () => {
  test.each([
    ["clip-text-open-clip", "gelu"],
    ["clip-text-open-clip-quickgelu", "quick-gelu"],
    ["clip-text-open-clip-custom", "gelu"],
    ["clip-text-hf", "quick-gelu"],
  ] as const)("%s", (name, activation) => {
    using _ = scope();
    const { tensors } = goldenTensors(`networks/${name}`);
    const state = renamed(
      matching(tensors, (key) => key.startsWith("state/")),
      (key) => key.slice("state/".length),
    );
    const weights = textWeights(state);
    const options = { activation, heads: 2 };
    expect(textArchitecture(weights, options)).toMatchObject({
      vocabulary: 40,
      context: 8,
      width: 16,
      depth: 2,
    });
    const texts = tensors.get("texts")!;
    const [count, length] = texts.shape as [number, number];
    const rows = texts.toList();
    const tokens = Array.from({ length: count }, (_row, n) => {
      const row = rows.slice(n * length, (n + 1) * length);
      return row.slice(0, row.indexOf(39) + 1);
    });
    const found = textDirections(weights, tokens, options);
    expect(found.sub(tensors.get("directions")!).abs().max().item()).toBeLessThan(1e-5);
  });

  test("a file without a text tower is refused", () => {
    using _ = scope();
    const { tensors } = goldenTensors("networks/timm-vit");
    expect(() => textWeights(tensors)).toThrow(/expected a whole CLIP with its text tower/);
  });
});
