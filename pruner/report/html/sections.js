// The other parts: overview, facts, conflicts, findings, native libraries, trend.
const section = (id, title, ...children) => make("section", {id, "aria-labelledby": id + "-title"}, make("h3", {id: id + "-title"}, title), ...children);
const table = (caption, heads, rows, label) => make("div", {class: "scroll", role: "region", "aria-label": label || caption, tabindex: 0},
  make("table", {}, make("caption", {}, caption), make("thead", {}, make("tr", {}, heads.map(([title, kind]) => make("th", {scope: "col", class: kind}, title)))),
    make("tbody", {}, rows)));
const bar = (part, kind) => {
  const inner = make("span");
  inner.style.width = Math.max(0, Math.min(100, part * 100)) + "%";
  return make("span", {class: kind ? "bar " + kind : "bar", "aria-hidden": "true"}, inner);
};
const proven = (image) => !image.locked ? make("span", {class: "soft"}, "no lock") : image.proof?.passed
  ? make("span", {class: "good"}, "✓ proven") : make("span", {class: "bad"}, "✗ not proven");
const open_ = (image) => (image.conflicts || []).filter((one) => !one.settled).length;
// What a night found has gone where it wrote a new lock.
const drifted = (image) => image.night && !image.night.updated ? image.night.findings : [];
const serious = (image) => [...(image.findings || []), ...image.audit, ...drifted(image)].filter((one) => one.severity !== "note").length;

function overview(images, link) {
  const most = Math.max(1, ...images.map((image) => image.before || 0));
  return make("section", {id: "overview", "aria-labelledby": "overview-title"}, make("h2", {id: "overview-title"}, "Before and after"), table("Installed distributions; built images where `pruner build` measured them",
    [["Image"], ["Before", "number low"], ["After", "number"], ["Less", "number"], ["Bytes", "low"], ["Built image", "low"], ["Lock"], ["Open conflicts", "number low"], ["Findings", "number low"]],
    images.map((image) => make("tr", {}, make("th", {scope: "row"}, make("a", {hash: link(image.name)}, broken(image.name))),
      make("td", {class: "number low"}, size(image.before)), make("td", {class: "number"}, size(image.after)),
      make("td", {class: "number"}, less(image.before, image.after)),
      make("td", {class: "low"}, make("span", {class: "pair"}, bar((image.before || 0) / most, "original"), bar((image.after || 0) / most))),
      make("td", {class: "low"}, image.build ? size(image.build.original.size_bytes) + " → " + size(image.build.minimal.size_bytes) : "–"),
      make("td", {}, proven(image)), make("td", {class: "number low"}, image.locked ? open_(image) : "–"), make("td", {class: "number low"}, serious(image)))), "Before and after by image"));
}

function facts(image) {
  const pairs = [["Distributions", size(image.before) + " → " + size(image.after)], ["Kept", image.distributions.filter((r) => r.verdict === "keep").length + " of " + image.distributions.length],
    ["Lock", proven(image)], ["Confidence", image.confidence ? image.confidence.score.toFixed(2) : "–"], ["Policy", image.policy],
    ["Ran in", image.runtime], ["Python", image.python], ["Agents", image.agents.map((one) => one.name).join(", ") || "–"]];
  const build = image.build;
  if (build) pairs.splice(1, 0, ["Built image", size(build.original.size_bytes) + " → " + size(build.minimal.size_bytes)],
    ["In a registry", size(build.original.compressed_bytes) + " → " + size(build.minimal.compressed_bytes)]);
  const differences = image.proof?.differences || [], restored = image.proof?.restored || [];
  return [make("dl", {class: "facts"}, pairs.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)))),
    differences.length ? [make("h3", {class: "minor bad"}, "The proof differs"), make("ul", {class: "list"}, differences.map((line) => make("li", {}, line)))] : [],
    restored.length ? [make("h3", {class: "minor"}, "Put back by the proof"), make("ul", {class: "list"}, restored.map((one) => make("li", {}, one.name + ": " + one.why)))] : [],
    image.confidence ? make("details", {}, make("summary", {}, "What the confidence rests on"), make("ul", {class: "list"}, image.confidence.because.map((line) => make("li", {}, line)))) : null,
    image.unbuilt ? make("p", {class: "warn"}, image.unbuilt) : null].flat().filter(Boolean);
}

