// The table of distributions: filtered, and sorted by any column.
function distributions(image, open) {
  const state = {text: "", verdict: "", level: "", key: "size_bytes", down: true};
  const order = Object.keys(LEVELS);
  const columns = [["name", "Distribution"], ["verdict", "Verdict"], ["level", "Level"], ["size_bytes", "Size"], ["why", "Why"]];
  const value = (row) => state.key === "level" ? order.indexOf(row.level) : row[state.key];
  const body = make("tbody"), counted = make("caption", {});
  const kind = (key) => key === "size_bytes" ? "number" : key === "why" || key === "verdict" ? "low" : null;
  const arrow = (key) => state.key === key ? (state.down ? " ↓" : " ↑") : "";
  const heads = columns.map(([key, title]) => {
    const button = make("button", {type: "button", click: () => {
      state.down = state.key === key ? !state.down : key === "size_bytes";
      state.key = key;
      fill(true);
    }}, title);
    return {key, title, button, cell: make("th", {scope: "col", class: kind(key)}, button)};
  });
  function chosen() {
    const text = state.text.toLowerCase();
    return image.distributions.filter((row) => (!text || (row.name + " " + row.version + " " + row.why).toLowerCase().includes(text))
      && (!state.verdict || row.verdict === state.verdict) && (!state.level || row.level === state.level))
      .sort((a, b) => {
        const x = value(a), y = value(b), first = x < y ? -1 : x > y ? 1 : 0;
        return (state.down ? -first : first) || (a.name < b.name ? -1 : 1);
      });
  }
  function fill(aloud) {
    const rows = chosen();
    for (const head of heads) {
      const now = state.key === head.key;
      if (now) head.cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else head.cell.removeAttribute("aria-sort");
      head.button.textContent = head.title + arrow(head.key);
    }
    counted.textContent = rows.length + " of " + count(image.distributions.length, "distribution") + ", " + size(sum(rows, "size_bytes"));
    show(body, rows.length ? rows.map((row) => make("tr", {"data-verdict": row.verdict},
      make("th", {scope: "row"}, make("button", {type: "button", class: "link", click: () => open(row.name)}, row.name), " ", make("span", {class: "soft"}, row.version), row.verdict === "drop" ? make("span", {class: "small-only soft"}, " dropped") : null),
      make("td", {class: "low"}, row.verdict), make("td", {}, levelOf(row.level)),
      make("td", {class: "number"}, size(row.size_bytes)), make("td", {class: "low"}, row.why)))
      : make("tr", {}, make("td", {colspan: 5, class: "soft"}, "No distribution is like that.")));
    if (aloud) say(counted.textContent);
  }
  const text = make("input", {type: "search", id: "filter"});
  const pick = (id, first, names, key) => {
    const select = make("select", {id}, make("option", {value: ""}, first), names.map((name) => make("option", {value: name}, name)));
    select.addEventListener("change", () => { state[key] = select.value; fill(true); });
    return select;
  };
  const verdict = pick("verdict", "kept and dropped", ["keep", "drop"], "verdict"), level = pick("level", "every level", order, "level");
  text.addEventListener("input", () => { state.text = text.value; fill(true); });
  fill(false);
  const seek = (which) => {
    state.verdict = verdict.value = which;
    fill(true);
    text.focus();
    text.scrollIntoView({block: "center"});
  };
  return {seek, parts: [
    make("div", {class: "tools"}, make("label", {for: "filter"}, "Filter by name, version or reason", text),
      make("label", {for: "verdict", class: "half"}, "Verdict", verdict), make("label", {for: "level", class: "half"}, "Level", level)),
    make("div", {class: "scroll", role: "region", "aria-label": "Distributions of " + image.name, tabindex: 0},
      make("table", {id: "distributions"}, counted, make("thead", {}, make("tr", {}, heads.map((head) => head.cell))), body)),
  ]};
}
