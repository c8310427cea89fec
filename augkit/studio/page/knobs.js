// Sliders for the numbers of the steps. Each writes its numbers into the text, and nothing beside them.
import { make } from "./parts.js";

const STOPS = 1000;

// A slider's stops are even on its scale; what is written has few digits.
class Scale {
  constructor({ low, high, whole, scale }) {
    Object.assign(this, { low, high, whole });
    this.log = scale === "log";
    const rough = (high - low) / 200, power = 10 ** Math.floor(Math.log10(rough));
    this.step = whole ? 1 : power * (rough / power >= 5 ? 5 : rough / power >= 2 ? 2 : 1);
  }

  stop(value) {
    const share = this.log ? Math.log(value / this.low) / Math.log(this.high / this.low) : (value - this.low) / (this.high - this.low);
    return Math.round(STOPS * Math.min(Math.max(share, 0), 1));
  }

  value(stop) {
    if (!this.log) return this.rounded(this.low + (this.high - this.low) * stop / STOPS);
    return this.rounded(this.low * (this.high / this.low) ** (stop / STOPS));
  }

  rounded(value) {
    let near = this.log ? Number(value.toPrecision(2)) : Math.round(value / this.step) * this.step;
    if (this.whole) near = Math.round(near);
    return Number(Math.min(Math.max(near, this.low), this.high).toPrecision(6));
  }

  next(value, way) {
    if (!this.log) return this.rounded(value + way * this.step);
    const power = 10 ** (Math.floor(Math.log10(value) + (way > 0 ? 1e-9 : -1e-9)) - 1);
    return this.rounded(value + way * (this.whole ? Math.max(1, power) : power));
  }
}

export class Knobs {
  constructor(box, write, reveal) {
    Object.assign(this, { box, write, reveal, shown: [], plan: "" });
  }

  // Shows the knobs of the text as it is now; those there already keep their elements, and the focus.
  show(steps) {
    const plan = JSON.stringify(steps.map((step) => [step.path, step.knobs.map((knob) => [knob.name, knob.low, knob.high, knob.values.length])]));
    if (plan !== this.plan) {
      this.shown = steps.map((step) => this.step(step));
      this.box.replaceChildren(...this.shown.map((step) => step.box));
      if (!steps.length) this.box.append(make("p", "soft", "No step has numbers yet."));
      this.plan = plan;
    }
    steps.forEach((step, i) => {
      this.shown[i].at = step.at;
      step.knobs.forEach((knob, j) => this.shown[i].knobs[j].take(knob));
    });
    this.box.inert = false;
    this.box.style.opacity = "";
  }

  stop() {
    this.box.inert = true;
    this.box.style.opacity = ".5";
  }

  // Moves along with an edit of the text.
  map(changes) {
    for (const step of this.shown) {
      step.at = changes.mapPos(step.at);
      for (const knob of step.knobs) knob.map(changes);
    }
  }

  step(step) {
    const box = make("fieldset", "step"), legend = make("legend"), go = make("button", "", step.name);
    go.type = "button";
    go.title = "Show it in the text";
    legend.append(go);
    const knobs = step.knobs.map((knob) => new Knob(step.name, knob, this.write));
    box.append(legend, ...knobs.map((knob) => knob.box));
    const shown = { box, knobs, at: step.at };
    go.addEventListener("click", () => this.reveal(shown.at));
    return shown;
  }
}

class Knob {
  constructor(step, knob, write) {
    Object.assign(this, { name: knob.name, scale: new Scale(knob), write });
    this.box = make("div", "knob");
    this.box.title = knob.about;
    const slider = make("div", "slider"), values = make("div", "values");
    const words = knob.values.length > 1 ? ["lowest", "highest"] : [""];
    this.sliders = words.map((word, i) => {
      const input = make("input");
      input.type = "range";
      input.min = 0;
      input.max = STOPS;
      input.setAttribute("aria-label", `${step} ${knob.name} ${word}`.trim());
      input.addEventListener("input", () => this.put(i, this.scale.value(Number(input.value))));
      input.addEventListener("keydown", (event) => {
        const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
        if (!way) return;
        event.preventDefault();
        this.put(i, this.scale.next(this.values[i], way));
      });
      slider.append(input);
      return input;
    });
    this.numbers = words.map((word, i) => {
      const input = make("input");
      input.type = "number";
      input.step = "any";
      input.min = knob.low;
      input.max = knob.high;
      input.setAttribute("aria-label", `${step} ${knob.name} ${word} as a number`.replace("  ", " "));
      input.addEventListener("change", () => {
        const value = Number(input.value);
        if (input.value !== "" && value >= knob.low && value <= knob.high) this.put(i, this.scale.whole ? Math.round(value) : value);
        else this.paint();
      });
      values.append(input);
      return input;
    });
    this.slider = slider;
    this.box.append(make("span", "name", knob.name), slider, values);
  }

  take(knob) {
    Object.assign(this, { values: [...knob.values], ends: knob.ends, insert: knob.insert });
    this.box.classList.toggle("unwritten", !knob.ends);
    this.paint();
  }

  map(changes) {
    this.ends = this.ends?.map(([from, to]) => [changes.mapPos(from, -1), changes.mapPos(to, 1)]);
    if (this.insert) this.insert = { ...this.insert, from: changes.mapPos(this.insert.from, 1), to: changes.mapPos(this.insert.to, 1) };
  }

  // Sets one number; the other end gives way where it must.
  put(i, value) {
    const before = [...this.values];
    this.values[i] = value;
    if (this.values.length > 1 && this.values[0] > this.values[1]) this.values[1 - i] = value;
    const now = this.values.map(written);
    if (this.ends) {
      const changed = this.ends.map(([from, to], j) => ({ from, to, insert: now[j] })).filter((_, j) => this.values[j] !== before[j]);
      this.paint();
      if (changed.length) this.write(changed);
      return;
    }
    const { from, to, before: head, after } = this.insert;
    this.insert = undefined;
    this.write({ from, to, insert: head + now.join(", ") + after });
    let place = from + head.length;
    this.ends = now.map((word) => { const end = [place, place + word.length]; place += word.length + 2; return end; });
    this.box.classList.remove("unwritten");
    this.paint();
  }

  paint() {
    this.values.forEach((value, i) => {
      const stop = this.scale.stop(value);
      this.sliders[i].value = stop;
      this.sliders[i].setAttribute("aria-valuetext", written(value));
      if (document.activeElement !== this.numbers[i] || Number(this.numbers[i].value) !== value) this.numbers[i].value = written(value);
    });
    const [low, high] = this.values.length > 1 ? this.values : [this.scale.low, this.values[0]];
    this.slider.style.setProperty("--low", `${100 * this.scale.stop(low) / STOPS}%`);
    this.slider.style.setProperty("--high", `${100 * this.scale.stop(high) / STOPS}%`);
    // Where both ends meet at the top, the lower one must be the one that can be taken hold of.
    if (this.values.length > 1) this.sliders[0].style.zIndex = this.values[0] > (this.scale.low + this.scale.high) / 2 ? 3 : 1;
  }
}

const written = (value) => String(Number(value.toPrecision(6)));
