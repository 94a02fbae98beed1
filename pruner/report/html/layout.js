// Squarified treemap (Bruls, Huizing, van Wijk 2000): rectangles as near to squares as can be.
function squarified(items, box) {
  const total = sum(items, "bytes"), placed = [];
  let {x, y, w, h} = box;
  const scale = total ? w * h / total : 0;
  const worst = (row, area, side) => Math.max(...row.map((item) => {
    const one = item.bytes * scale;
    return Math.max(side * side * one / (area * area), area * area / (side * side * one));
  }));
  let rest = items.filter((item) => item.bytes > 0).sort((a, b) => b.bytes - a.bytes);
  while (rest.length) {
    const side = Math.min(w, h), row = [rest[0]];
    let area = rest[0].bytes * scale, at = 1;
    while (at < rest.length) {
      const next = area + rest[at].bytes * scale;
      if (worst([...row, rest[at]], next, side) > worst(row, area, side)) break;
      row.push(rest[at++]);
      area = next;
    }
    const thick = area / side;
    let along = 0;
    for (const item of row) {
      const long = item.bytes * scale / thick;
      placed.push(w >= h ? {item, x, y: y + along, w: thick, h: long} : {item, x: x + along, y, w: long, h: thick});
      along += long;
    }
    if (w >= h) { x += thick; w -= thick; } else { y += thick; h -= thick; }
    rest = rest.slice(at);
  }
  return placed;
}

// The nearest rectangle in a direction: ahead of this one, and rather straight than near.
function neighbour(placed, from, key) {
  const [dx, dy] = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[key];
  const middle = (one) => [one.x + one.w / 2, one.y + one.h / 2], [fx, fy] = middle(from);
  let best = null, least = Infinity;
  for (const one of placed) {
    if (one === from) continue;
    const ahead = dx ? (dx > 0 ? one.x - (from.x + from.w) : from.x - (one.x + one.w))
      : (dy > 0 ? one.y - (from.y + from.h) : from.y - (one.y + one.h));
    if (ahead < -2) continue;
    const [x, y] = middle(one), overlaps = dx ? one.y < from.y + from.h && one.y + one.h > from.y
      : one.x < from.x + from.w && one.x + one.w > from.x;
    const far = ahead + Math.abs(dx ? y - fy : x - fx) * (overlaps ? 0.1 : 4);
    if (far < least) { least = far; best = one; }
  }
  return best;
}
