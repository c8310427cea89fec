// The page: a text, what is asked about it, and what is shown of the answers. All text from elsewhere is set as text.
import { setDiagnostics } from "./editor.js";
import { show as showGrid, state as stateOf } from "./grid.js";
import { Knobs } from "./knobs.js";
import { make } from "./parts.js";
import { editor } from "./text.js";

const at = (id) => document.getElementById(id);
const LOOK_AFTER = 30, JUDGE_AFTER = 180; // ms without an edit
const SHAPES = [[4, 3], [6, 4], [8, 6], [12, 4], [24, 1], [3, 8]];

let begun, version, saved, view, knobs, last;

class Refused extends Error {
  constructor(status, answer) {
    super([answer.problem, answer.fix].filter(Boolean).join("\n"));
    this.status = status;
  }
}

async function ask(what, asked = {}) {
  let response;
  try {
    response = await fetch(what, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(asked),
    });
  } catch {
    throw new Refused(0, { problem: "the studio does not answer any more", fix: "start it again: augkit studio …" });
  }
  const answer = (response.headers.get("Content-Type") || "").startsWith("application/json")
    ? await response.json() : { problem: await response.text() };
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

let fading;
function say(sentence, alarm = false) {
  const box = at("message");
  box.textContent = sentence;
  box.classList.toggle("alarm", alarm);
  box.setAttribute("role", alarm ? "alert" : "status");
  clearTimeout(fading);
  if (!alarm) fading = setTimeout(() => { box.textContent = ""; }, 7000);
}

const busy = (button, work) => async () => {
  button.disabled = true;
  try { await work(); } catch (error) { say(error.message, true); } finally { button.disabled = false; }
};

// ---- asking while the text changes: one look at a time, always of the latest text

const doc = () => view.state.doc.toString();
const asked = () => {
  const [rows, copies] = at("shape").value.split("×").map(Number);
  const seed = Math.max(0, Math.floor(Number(at("seed").value) || 0));
  return { text: doc(), seed, rows, copies, only: at("only").checked, of: at("of").value };
};

let looking = false, again = false, lookSoon, judgeSoon;

function edited() {
  at("dirty").hidden = doc() === saved;
  document.title = `${at("dirty").hidden ? "" : "• "}${begun.name} · augkit studio`;
  clearTimeout(judgeSoon);
  clearTimeout(lookSoon);
  lookSoon = setTimeout(look, LOOK_AFTER);
}

async function look() {
  if (looking) { again = true; return; }
  looking = true;
  const mine = asked();
  try {
    const answer = await ask("look", mine);
    if (answer.error) {
      if (doc() === mine.text) unreadable(answer.error);
    } else {
      last = { ...answer, asked: mine };
      at("grid").classList.remove("old");
      showGrid(at("grid"), answer, (row, copy) => open(row, copy, mine));
      counts(answer.counts);
      if (doc() === mine.text) knobs.show(answer.knobs);
      clearTimeout(judgeSoon);
      judgeSoon = setTimeout(judge, JUDGE_AFTER);
    }
  } catch (error) {
    say(error.message, true);
  }
  looking = false;
  if (again) { again = false; look(); }
}

async function judge() {
  const text = doc();
  try {
    const found = await ask("judge", { text });
    if (!found.stale && text === doc()) judged(found);
  } catch (error) {
    say(error.message, true);
  }
}

// ---- what is said of the policy

const SYMBOL = { safe: "✓", unproven: "?", unsafe: "✕", unreadable: "✕", dropped: "–" };

function unreadable(mark) {
  at("grid").classList.add("old");
  knobs.stop();
  diagnose([mark]);
  verdict("unreadable", "not a policy yet", mark.problem);
  at("reach").textContent = "";
}

