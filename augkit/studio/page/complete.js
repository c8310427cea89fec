// Completion and hovering, from the words of the JSON Schema: what may stand where the cursor is.

// Where a place in the text is: "top", "step", or "setting" of a step; with the key whose value it is, if any.
export function place(text, pos) {
  const lines = text.slice(0, pos).split("\n");
  const line = lines.pop();
  if (/(^|\s)#/.test(unquoted(line))) return null;
  const word = /[\w-]*$/.exec(line)[0];
  const before = line.slice(0, line.length - word.length);
  const flow = inBrackets(lines, before);
  if (flow) return { ...flow, word };
  const [, dashes, key] = /^(\s*(?:- )*)(?:([\w]+):\s+)?$/.exec(before) || [];
  if (dashes === undefined) return null;
  if (key) return { ...around(lines, dashes), key, word };
  return { ...around(lines, dashes), word };
}

const unquoted = (line) => line.replace(/"(\\.|[^"])*"|'[^']*'/g, "");

// Inside { } or [ ]: the step, from the key before the bracket.
function inBrackets(lines, before) {
  const whole = [...lines.slice(-20), before].map((line) => unquoted(line).replace(/(^|\s)#.*/, "")).join("\n");
  const open = [];
  for (let i = 0; i < whole.length; i++) {
    if (whole[i] === "{" || whole[i] === "[") open.push(i);
    if (whole[i] === "}" || whole[i] === "]") open.pop();
  }
  if (!open.length) return null;
  const names = open.map((at) => /([\w]+):\s*$/.exec(whole.slice(0, at))?.[1]);
  const at = open.at(-1), inner = whole.slice(at + 1);
  const key = /(?:^|,)\s*([\w]+):\s*$/.exec(inner)?.[1];
  if (!key && !/(?:^|,)\s*$/.test(inner)) return null;
  if (whole[at] === "{") {
    const step = names.at(-1);
    return step ? { kind: "setting", step, key } : { kind: open.length > 1 ? "step" : "top", key };
  }
  const list = names.at(-1);
  if (list === "steps" || list === "one_of" || list === undefined) return { kind: "step" };
  const outer = [...open.keys()].reverse().slice(1).map((i) => names[i]).find(Boolean);
  return outer ? { kind: "setting", step: outer, key: list } : null;
}

// In lines without brackets: what the lines above, indented less, belong to.
function around(lines, dashes) {
  const column = dashes.length, listed = dashes.includes("- ");
  if (!column) return { kind: "top" };
  if (listed) return { kind: "step" };
  for (let i = lines.length - 1; i >= 0; i--) {
    const found = /^(\s*(?:- )*)([\w]+):\s*(?:#.*)?$/.exec(lines[i]);
    if (found && found[1].length < column) return found[2] === "steps" ? { kind: "step" } : { kind: "setting", step: found[2] };
  }
  return { kind: "top" };
}

export const completions = (words) => (context) => {
  const here = place(context.state.doc.toString(), context.pos);
  if (!here || (!here.word && !context.explicit && !/[-{,[:] ?$/.test(context.state.sliceDoc(Math.max(0, context.pos - 2), context.pos)))) return null;
  const from = context.pos - here.word.length;
  const options = offered(words, here).map((one) => ({
    label: one.name, apply: one.apply, info: one.about || undefined, type: "keyword",
  }));
  return options.length ? { from, options, validFor: /^[\w-]*$/ } : null;
};

function offered(words, here) {
  const of = (list) => list.map((value) => ({ name: String(value), apply: String(value) }));
  if (here.kind === "top") {
    return here.key ? of(words.top.find((one) => one.name === here.key)?.values || []) : words.top;
  }
  if (here.kind === "step") return here.key ? [] : words.steps;
  const settings = words.steps.find((one) => one.name === here.step)?.settings || [];
  return here.key ? of(settings.find((one) => one.name === here.key)?.values || []) : settings;
}

export const hover = (words) => (view, pos) => {
  const line = view.state.doc.lineAt(pos);
  const before = /[\w-]*$/.exec(line.text.slice(0, pos - line.from))[0].length;
  const word = /^[\w-]*/.exec(line.text.slice(pos - line.from - before))[0];
  const here = word && place(view.state.doc.toString(), pos - before);
  const found = here && offered(words, { ...here, key: undefined }).find((one) => one.name === word);
  if (!found?.about) return null;
  return {
    pos: pos - before, end: pos - before + word.length, above: true,
    create: () => { const dom = document.createElement("div"); dom.textContent = found.about; return { dom }; },
  };
};
