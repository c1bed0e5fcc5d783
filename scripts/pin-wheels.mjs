// Prints the lines of src/libtorch/wheels.ts for other versions: name, file, size and hashes, from the package index.
//   node scripts/pin-wheels.mjs torch==2.11.0 nvidia-cuda-runtime==13.0.96 …
// What torch's wheel needs beside it: `pip install --dry-run --report - torch==VERSION`, without Python's own packages.
// Reads dist: run `npm run build` first. Downloads every wheel once to compute its hashes (2.5 GB for all).
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { buffer } from "node:stream/consumers";
import { fromBufferPromise } from "yauzl";
import { readPipSettings } from "../dist/package-index/pip-settings.js";
import { openTransport } from "../dist/package-index/transport.js";

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
const platform = /-(cp312-cp312|py3-none)-.*(manylinux[^-]*x86_64)/;

async function pin(transport, requirement) {
  const [name, version] = requirement.split("==");
  const page = `${transport.settings.indexes[0]}/${name}/`;
  const response = await transport.get(page, { accept: "application/vnd.pypi.simple.v1+json" });
  const prefix = `${name.replaceAll("-", "_")}-${version}-`;
  const { files } = await response.json();
  const found = files.find(({ filename }) => filename.startsWith(prefix) && platform.test(filename));
  if (!found) throw new Error(`${page} has no wheel ${prefix}… for Linux on x86-64`);
  const bytes = Buffer.from(await (await transport.get(new URL(found.url, response.url).href)).arrayBuffer());
  const sha256 = hash(bytes);
  if (found.hashes.sha256 !== sha256) throw new Error(`${found.filename}: the index says another SHA-256`);
  const zip = await fromBufferPromise(bytes, {});
  for await (const entry of zip.eachEntry()) {
    if (!/^[^/]+\.dist-info\/RECORD$/.test(entry.fileName)) continue;
    const record = hash(await buffer(await zip.openReadStreamPromise(entry)));
    return { name, version, file: found.filename, size: bytes.length, sha256, record };
  }
  throw new Error(`${found.filename} has no RECORD`);
}

const transport = await openTransport(readPipSettings());
try {
  for (const requirement of process.argv.slice(2)) {
    const pinned = await pin(transport, requirement);
    console.log(
      `  {\n${Object.entries(pinned)
        .map(([key, value]) => `    ${key}: ${JSON.stringify(value)},\n`)
        .join("")}  },`,
    );
  }
} finally {
  await transport[Symbol.asyncDispose]();
}