function judged(found) {
  if (found.word === "unreadable") return unreadable(found.marks[0]);
  diagnose(found.marks);
  const open = found.marks.filter((mark) => mark.severity !== "info").length;
  const more = open ? `${open} finding${open > 1 ? "s" : ""}` : found.promises ? "proved for every class" : "no promise about labels";
  verdict(found.word, `${found.word} for ${found.task}`, more);
  const said = [`At most, all steps together: ${found.reach.join("; ")}.`];
  if (found.acceptance.length) {
    const shares = found.acceptance.map(([name, share]) => `${name} ${Math.round(100 * share)} %`).join(", ");
    said.push(`on_unsafe: ${found.guard}; draws accepted as drawn, by class: ${shares}.`);
  }
  at("reach").textContent = [...said, ...found.left_out].join(" ");
}

function verdict(word, title, more) {
  const box = at("verdict");
  box.dataset.word = word;
  box.className = `badge ${word === "unreadable" ? "unsafe" : word}`;
  box.replaceChildren(`${SYMBOL[word]} ${title}`, make("span", "soft", ` · ${short(more, 60)}`));
}

const short = (sentence, most) => (sentence.length > most ? `${sentence.slice(0, most - 1)}…` : sentence);

function diagnose(marks) {
  const length = view.state.doc.length;
  const placed = marks.map((mark) => ({ ...mark, from: Math.min(mark.from, length), to: Math.min(mark.to, length) }));
  view.dispatch(setDiagnostics(view.state, placed.map((mark) => ({
    from: mark.from, to: mark.to, severity: mark.severity, source: mark.code,
    message: [`${mark.code} ${mark.problem}`.trim(), mark.example, mark.fix && `fix: ${mark.fix}`].filter(Boolean).join("\n"),
  }))));
  at("findings").replaceChildren(...placed.map(finding));
  at("findings-head").textContent = marks.length ? `Findings (${marks.length})` : "No findings";
}

function finding(mark) {
  const state = mark.severity === "info" ? "safe" : mark.severity === "warning" ? "unproven" : "unsafe";
  const line = view.state.doc.lineAt(mark.from).number;
  const go = make("button", "at");
  go.type = "button";
  go.append(make("span", "problem", `line ${line}: ${mark.problem}`));
  if (mark.example) go.append(make("div", "example", mark.example));
  if (mark.fix) go.append(make("div", "fix", mark.severity === "info" ? mark.fix : `fix: ${mark.fix}`));
  go.addEventListener("click", () => reveal(mark.from, mark.to));
  const item = make("li");
  item.append(stateOf(state, mark.code, mark.code ? state : "error"), go);
  return item;
}

function reveal(from, to = from) {
  view.dispatch({ selection: { anchor: from, head: to }, scrollIntoView: true });
  view.focus();
}

function counts(found) {
  at("counts").replaceChildren(...Object.entries(found).filter(([, number]) => number)
    .map(([state, number]) => { const one = stateOf(state, ""); one.prepend(`${number} `); return one; }));
}

// ---- one picture, large

async function open(row, copy, mine) {
  const body = at("detail-body");
  at("detail-head").textContent = `${row.label} · ${row.key} · copy ${copy.copy}`;
  const pair = make("div", "pair");
  const [before, after] = [[row.image, `original, ${row.label}`], [copy.image, copy.drawn]].map(([image, said]) => {
    const figure = make("figure"), picture = make("img", `picture${row.size[0] <= 96 ? " tiny" : ""}`);
    picture.src = image;
    picture.alt = said;
    figure.append(picture, make("figcaption", "", said));
    pair.append(figure);
    return { picture, caption: figure.lastChild };
  });
  const verdict = make("p");
  verdict.append(stateOf(copy.state, ""), ` ${copy.sentence}`);
  const table = make("table", "values");
  table.setAttribute("aria-label", "drawn values");
  body.replaceChildren(pair, ...(copy.found.length ? copy.found.map(explained) : [verdict]), table);
  at("detail").showModal();
  try {
    const whole = await ask("picture", { ...mine, key: row.key, copy: copy.copy });
    before.picture.src = whole.original;
    after.picture.src = whole.copy;
    before.caption.textContent += `, ${whole.sizes[0].join("×")}`;
    after.caption.textContent += `, ${whole.sizes[1].join("×")}`;
    table.replaceChildren(...whole.values.map(([name, value]) => {
      const line = make("tr");
      line.append(make("td", "", name), make("td", "", value));
      return line;
    }));
  } catch (error) {
    say(error.message, true);
  }
}

