import { basename } from "node:path";
import { GROUPS, type Group } from "../../data/groups.js";
import type { FeaturesMap, MapPoint } from "../../runs/fit-file.js";
import { markup, type Markup } from "../../support/markup.js";
import { legendMarkup } from "../charts/chart.js";
import { groupLegend } from "../html/groups.js";
import { counted, type Section, sentences } from "../html/section.js";
import type { ReportedRun } from "../run/reported-run.js";

/** Side of the picture, in its own units, and room at its edges for whole points. */
const SIDE = 520;
const MARGIN = 8;

/** The map of test images by the frozen network's features; pointing at one shows its class (see the page's script). */
export function featuresMapSection({ fit, evaluation }: ReportedRun): Section | null {
  const map = fit?.map ?? null;
  if (map === null || evaluation === null) return null;
  const { perClass, groupOfClass } = evaluation;
  const groups = new Map(perClass.map(({ name }, label) => [name, groupOfClass[label]!]));
  const labels = perClass
    .map(({ name }) => name)
    .filter((name) => map.points.some(({ label }) => label === name));
  return {
    id: "map",
    title: "Map of the images",
    lead: leadText(map),
    body: markup`<figure class="chart map"><figcaption>Test images by their features</figcaption>
${legendMarkup(groupLegend(GROUPS))}
<p class="choice" hidden><label>Class <select><option value="">all</option>${labels.map((label) => markup`<option>${label}</option>`)}</select></label></p>
${drawn(map.points, groups)}
<p class="soft" role="status">Point at an image, or tap it, to see its class and its file.</p></figure>`,
  };
}

function leadText({ points, images }: FeaturesMap): string {
  return sentences(
    "Each point is a test image; images that the pretrained network finds alike are near each other (UMAP of its features).",
    "A class that forms an island is easy to learn; points inside another class’s island are images to look at: unusual, or wrongly labeled. Distances between islands mean little.",
    points.length < images
      ? `Of ${counted(images, "test image")} it shows ${points.length.toLocaleString("en")}, spread over the classes.`
      : null,
  );
}

function drawn(points: readonly MapPoint[], groups: ReadonlyMap<string, Group>): Markup {
  const at = (value: number): string => (MARGIN + value * (SIDE - 2 * MARGIN)).toFixed(1);
  const ordered = [...points].sort((a, b) => order(groups, a) - order(groups, b));
  return markup`<svg viewBox="0 0 ${SIDE} ${SIDE}" role="img" aria-label="Map of ${points.length} test images by their features">${ordered.map(
    ({ path, label, x, y }) =>
      markup`<circle class="${groups.get(label) ?? "medium"}" data-label="${label}" cx="${at(x)}" cy="${at(1 - y)}" r="4"><title>${label}: ${basename(path)}</title></circle>
`,
  )}</svg>`;
}

/** Small classes are drawn last, over the others. */
function order(groups: ReadonlyMap<string, Group>, { label }: MapPoint): number {
  return GROUPS.indexOf(groups.get(label) ?? "medium");
}