function conflicts(image, open) {
  const known = new Set(image.distributions.map((row) => row.name));
  const name = (one) => known.has(one) ? make("button", {type: "button", class: "link", click: () => open(one)}, one) : one;
  const joined = (names) => names.flatMap((one, n) => n ? [" and ", name(one)] : [name(one)]);
  const card = (one) => make("article", {class: "card"},
    make("p", {}, make("span", {class: "tag " + (one.settled ? "good" : "bad")}, one.settled ? "✓ settled" : "! open"), " ", make("b", {}, one.kind), ": ", joined(one.distributions)),
    make("p", {}, one.why),
    one.keep || one.drop.length || one.use ? make("p", {}, [one.keep && "keeps " + one.keep, one.drop.length && "drops " + one.drop.join(", "), one.use && "takes " + one.use].filter(Boolean).join("; ")) : null,
    one.proof.length ? make("details", {}, make("summary", {}, "Proof (" + one.proof.length + ")"), make("ul", {class: "list"}, one.proof.map((p) =>
      make("li", {}, p.kind, ": ", make("code", {}, p.what), p.by ? [" by ", make("code", {}, p.by)] : null)))) : null,
    one.choices.length ? [make("h4", {}, "Choose one"), make("ul", {class: "list"}, one.choices.map((c) => make("li", {}, c.what, ": ", make("code", {}, c.config))))] : null);
  const rows = image.conflicts.slice().sort((a, b) => a.settled - b.settled || a.note - b.note);
  const notes = rows.filter((one) => one.note), rest = rows.filter((one) => !one.note);
  return section("conflicts", "Conflicts", rest.length ? rest.map(card) : make("p", {class: "soft"}, "None that touches what ran."),
    notes.length ? make("details", {}, make("summary", {}, count(notes.length, "more for the record", "more for the record")), notes.map(card)) : null);
}

// The gravest first, and of these what costs most; a severity that none of ours is comes last.
function found(caption, list) {
  const rank = {error: 0, warning: 1, note: 2}, mark = {error: "✗ error", warning: "! warning", note: "· note"}, tone = {error: "bad whole", warning: "warn whole", note: "soft whole"};
  const rows = list.slice().sort((a, b) => (rank[a.severity] ?? 3) - (rank[b.severity] ?? 3) || (b.size_bytes || 0) - (a.size_bytes || 0));
  return rows.length ? table(caption, [["Finding"], ["Costs", "number low"], ["What, where, and what to do"]],
    rows.map((one) => make("tr", {}, make("th", {scope: "row"}, make("code", {}, one.code), make("br"), make("span", {class: tone[one.severity] || "soft"}, mark[one.severity] || one.severity)),
      make("td", {class: "number low"}, size(one.size_bytes)),
      make("td", {}, one.what, make("br"), make("code", {class: "soft"}, one.where), one.fix ? [make("br"), "Fix: ", one.fix] : null)))) : make("p", {class: "soft"}, "Nothing found.");
}

function findings(image) {
  return section("findings", "Findings", image.unaudited ? make("p", {class: "warn"}, "There is no audit: " + image.unaudited) : null,
    found("From the lock and the audit, the gravest first", [...(image.findings || []), ...image.audit]));
}

function drift(image) {
  const night = image.night;
  if (!night) return null;
  return section("drift", "Drift", make("p", {}, "What the last night found, " + moment(night.at) + ". ",
    night.skipped ? "The agents were not run: " + night.skipped + "." : "The agents were run.", night.updated ? " A new lock was written since it had drifted." : null),
    found("Against the lock that was committed then, the gravest first", night.findings));
}

