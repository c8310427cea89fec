// The grid: a row for each source, its copies beside it, the worst first. One tab stop; arrow keys move in it.
import { make } from "./parts.js";

const SYMBOL = { safe: "✓", unproven: "?", unsafe: "✕", dropped: "–" };
const TINY = 96; // pixels: smaller pictures are enlarged with sharp edges

export function state(name, code, word = name) {
  const box = make("span", "state");
  box.dataset.state = name;
  box.append(`${SYMBOL[name]} ${word}`);
  if (code) box.append(" ", make("span", "code", code));
  return box;
}

export function show(grid, answer, open) {
  const kept = document.activeElement?.closest?.(".copy")?.dataset.name;
  const held = grid.contains(document.activeElement);
  grid.replaceChildren(...answer.rows.map((row) => shown(row, open)));
  if (!answer.rows.length) grid.append(make("p", "empty", "None of the copies looked at is unsafe or unproven. Another seed draws others."));
  const all = [...grid.querySelectorAll(".copy")];
  const first = all.find((one) => one.dataset.name === kept) || all[0];
  for (const one of all) one.tabIndex = one === first ? 0 : -1;
  if (held && first) first.focus({ preventScroll: true });
  grid.onkeydown = (event) => moved(event, grid);
}

function shown(row, open) {
  const section = make("section", "row");
  section.setAttribute("aria-label", `${row.label}, ${row.key}`);
  const source = make("div", "source");
  source.append(picture(row.image, row.size, `original of ${row.key}`), make("div", "label", row.label), make("div", "key", row.key));
  source.title = `${row.label} · ${row.key}`;
  const copies = make("ul", "copies");
  for (const copy of row.copies) {
    const item = make("li");
    item.append(card(row, copy, open));
    copies.append(item);
  }
  section.append(source, copies);
  return section;
}

function card(row, copy, open) {
  const button = make("button", "copy");
  button.type = "button";
  button.dataset.state = copy.state;
  button.dataset.name = `${row.key} ${copy.copy}`;
  const said = make("span", "said");
  const first = copy.state === "safe" || copy.state === "dropped" ? "" : copy.found[0]?.code;
  said.append(state(copy.state, first));
  if (copy.becomes) said.append(make("span", "becomes", `→ ${copy.becomes}`));
  said.append(make("span", "sentence", copy.sentence), make("span", "drawn", copy.drawn));
  button.title = `${copy.sentence}\n${copy.drawn}`;
  button.append(picture(copy.image, row.size, `copy ${copy.copy}`), said);
  button.addEventListener("click", () => open(row, copy));
  return button;
}

function picture(address, size, alt) {
  const image = make("img", Math.max(...size) <= TINY ? "picture tiny" : "picture");
  image.src = address;
  image.alt = alt;
  return image;
}

function moved(event, grid) {
  const all = [...grid.querySelectorAll(".copy")];
  const at = all.indexOf(document.activeElement);
  if (at < 0) return;
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1,
    ArrowDown: beside(all, at, 1), ArrowUp: beside(all, at, -1) }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const next = all[Math.min(Math.max(to, 0), all.length - 1)];
  all[at].tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

// The nearest picture on the next line of pictures, up or down.
function beside(all, at, way) {
  const from = all[at].getBoundingClientRect();
  for (let i = at + way, best = -1, line; ; i += way) {
    const one = all[i]?.getBoundingClientRect();
    if (!one || (line !== undefined && Math.abs(one.top - line) > 2)) return best < 0 ? at : best;
    if (Math.abs(one.top - from.top) <= 2) continue;
    line ??= one.top;
    const off = (box) => Math.abs(box.left - from.left);
    if (best < 0 || off(one) < off(all[best].getBoundingClientRect())) best = i;
  }
}
