import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import * as tokenizers from "@huggingface/tokenizers";
import { CheckpointError, UsageError } from "../support/errors.js";

/** Merges of the vocabulary that all published CLIPs share; the file has more, which none of them uses. */
const MERGES = 48_894;
const [START, END] = ["<|startoftext|>", "<|endoftext|>"] as const;
const WORD_END = "</w>";
/** Contractions, runs of letters, single digits, and runs of anything else. */
const WORDS = String.raw`'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`;

/** What is used of the package, whose own declarations do not resolve in ES modules. */
const { Tokenizer } = tokenizers as unknown as {
  readonly Tokenizer: new (
    tokenizer: object,
    settings: object,
  ) => {
    encode(text: string, options: { readonly add_special_tokens: boolean }): { readonly ids: number[] };
  };
};

/** Tokens of texts as CLIP's text tower takes them. */
export interface ClipTokenizer {
  /** Tokens of a text, between those of its start and its end. */
  encode(text: string): number[];
}

/**
 * CLIP's tokenizer: byte pairs of lower-case text. Sennrich et al., ACL 2016; Radford et al., ICML 2021. Texts are put into
 * Unicode's form C as by Hugging Face's tokenizer of CLIP, and curly quotes become straight as by OpenAI's; its repair of
 * wrongly decoded text is left out.
 *
 * @param merges Pairs of tokens that become one, the most frequent first: "i n".
 */
export function clipTokenizer(merges: readonly string[]): ClipTokenizer {
  const bytes = byteCharacters();
  const tokens = [
    ...bytes,
    ...bytes.map((character) => character + WORD_END),
    ...merges.map((merge) => merge.replace(" ", "")),
    START,
    END,
  ];
  const vocabulary = Object.fromEntries(tokens.map((token, index) => [token, index]));
  const special = (content: string): object => ({
    id: vocabulary[content],
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: true,
    special: true,
  });
  const [start, end] = [vocabulary[START]!, vocabulary[END]!];
  const tokenizer = new Tokenizer(
    {
      added_tokens: [special(START), special(END)],
      normalizer: {
        type: "Sequence",
        normalizers: [
          { type: "NFC" },
          { type: "Replace", pattern: { Regex: "[\\u02bc\\u2018-\\u201b]" }, content: "'" },
          { type: "Replace", pattern: { Regex: "[\\u201c-\\u201f]" }, content: '"' },
          { type: "Replace", pattern: { Regex: String.raw`\s+` }, content: " " },
          { type: "Lowercase" },
        ],
      },
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          { type: "Split", pattern: { Regex: WORDS }, behavior: "Removed", invert: true },
          { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
        ],
      },
      post_processor: null,
      decoder: null,
      model: {
        type: "BPE",
        unk_token: END,
        continuing_subword_prefix: "",
        end_of_word_suffix: WORD_END,
        vocab: vocabulary,
        merges: [...merges],
      },
    },
    { unk_token: END },
  );
  return { encode: (text) => [start, ...tokenizer.encode(text, { add_special_tokens: false }).ids, end] };
}

/**
 * The tokenizer of a vocabulary's file, bpe_simple_vocab_16e6.txt.gz.
 * @throws CheckpointError for a file of another kind.
 */
export function readClipTokenizer(path: string): ClipTokenizer {
  const lines = unpacked(path).toString("utf8").split("\n").slice(1); // the first one is a heading
  const merges = lines.slice(0, MERGES);
  if (merges.length === MERGES && merges.every((line) => /^\S+ \S+$/.test(line)))
    return clipTokenizer(merges);
  throw new CheckpointError(
    `${path}: expected CLIP's vocabulary, ${MERGES} lines of two tokens, found another file`,
  );
}

function unpacked(path: string): Buffer {
  try {
    return gunzipSync(readFileSync(path));
  } catch (error) {
    throw new CheckpointError(
      `${path}: expected CLIP's vocabulary, packed by gzip: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

/**
 * Tokens of each class's prompt.
 * @throws UsageError for a prompt that is longer than the text tower takes.
 */
export function promptTokens(
  tokenizer: ClipTokenizer,
  classes: readonly string[],
  { prompt, context }: { readonly prompt: string; readonly context: number },
): number[][] {
  return classes.map((name) => {
    const text = prompt.replace("{}", () => name.replaceAll("_", " "));
    const tokens = tokenizer.encode(text);
    if (tokens.length <= context) return tokens;
    throw new UsageError(
      `classifier.prompt: expected texts of at most ${context} tokens, found ${tokens.length} for "${text}"; shorten the prompt or the ` +
        "class's name (data.classNames)",
    );
  });
}

/** A printable character for each byte: its own where it has one, in this order, then the others, from U+0100 on. */
function byteCharacters(): string[] {
  const range = (from: number, to: number): number[] =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const printable = [...range(0x21, 0x7e), ...range(0xa1, 0xac), ...range(0xae, 0xff)];
  return [...printable, ...range(0x100, 0x100 + 255 - printable.length)].map((code) =>
    String.fromCharCode(code),
  );
}
