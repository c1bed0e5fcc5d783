import { expect, it } from "vitest";
import { markup } from "./markup.js";

it("escapes what is put in, unless it is HTML", () => {
  const name = `<img src=x onerror="alert('1')"> & more`;
  expect(markup`<p title="${name}">${markup`<b>${2}</b>`}${null}${["<", markup`<br>`]}</p>`.text).toBe(
    '<p title="&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; more"><b>2</b>&lt;<br></p>',
  );
});
