import { type Markup, markup } from "../support/markup.js";
import { pageText } from "../support/page/page.js";

/** What the page of the description may do: nothing but look as it does. */
export const DOCS_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The parts of an OpenAPI document that the page shows. */
interface Described {
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description?: string | undefined;
  };
  readonly paths?: Readonly<Record<string, object>> | undefined;
}

interface Operation {
  readonly summary?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly description?: string;
    readonly schema?: { readonly default?: unknown; readonly description?: string };
  }[];
  readonly requestBody?: { readonly description?: string; readonly content: object };
  readonly responses?: Readonly<Record<string, { readonly description?: string; readonly content?: object }>>;
}

const STYLE = `
section { margin: 1.6rem 0; }
h2 code { font-size: 1.05rem; }
pre { background: var(--panel); padding: 0.7rem 0.9rem; border-radius: 0.4rem; overflow-x: auto; font-size: 0.85rem; }
td:first-child { white-space: nowrap; }
`;

const EXAMPLES = `curl -H 'Content-Type: image/jpeg' --data-binary @photo.jpg 'ADDRESS/predict?top=3'
curl -F image=@one.jpg -F image=@two.png ADDRESS/predict
curl -H 'Authorization: Bearer TOKEN' ADDRESS/models`;

/** An OpenAPI document as a page for people. */
export function docsPage(document: Described): string {
  const { title, version, description = "" } = document.info;
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      operationMarkup(method, path, operation as Operation),
    ),
  );
  return pageText({
    title: `${title}: addresses`,
    style: STYLE,
    header: markup`<h1>${title}</h1>
<p>${description} For programs: <a href="./openapi.json">openapi.json</a>; to try it: <a href="./">the page</a>.</p>
<pre tabindex="0">${EXAMPLES}</pre>`,
    main: markup`${operations}`,
    by: `longtail ${version}`,
    at: new Date(),
  });
}

function operationMarkup(method: string, path: string, operation: Operation): Markup {
  const { summary = "", parameters = [], requestBody, responses = {} } = operation;
  const rows = [
    ...parameters.map(({ name, in: where, description, schema }): [string, string] => [
      `${name} (${where})`,
      `${description ?? schema?.description ?? ""}${schema?.default === undefined ? "" : ` Default: ${JSON.stringify(schema.default)}.`}`,
    ]),
    ...(requestBody === undefined
      ? []
      : [
          [
            "body",
            `${requestBody.description ?? ""} ${Object.keys(requestBody.content).join(", ")}`,
          ] as const,
        ]),
    ...Object.entries(responses).map(([status, { description = "" }]) => [status, description] as const),
  ];
  return markup`<section><h2><code>${method.toUpperCase()} ${path}</code></h2>
<p>${summary}</p>
<div class="scroll"><table><tbody>${rows.map(([term, text]) => markup`<tr><td>${term}</td><td>${text}</td></tr>\n`)}</tbody></table></div>
</section>
`;
}
