// Races networks in several settings, each in a table of its own.
import { parseArgs } from "node:util";
import { printRace, race } from "../support/paired.mjs";
import { competitors } from "./spec.mjs";

export async function compareNetworks(settings) {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "12" },
      units: { type: "string", default: "3" },
      threads: { type: "string", default: "2" },
      compile: { type: "boolean", default: false },
      only: { type: "string" }, // a backbone
    },
  });
  const threads = Number(values.threads);
  const variants = ["plain", "channels_last", ...(values.compile ? ["compile"] : [])];
  const rounds = { rounds: Number(values.rounds), unitsPerRound: Number(values.units), warmUp: 3 };
  const wanted = settings.filter(({ backbone }) => (values.only ?? backbone) === backbone);
  for (const setting of wanted) {
    const { work, experts, backbone, batch, size } = setting;
    const rows = await race(competitors({ ...setting, threads }, variants), rounds);
    printRace(`${work}: ${experts} x ${backbone}, batch ${batch}, ${size} px, ${threads} threads`, rows);
  }
}
