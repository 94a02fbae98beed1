// Why a distribution is kept or left out: what `pruner explain` says of it.
const OWN = ""; // the image's own code, among users

// The shortest way from the image's own code over who uses whom; null where none is known.
function route(image, name) {
  const rows = new Map(image.distributions.map((row) => [row.name, row]));
  const below = new Map([[name, null]]), queue = [name];
  for (const now of queue) {
    for (const user of rows.get(now)?.used_by || []) {
      if (below.has(user) || (user !== OWN && !rows.has(user))) continue;
      below.set(user, now);
      if (user === OWN) {
        const way = [];
        for (let step = below.get(OWN); step !== null; step = below.get(step)) way.push(step);
        return way;
      }
      queue.push(user);
    }
  }
  return null;
}

function detail(image, row, open, close) {
  const known = new Set(image.distributions.map((one) => one.name));
  const to = (name) => name === OWN ? "the code of " + image.name : !known.has(name) ? name
    : make("button", {type: "button", class: "link", "data-open": name, click: () => open(name)}, name);
  const part = (title, names) => names.length ? [make("h3", {class: "minor"}, title), make("ul", {class: "chips"}, names.map((name) => make("li", {}, to(name))))] : [];
  const way = route(image, row.name);
  const what = row.verdict === "keep" ? "kept" : "dropped";
  return [
    make("div", {class: "top"},
      make("h2", {id: "detail-title", tabindex: -1}, row.name, " ", make("span", {class: "soft"}, row.version)),
      make("button", {type: "button", class: "button", click: close}, "Close")),
    make("p", {}, levelOf(row.level), " · ", what, " · ", size(row.size_bytes)),
    make("p", {}, row.why),
    row.own ? make("p", {}, "It is the image’s own project: ", make("code", {}, row.own)) : null,
    row.chain.length ? [make("h3", {class: "minor"}, "The lines that lead to it"),
      make("ol", {class: "way", "data-part": "chain"}, row.chain.map((line) => make("li", {class: "code"}, line)))] : [],
    way && way.length ? [make("h3", {class: "minor"}, "Who uses it, from the image’s code on"),
      make("ol", {class: "way", "data-part": "route"}, make("li", {}, "the code of " + image.name),
        way.map((name) => make("li", {}, name === row.name ? make("b", {}, name) : to(name))))] : [],
    row.proof.length ? [make("h3", {class: "minor"}, "Proof"), make("ul", {class: "list"}, row.proof.map((one) => make("li", {},
      one.kind, ": ", make("code", {}, one.what), one.by ? [" by ", make("code", {}, one.by)] : null, one.agent ? " in " + one.agent : null)),
      row.more ? make("li", {class: "soft"}, "and " + row.more + " more in verdicts.json") : null)] : [],
    row.lacking.length ? [make("h3", {class: "minor"}, "Left out since"), make("ul", {class: "list"}, row.lacking.map((line) => make("li", {}, line)))] : [],
    part("Used by", row.used_by), part("Declared by", row.declared_by), part("Declares", row.needs),
    part("Would pull in, at most", row.pulls_in), part("Stays only for it", row.only_for_it),
    make("h3", {class: "minor"}, "What it costs"),
    make("p", {}, "Kept in all: " + size(row.with_it) + " with it, " + size(row.without_it) + " without."),
    make("p", {class: "soft"}, make("code", {}, "pruner explain " + image.name + " " + row.name)),
  ].flat(2).filter(Boolean);
}