function natives(image, open) {
  const rows = image.natives.slice().sort((a, b) => b.size_bytes - a.size_bytes), packages = image.packages;
  const said = (kinds) => Object.entries(kinds).map(([kind, number]) => number + " × " + kind).join(", ");
  return section("natives", "Native libraries", rows.length ? table("Distributions whose extension modules or libraries were loaded, or are asked for",
    [["Distribution"], ["Level"], ["Size", "number"], ["Seen", "low"]], rows.map((row) => make("tr", {},
      make("th", {scope: "row"}, make("button", {type: "button", class: "link", click: () => open(row.name)}, row.name)), make("td", {}, levelOf(row.level)),
      make("td", {class: "number"}, size(row.size_bytes)), make("td", {class: "low"}, said(row.kinds), make("br"), row.examples.map((line) => make("div", {class: "code soft"}, line)))))) : make("p", {class: "soft"}, "None was seen."),
    packages.length ? table("Debian packages of which something is used or asked for", [["Package"], ["Size", "number"], ["Files", ""]], packages.map((one) => make("tr", {},
      make("th", {scope: "row"}, one.name, one.base ? make("span", {class: "soft"}, " (base)") : null), make("td", {class: "number"}, size(one.size_bytes)),
      make("td", {}, [...one.seen, ...one.linked].map((line) => make("div", {class: "code soft"}, line)))))) : null);
}

function trend(image) {
  // Distributions and whole images are never on one line: what was measured of images stands in only where there is no other.
  const lists = image.trend.some((one) => one.size_after !== null);
  const pick = (one) => lists ? one.size_after : one.minimal_bytes, high = (one) => lists ? one.size_before : one.image_bytes;
  const rows = image.trend.filter((one) => pick(one) !== null);
  if (!rows.length) return section("trend", "Trend", make("p", {class: "soft"}, "There is no history of this image yet."));
  const most = Math.max(...rows.map((one) => Math.max(pick(one), high(one) || 0))) || 1, W = Math.min(720, Math.max(300, document.documentElement.clientWidth - 32)), H = 220, L = 70, B = 28;
  const x = (n) => L + (rows.length === 1 ? (W - L) / 2 : n * (W - L - 12) / (rows.length - 1)), y = (bytes) => 12 + (H - B - 12) * (1 - bytes / most);
  const line = (get) => rows.map((one, n) => [n, get(one)]).filter(([, v]) => v !== null && v !== undefined).map(([n, v], k) => (k ? "L" : "M") + x(n).toFixed(1) + " " + y(v).toFixed(1)).join("");
  const first = pick(rows[0]), last = pick(rows[rows.length - 1]);
  return section("trend", "Trend", make("p", {}, count(rows.length, "run") + ": what is kept went from " + size(first) + " to " + size(last) + "."),
    draw("svg", {viewBox: "0 0 " + W + " " + H, role: "img", "aria-label": "Kept bytes by run, from " + size(first) + " to " + size(last) + "; the table below has every run"},
      [0, 0.5, 1].map((part) => [draw("line", {class: "axis", x1: L, x2: W, y1: y(most * part), y2: y(most * part)}), draw("text", {x: L - 8, y: y(most * part) + 4, "text-anchor": "end"}, size(most * part))]),
      draw("path", {class: "before", d: line(high)}), draw("path", {class: "after", d: line(pick)}),
      rows.map((one, n) => draw("circle", {class: "dot", cx: x(n), cy: y(pick(one)), r: 3})),
      draw("text", {x: L, y: H - 6}, rows[0].at.slice(0, 10)), draw("text", {x: W - 4, y: H - 6, "text-anchor": "end"}, rows[rows.length - 1].at.slice(0, 10))),
    make("p", {class: "soft"}, (lists ? "Installed distributions" : "Built images") + ". Solid, with dots: after. Dashed: before."),
    make("details", {}, make("summary", {}, "Every run as a table"), table("The newest first", [["When"], ["Command"], ["Outcome"], ["Before", "number"], ["After", "number"], ["Confidence", "number"]],
      rows.slice().reverse().map((one) => make("tr", {}, make("th", {scope: "row"}, one.at), make("td", {}, one.command), make("td", {}, one.outcome), make("td", {class: "number"}, size(high(one))),
        make("td", {class: "number"}, size(pick(one))), make("td", {class: "number"}, one.confidence === null ? "–" : one.confidence.toFixed(2)))))));
}
