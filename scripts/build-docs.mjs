// Writes the site about the library's API, of src/index.ts, with typedoc: npm run docs [-- FOLDER] (default: build/api).
// Warnings are errors, and so is an export whose doc comment is missing or has no @example.
import { Application, ReflectionKind } from "typedoc";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const project = fileURLToPath(new URL("..", import.meta.url));
const out = process.argv[2] ?? `${project}build/api`;

const app = await Application.bootstrapWithPlugins({
  name: "longtail",
  entryPoints: [`${project}src/index.ts`],
  tsconfig: `${project}tsconfig.build.json`,
  readme: "none",
  out,
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  hideGenerator: true,
  treatWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, notDocumented: false },
  // Types inside of others that nobody names by themselves.
  intentionallyNotExported: [
    "BatchPeers",
    "BuildRecipe",
    "Method",
    "MethodSchema",
    "RecipeIssue",
    "RecipeWith",
    "RecipeWithMethod",
    "TrainingClasses",
    "GROUPS",
    "Recipe",
    "TextStream",
    "Part",
    "Stage",
    "BestEpoch",
    "MetadataSchema",
    "reportedSchema",
    "resultRowSchema",
  ],
  blockTags: ["@example", "@throws", "@param", "@returns", "@module"],
});
const api = await app.convert();
if (api === undefined) process.exit(1);
/** Examples are TypeScript; what their names stand for is left to the reader. */
function checkSyntax(name, text) {
  const code = text.replace(/^```\w*\n|\n```$/g, "");
  const { parseDiagnostics } = ts.createSourceFile("example.ts", code, ts.ScriptTarget.Latest);
  for (const { messageText } of parseDiagnostics) app.logger.error(`example of ${name}: ${messageText}`);
}

const comments = (reflection) => [
  reflection.comment,
  ...(reflection.signatures ?? []).map((signature) => signature.comment),
  reflection.type?.declaration?.signatures?.[0]?.comment,
];
for (const reflection of api.children ?? []) {
  const tags = comments(reflection).flatMap((comment) => comment?.blockTags ?? []);
  const examples = tags.filter(({ tag }) => tag === "@example");
  for (const { content } of examples) checkSyntax(reflection.name, content.map(({ text }) => text).join(""));
  if (examples.length > 0) continue;
  const kind = ReflectionKind.singularString(reflection.kind).toLowerCase();
  app.logger.error(`${kind} ${reflection.name}: expected a doc comment with @example, found none`);
}
app.validate(api);
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1);
await app.generateDocs(api, out);
