// The treemap: kept and dropped side by side, one button a distribution, arrows to go about.
const LEAST = 260; // px²: a smaller rectangle cannot be hit; the table has it
const GAP = 3;

function gathered(rows, verdict, total, area) {
  const items = rows.filter((row) => row.verdict === verdict).map((row) => ({row, verdict, bytes: row.size_bytes}));
  const large = items.filter((item) => item.bytes / total * area >= LEAST);
  const small = items.filter((item) => !large.includes(item));
  if (small.length === 1 && sum(small, "bytes") / total * area >= LEAST) return items;
  const bytes = sum(small, "bytes");
  if (small.length) large.push({row: null, verdict, count: small.length, bytes: Math.max(bytes, total * 420 / area), true: bytes});
  return large;
}

function treemap(image, open, seek) {
  const view = make("div", {class: "treemap", role: "group", "aria-label": "Treemap of " + image.name
    + ": arrow keys move, Enter explains. The table of distributions below says the same."});
  let which = "all", placed = [], at = 0;
  const word = {all: "Kept and dropped", keep: "Kept", drop: "Dropped"};
  const buttons = Object.keys(word).map((key) => make("button", {type: "button", "aria-pressed": String(key === which),
    click: () => { which = key; at = 0; buttons.forEach((b, n) => b.setAttribute("aria-pressed", String(Object.keys(word)[n] === key))); lay(); }}, word[key]));

  function tile(one, index) {
    const {row, verdict, bytes} = one.item, rest = !row;
    const name = rest ? "+" + one.item.count + " smaller" : row.name, shown = size(rest ? one.item.true : bytes);
    const what = verdict === "keep" ? "kept" : "dropped";
    const label = rest ? count(one.item.count, "smaller distribution") + ", " + what + ", " + shown + ": go to the table"
      : name + " " + row.version + ", " + what + ", " + row.level + ", " + shown;
    const w = one.w - GAP, h = one.h - GAP, roomy = w > 44 && h > 20;
    const button = make("button", {type: "button", class: rest ? "tile rest" : "tile", "data-level": rest ? "rest" : row.level,
      "data-verdict": verdict, "data-name": rest ? "" : row.name, "aria-label": label, tabindex: index === at ? 0 : -1,
      click: () => { rest ? seek(verdict) : open(row.name); }},
      roomy && make("b", {}, name), roomy && h > 38 && make("span", {}, shown),
      roomy && h > 54 && make("span", {}, rest ? what : row.level + (verdict === "drop" ? ", dropped" : "")));
    Object.assign(button.style, {left: one.x + "px", top: one.y + "px", width: Math.max(1, w) + "px", height: Math.max(1, h) + "px"});
    if (w < 12 || h < 12) button.style.padding = "0";
    button.title = label;
    button.addEventListener("focus", () => { choose(index); });
    one.button = button;
    return button;
  }
  function choose(index) {
    placed[at]?.button.setAttribute("tabindex", "-1");
    at = index;
    placed[at].button.setAttribute("tabindex", "0");
  }
  function lay() {
    const w = view.clientWidth, h = view.clientHeight;
    const rows = image.distributions.filter((row) => which === "all" || row.verdict === which);
    const total = sum(rows, "size_bytes");
    if (!w || !total) { placed = []; show(view, make("p", {class: "soft"}, "Nothing here.")); return; }
    const groups = ["keep", "drop"].map((verdict) => ({items: gathered(rows, verdict, total, w * h)}))
      .map((group) => ({...group, bytes: sum(group.items, "bytes")})).filter((group) => group.bytes);
    placed = squarified(groups, {x: 0, y: 0, w: w + GAP, h: h + GAP}).flatMap((part) => squarified(part.item.items, part));
    const focused = view.contains(document.activeElement);
    at = Math.min(at, placed.length - 1);
    show(view, placed.map(tile));
    if (focused) placed[at].button.focus();
  }
  view.addEventListener("keydown", (event) => {
    if (!placed.length || event.altKey || event.ctrlKey || event.metaKey) return;
    let next = null;
    if (event.key.startsWith("Arrow")) next = neighbour(placed, placed[at], event.key);
    else if (event.key === "Home") next = placed[0];
    else if (event.key === "End") next = placed[placed.length - 1];
    else return;
    event.preventDefault();
    if (next) next.button.focus();
  });
  let width = 0;
  const watch = new ResizeObserver(() => { if (view.clientWidth !== width) { width = view.clientWidth; lay(); } });
  watch.observe(view);
  return [
    make("div", {class: "tools"}, make("div", {class: "choice", role: "group", "aria-label": "What the treemap shows"}, buttons)),
    view,
    make("ul", {class: "legend", "aria-label": "Levels of evidence"}, Object.entries(LEVELS).map(([level, means]) =>
      make("li", {}, swatch(level), make("span", {}, make("b", {}, level), " ", make("span", {class: "soft"}, means)))),
      make("li", {}, make("span", {class: "soft"}, "A dashed edge: dropped."))),
  ];
}
