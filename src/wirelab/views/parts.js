// Parts that every view's front end uses. It is put before the view's own file, so it exports nothing.

/** Make an element: `make("p", {class: "x", onclick: f}, child, "text")`. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** The root of a view. JupyterLab's own shortcuts must not fire while a key is meant for the view. */
function makeRoot(name, label) {
  return make("div", {
    class: `wl-view wl-${name}`,
    role: "group",
    "aria-label": label,
    "data-lm-suppress-shortcuts": "true",
  });
}

/** The text alternative, folded, kept up to date. */
function makeAlternative(model, follow) {
  const words = make("pre");
  follow("alternative", () => (words.textContent = model.get("alternative")));
  return make("details", { class: "wl-alternative" }, make("summary", {}, "In words"), words);
}

/** A register of listeners on the model: `follow(trait, f)` calls f now and on every change. */
function makeFollow(model) {
  const kept = [];
  const follow = (trait, react) => {
    model.on(`change:${trait}`, react);
    kept.push([`change:${trait}`, react]);
    react();
  };
  follow.end = () => kept.forEach(([event, react]) => model.off(event, react));
  return follow;
}

/** A button whose focus survives being switched off. */
function makeButton(label, icon, hint, act) {
  const button = make("button", {
    type: "button",
    class: "wl-button",
    title: hint,
    onclick: () => button.getAttribute("aria-disabled") !== "true" && act(),
  });
  button.show = (text, shape) => {
    button.innerHTML = `<svg viewBox="0 0 12 12" aria-hidden="true"><path d="${shape}"/></svg>`;
    button.append(text);
  };
  button.enable = (on) => button.setAttribute("aria-disabled", on ? "false" : "true");
  button.show(label, icon);
  return button;
}

const STEP_SHAPES = {
  first: "M1 1h2v10H1zM11 1v10L4 6z",
  back: "M10 1v10L2 6z",
  next: "M2 1v10l8-5z",
  all: "M1 1v10l7-5zM9 1h2v10H9z",
  play: "M2 1v10l8-5z",
  pause: "M2 1h3v10H2zM7 1h3v10H7z",
};
const PLAY_STEP_MS = 1600;

/** Buttons and keys that move the trait `step` between 0 and `last()`; `root` hears the keys. */
function makeStepper(model, root, last, { first: toFirst, all: toAll }) {
  const where = make("span", { class: "wl-where" });
  let timer = null;
  const go = (step) => {
    model.set("step", Math.min(Math.max(step, 0), last()));
    model.save_changes();
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.show("Play", STEP_SHAPES.play);
  };
  const toggle = () => {
    if (timer) return stop();
    if (model.get("step") >= last()) go(0);
    play.show("Pause", STEP_SHAPES.pause);
    timer = setInterval(() => {
      go(model.get("step") + 1);
      if (model.get("step") >= last()) stop();
    }, PLAY_STEP_MS);
  };
  const byHand = (step) => () => {
    stop();
    go(step());
  };
  const moves = {
    first: byHand(() => 0),
    back: byHand(() => model.get("step") - 1),
    next: byHand(() => model.get("step") + 1),
    all: byHand(last),
  };
  const first = makeButton("First", STEP_SHAPES.first, `${toFirst} (Home)`, moves.first);
  const back = makeButton("Back", STEP_SHAPES.back, "One step back (left arrow key)", moves.back);
  const next = makeButton("Next", STEP_SHAPES.next, "One step on (right arrow key)", moves.next);
  const all = makeButton(toAll[0], STEP_SHAPES.all, `${toAll[1]} (End)`, moves.all);
  const play = makeButton("Play", STEP_SHAPES.play, "Play step by step (P)", toggle);

  const keys = {
    Home: moves.first,
    ArrowLeft: moves.back,
    ArrowRight: moves.next,
    End: moves.all,
    p: toggle,
  };
  root.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });

  const show = () => {
    const step = model.get("step");
    where.textContent = `Step ${step} of ${last()}`;
    first.enable(step > 0);
    back.enable(step > 0);
    next.enable(step < last());
    all.enable(step < last());
    play.enable(last() > 0);
  };
  return { bar: make("div", { class: "wl-bar" }, first, back, next, all, play, where), show, stop };
}