function explained(found) {
  const box = make("div", "finding");
  box.append(stateOf(found.state, found.code), ` ${found.name}: ${found.problem}`);
  box.append(make("div", "soft", found.allowed ? `allowed because: ${found.allowed}` : `fix: ${found.fix}`));
  const why = make("details");
  why.append(make("summary", "", `Why there is a rule ${found.code}`), make("pre", "rule", begun.rules[found.code].text.trim()));
  box.append(why);
  return box;
}

// ---- what is done

function put(next) {
  const now = doc();
  let from = 0, end = 0;
  while (from < Math.min(now.length, next.length) && now[from] === next[from]) from++;
  while (end < Math.min(now.length, next.length) - from && now[now.length - 1 - end] === next[next.length - 1 - end]) end++;
  view.dispatch({ changes: { from, to: now.length - end, insert: next.slice(from, next.length - end) } });
}

async function fix() {
  const text = doc();
  const fixed = await ask("fix", { text });
  if (text !== doc()) return say("The text has changed meanwhile, so nothing was fixed.");
  put(fixed.text);
  const done = fixed.done.length ? `${fixed.done.join("\n")}\nCtrl-Z takes it back.` : "There is nothing to fix.";
  say(fixed.safe ? done : `${fixed.done.length ? fixed.done.join("\n") : "Nothing in the steps can be narrowed."}\nThe rest is left to you: see the findings.`);
}

async function save(over = false) {
  const text = doc();
  try {
    version = (await ask("save", { text, version: over || version })).version;
  } catch (error) {
    if (error.status !== 409) throw error;
    at("conflict").showModal();
    return;
  }
  saved = text;
  edited();
  say(`Saved ${begun.file}`);
}

async function load() {
  const now = await ask("open");
  version = now.version;
  saved = now.text;
  put(now.text);
  edited();
}

async function command() {
  const { seed, copies } = asked();
  const said = `${begun.command} --copies ${copies} --seed ${seed}`;
  const unsaved = doc() === saved ? "" : "\nIt reads the file: save first.";
  try {
    await navigator.clipboard.writeText(said);
    say(`Copied: ${said}${unsaved}`);
  } catch {
    say(`${said}${unsaved}`);
  }
}

// ---- the beginning

async function begin() {
  begun = await ask("open");
  begun.name = begun.file.split(/[\\/]/).pop();
  version = begun.version;
  saved = begun.text;
  at("file").textContent = begun.name;
  at("file").title = begun.file;
  at("source").textContent = `on ${begun.source}${begun.task ? `, for the task ${begun.task}` : ""}`;
  for (const name of begun.classes) at("of").append(new Option(name, name));
  for (const [rows, copies] of SHAPES) at("shape").append(new Option(`${rows} × ${copies}`, `${rows}×${copies}`));
  at("shape").value = "6×4";
  knobs = new Knobs(at("knobs"), (changes) => view.dispatch({ changes }), reveal);
  view = editor(at("editor"), begun, (changes) => { knobs.map(changes); edited(); });
  for (const id of ["of", "shape", "only", "seed"]) at(id).addEventListener("change", look);
  at("dice").addEventListener("click", () => { at("seed").value = asked().seed + 1; look(); });
  at("fix").addEventListener("click", busy(at("fix"), fix));
  at("save").addEventListener("click", busy(at("save"), () => save()));
  at("command").addEventListener("click", busy(at("command"), command));
  at("load").addEventListener("click", busy(at("load"), async () => { await load(); at("conflict").close(); }));
  at("over").addEventListener("click", busy(at("over"), async () => { await save((await ask("open")).version); at("conflict").close(); }));
  at("leave").addEventListener("click", () => at("conflict").close());
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") { event.preventDefault(); at("save").click(); }
  });
  addEventListener("beforeunload", (event) => { if (doc() !== saved) event.preventDefault(); });
  edited();
}

begin().catch((error) => say(error.message, true));
