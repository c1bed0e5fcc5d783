/**
 * The arrows between the folders of src. Each folder names everything it may import; `types` may be
 * imported with `import type` only, but for `files` of theirs; of other folders `files` alone may be imported. Tests may set up what they need from any folder.
 */
const arrows = {
  support: { values: [] },
  // A method's schema and recipes lie in its folder; they know zod and plain data alone, so that recipes need no libtorch.
  recipes: {
    values: ["support"],
    files: ["methods/(schemas|[^/]+/(schema|recipes))[.]ts$", "weights/registry[.]ts$"],
  },
  "package-index": { values: ["support"] },
  weights: { values: ["support", "package-index"] },
  libtorch: { values: ["support", "package-index"] },
  torch: { values: ["support", "libtorch"] },
  distributed: { values: ["support", "torch"] },
  nn: { values: ["support", "torch"] },
  optim: { values: ["support", "torch"], types: ["recipes"] },
  models: { values: ["support", "torch", "nn", "optim", "weights"], types: ["recipes"] },
  methods: {
    values: ["support", "torch", "nn", "optim", "models"],
    types: ["recipes"],
    files: ["recipes/(numbers|define|built-in/images)[.]ts$"],
  },
  data: { values: ["support", "torch"], types: ["recipes"] },
  evaluation: { values: ["support", "torch", "data"], types: ["recipes"] },
  "dataset-tools": { values: ["support", "torch", "data", "evaluation"], types: ["recipes"] },
  runs: { values: ["support", "recipes", "libtorch", "torch"], types: ["data", "evaluation"] },
  logs: { values: ["support", "data", "evaluation", "runs"], types: ["recipes"] },
  training: {
    values: [
      "support",
      "weights",
      "torch",
      "distributed",
      "nn",
      "optim",
      "models",
      "methods",
      "data",
      "evaluation",
      "recipes",
      "runs",
      "logs",
    ],
  },
  // A model as a file that other programs run. It knows neither tensors nor libtorch; a page in the browser reads its metadata.
  onnx: { values: ["support"], files: ["recipes/(transform-schema|numbers)[.]ts$"] },
  // What applications use in place of the library: it never loads libtorch.
  runtime: {
    values: ["support", "onnx"],
    types: ["data", "inference", "recipes"],
    files: ["data/(image-input|image-error|heic-file|normalization-factors|formats/reading/content)[.]ts$"],
  },
  inference: {
    values: [
      "support",
      "onnx",
      "runtime",
      "weights",
      "torch",
      "nn",
      "models",
      "methods",
      "data",
      "evaluation",
      "recipes",
      "runs",
      "training",
    ],
  },
  fit: {
    values: [
      "support",
      "torch",
      "nn",
      "distributed",
      "models",
      "data",
      "evaluation",
      "recipes",
      "runs",
      "training",
      "weights",
    ],
  },
  profile: { values: ["support", "torch", "data", "training", "runs"], types: ["recipes"] },
  report: {
    values: ["support", "data", "dataset-tools", "evaluation", "runs"],
    types: ["recipes"],
  },
  // Works through a table of runs, and writes the table of their results.
  results: {
    values: ["support", "recipes", "runs", "training", "report"],
    types: ["evaluation"],
  },
  http: { values: ["support"] },
  watch: { values: ["support", "runs", "http"] },
  // Never loads libtorch: `runs` is there for the version alone.
  serve: {
    values: ["support", "http", "onnx", "runtime"],
    types: ["inference"],
    files: ["runs/versions[.]ts$"],
  },
  // Parses, prints and calls the library, src/index.ts. Beside it: recipes, whose keys --set and --keys are about and whose
  // list must appear at once, and the tools on data sets, which are commands and not the library's.
  cli: {
    // runtime: what predicts with a model file is an entry of its own, beside the library's.
    values: ["index", "runs", "report", "watch", "serve", "runtime", "support", "recipes", "dataset-tools"],
    files: ["weights/registry[.]ts$"],
  },
};

const TESTS = "[.](test|fixture)[.]ts$";
const anyOf = (folders) => `^src/(${folders.join("|")})(/|[.]ts$)`;

const forbidden = Object.entries(arrows).flatMap(([folder, { values, types = [], files = [] }]) => [
  {
    name: `${folder}-imports`,
    comment: `src/${folder} may import ${[...values, ...types.map((t) => `types of ${t}`)].join(", ") || "nothing of src"}`,
    severity: "error",
    from: { path: `^src/${folder}/`, pathNot: TESTS },
    to: {
      path: "^src/",
      pathNot: [anyOf([folder, ...values, ...types]), ...files.map((file) => `^src/${file}`)],
    },
  },
  ...types.map((type) => ({
    name: `${folder}-imports-types-of-${type}`,
    comment: `src/${folder} may import types, not values, of src/${type}`,
    severity: "error",
    from: { path: `^src/${folder}/`, pathNot: TESTS },
    to: {
      path: `^src/${type}/`,
      pathNot: files.map((file) => `^src/${file}`),
      dependencyTypesNot: ["type-only"],
    },
  })),
]);

module.exports = {
  forbidden: [
    ...forbidden,
    {
      name: "index-below-cli",
      comment: "The command line is made of the library, src/index.ts and src/library, never the other way.",
      severity: "error",
      from: { path: "^src/(index[.]ts$|library/)" },
      to: { path: "^src/cli/" },
    },
    {
      name: "no-circular",
      comment: "Two files that need each other are one idea, or a third one is missing.",
      severity: "error",
      from: {},
      // Tensor, its operators, its scopes and the calls to libtorch are one idea in four files: operators are methods of Tensor,
      // scopes hold tensors, and a call takes and returns them.
      to: {
        circular: true,
        viaOnly: { pathNot: "^src/torch/(tensor|operators[.]generated|scope|dispatch)[.]ts$" },
      },
    },
    {
      name: "not-to-test",
      comment: "Sources do not import tests.",
      severity: "error",
      from: { pathNot: "([.](test|fixture)[.]ts$|^test/)" },
      to: { path: "([.](test|fixture)[.]ts$|^test/)" },
    },
    {
      name: "not-to-dev-dependency",
      comment: "What the program needs at run time is a dependency.",
      severity: "error",
      from: {
        path: "^src/",
        pathNot: "([.](test|fixture)[.]ts$|^src/(recipes/file|runtime/onnx-runtime)[.]ts$)",
      },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};
