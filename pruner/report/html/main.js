// The page: which image is shown and which distribution is explained stand in the address.
const REPORT = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id), dialog = byId("detail");
const link = (image, distribution) => new URLSearchParams(distribution ? {image, distribution} : {image}).toString();
let current = null, opener = null;

function explained(name) {
  const image = REPORT.images.find((one) => one.name === current);
  const row = image?.distributions?.find((one) => one.name === name);
  if (!row) { if (dialog.open) dialog.close(); return; }
  show(dialog, detail(image, row, open, () => dialog.close()));
  if (!dialog.open) { opener = document.activeElement; dialog.showModal(); }
  dialog.scrollTop = 0;
  byId("detail-title").focus();
}
function open(name) { location.hash = link(current, name); }
dialog.addEventListener("close", () => {
  show(dialog);
  if (current !== null) history.replaceState(null, "", "#" + link(current));
  if (opener?.isConnected) opener.focus();
  opener = null;
});
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

function imageParts(image) {
  if (!image.locked) return [make("p", {class: "warn"}, image.missing), image.hint ? make("p", {}, image.hint) : null, findings(image), drift(image), trend(image)];
  const list = distributions(image, open);
  return [...facts(image), section("bytes", "Where the bytes are", treemap(image, open, list.seek)),
    section("table", "Distributions", list.parts), conflicts(image, open), findings(image), drift(image), natives(image, open), trend(image)];
}
function shown(name) {
  const image = REPORT.images.find((one) => one.name === name) || REPORT.images[0];
  if (!image || image.name === current) return;
  const first = current === null;
  current = image.name;
  show(byId("images"), REPORT.images.map((one) => make("a", {hash: link(one.name), "aria-current": one === image ? "page" : null}, one.name)));
  show(byId("report"), overview(REPORT.images, link),
    make("section", {id: "image", "aria-labelledby": "image-title"}, make("h2", {id: "image-title", tabindex: -1}, image.name), imageParts(image)));
  document.title = image.name + " – pruner report";
  if (!first) byId("image-title").focus();
}
function followed() {
  const asked = new URLSearchParams(location.hash.slice(1));
  shown(asked.get("image"));
  explained(asked.get("distribution"));
}
function begun() {
  const locked = REPORT.images.filter((one) => one.locked), before = sum(locked, "before"), after = sum(locked, "after");
  const good = locked.filter((one) => one.proof?.passed).length, conflictsOpen = locked.reduce((n, one) => n + open_(one), 0);
  show(byId("top"), make("h1", {}, "pruner report"),
    make("p", {class: "lead"}, locked.length ? size(before) + " installed. " + size(after) + " kept." : "No image has a lock yet."),
    make("p", {class: "soft"}, count(REPORT.images.length, "image") + ", " + good + " with a proven lock; " + count(conflictsOpen, "open conflict") + "; "
      + count(REPORT.images.reduce((n, one) => n + serious(one), 0), "finding") + ". Made " + moment(REPORT.made) + "."));
  show(byId("foot"), make("p", {}, "pruner " + REPORT.pruner + ". Sizes are bytes as RECORD lists them, in units of 1000. This page loads nothing."));
  window.addEventListener("hashchange", followed);
  followed();
}
begun();
