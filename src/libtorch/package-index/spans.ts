/** Bytes of a file from `from` up to, without, `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The same bytes in as few spans as possible, in order. Gaps of up to `gap` bytes between two spans are filled. */
export function mergeSpans(spans: readonly Span[], gap = 0): Span[] {
  const merged: Span[] = [];
  for (const span of spans.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && span.from <= last.to + gap)
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
    else merged.push(span);
  }
  return merged;
}

/** What is in `wanted` and not in `present`, in order. */
export function subtractSpans(wanted: readonly Span[], present: readonly Span[]): Span[] {
  let rest = mergeSpans(wanted);
  for (const { from, to } of present) {
    rest = rest.flatMap((span) =>
      [
        { from: span.from, to: Math.min(span.to, from) },
        { from: Math.max(span.from, to), to: span.to },
      ].filter((piece) => piece.to > piece.from),
    );
  }
  return mergeSpans(rest);
}

export function totalBytes(spans: readonly Span[]): number {
  return spans.reduce((sum, { from, to }) => sum + to - from, 0);
}
